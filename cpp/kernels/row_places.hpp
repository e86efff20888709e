// Where rows lie in memory, and how they get from there into the order they are computed in.
#pragma once

#include "kernels/convert.hpp"
#include "kernels/transpose.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Whether the classes of a row lie as they are computed with.
template <class T>
FL_INLINE bool in_place(const Operand& x) {
  return x && x.class_stride == 1 && x.dtype == kDtype<T>;
}

template <class T>
void gather_row(const Operand& x, int64_t offset, int64_t classes, T* to) {
  for (int64_t c = 0; c < classes; c += kChunk)
    gather(x.dtype, x.data, offset + c * x.class_stride, x.class_stride,
           classes - c < kChunk ? int(classes - c) : kChunk, to + c);
}

template <class T>
void scatter_row(const T* from, int64_t classes, const Operand& x, int64_t offset) {
  for (int64_t c = 0; c < classes; c += kChunk)
    scatter(from + c, classes - c < kChunk ? int(classes - c) : kChunk, x.dtype, x.data,
            offset + c * x.class_stride, x.class_stride);
}

// Where n <= kRowGroup rows of an operand lie.
struct RowPlaces {
  const Operand& x;
  int n;
  int64_t at[kRowGroup];
  bool neighbours = true;  // row after row, so that a class is a run of memory

  RowPlaces(const Space& rows, const Operand& x, int64_t begin, int n) : x(x), n(n) {
    if (rows.ndim <= 1) {
      const int64_t stride = inner_stride(rows, x);
      for (int i = 0; i < n; ++i) at[i] = (begin + i) * stride;
      neighbours = stride == 1;
      return;
    }
    for (int i = 0; i < n; ++i) {
      at[i] = offset_of(rows, x, begin + i);
      neighbours &= at[i] == at[0] + i;
    }
  }
  // Whether registers can be filled where the rows lie.
  template <class T>
  bool direct() const {
    return neighbours && n == kRowGroup && x.dtype == kDtype<T>;
  }
};

// to: (classes, kRowGroup); rowwise: (kRowGroup, classes), scratch.
template <class V, class T = typename V::Scalar>
void turn_in(const RowPlaces& rows, int64_t classes, T* rowwise, T* to) {
  const Operand& x = rows.x;
  if (rows.neighbours) {
    for (int64_t c = 0; c < classes; ++c) {
      T* const column = to + c * kRowGroup;
      gather(x.dtype, x.data, rows.at[0] + c * x.class_stride, 1, rows.n, column);
      for (int i = rows.n; i < kRowGroup; ++i) column[i] = 0;
    }
    return;
  }
  const T* row[kRowGroup];
  for (int i = 0; i < rows.n; ++i) {
    row[i] = in_place<T>(x) ? (const T*)x.data + rows.at[i] : rowwise + i * classes;
    if (!in_place<T>(x)) gather_row(x, rows.at[i], classes, rowwise + i * classes);
  }
  transpose_in<V>(row, rows.n, classes, kRowGroup, to);
}

// The way back of turn_in.
template <class V, class T = typename V::Scalar>
void turn_out(const T* from, int64_t classes, T* rowwise, const RowPlaces& rows) {
  const Operand& x = rows.x;
  if (rows.neighbours) {
    for (int64_t c = 0; c < classes; ++c)
      scatter(from + c * kRowGroup, rows.n, x.dtype, x.data, rows.at[0] + c * x.class_stride, 1);
    return;
  }
  T* row[kRowGroup];
  for (int i = 0; i < rows.n; ++i)
    row[i] = in_place<T>(x) ? (T*)x.data + rows.at[i] : rowwise + i * classes;
  transpose_out<V>(from, rows.n, classes, kRowGroup, row);
  if (in_place<T>(x)) return;
  for (int i = 0; i < rows.n; ++i) scatter_row(row[i], classes, x, rows.at[i]);
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
