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

// ... or so that registers are converted from and to them.
template <class T>
FL_INLINE bool is_converted(const Operand& x) {
  return x && x.class_stride == 1 && x.dtype != kDtype<T> && is_column<T>(x.dtype);
}

template <class T>
void gather_row(const Operand& x, int64_t offset, int64_t classes, T* to) {
  for (int64_t c = 0; c < classes; c += kChunk)
    gather(x.dtype, x.data, offset + c * x.class_stride, x.class_stride,
           classes - c < kChunk ? int(classes - c) : kChunk, to + c);
}

// n <= kChunk numbers to where they belong. streams: past the caches, if they are neighbours there.
// Narrower ones are put together in the L1 cache first, as their registers need not be aligned.
template <class T>
void scatter_run(const T* from, int n, const Operand& x, int64_t offset, int64_t stride,
                 bool streams) {
  if (!streams || stride != 1) return scatter(from, n, x.dtype, x.data, offset, stride);
  T narrowed[kChunk];
  const bool narrows = x.dtype != kDtype<T>;
  if (narrows) scatter(from, n, x.dtype, (char*)narrowed, 0, 1);
  const int64_t item = item_size(x.dtype);
  stream_copy(x.data + offset * item, (const char*)(narrows ? narrowed : from), n * item);
}

template <class T>
void scatter_row(const T* from, int64_t classes, const Operand& x, int64_t offset, bool streams) {
  for (int64_t c = 0; c < classes; c += kChunk)
    scatter_run(from + c, classes - c < kChunk ? int(classes - c) : kChunk, x,
                offset + c * x.class_stride, x.class_stride, streams);
}

// Rows whose classes are neighbours, from `begin`, as numbers of type T: where they lie, or in
// scratch.
template <class T>
struct RowsInMemory {
  const RowCall& call;
  const Operand& x;
  int64_t begin;
  int n;

  // Whether each row is as far from the next.
  bool even() const { return call.rows.ndim <= 1; }
  int64_t stride() const { return inner_stride(call.rows, x); }
  bool packed() const { return even() && stride() == call.classes; }
  bool used_in_place() const { return even() && in_place<T>(x); }
  int64_t offset(int i) const {
    return even() ? (begin + i) * stride() : offset_of(call.rows, x, begin + i);
  }

  void read_into(T* scratch) const {
    const int64_t classes = call.classes;
    if (packed()) return gather_row(x, offset(0), n * classes, scratch);
    for (int i = 0; i < n; ++i) gather_row(x, offset(i), classes, scratch + i * classes);
  }
  void write_from(const T* scratch) const {
    const int64_t classes = call.classes;
    if (packed()) return scatter_row(scratch, n * classes, x, offset(0), call.stream_grad);
    for (int i = 0; i < n; ++i) scatter_row(scratch + i * classes, classes, x, offset(i), false);
  }
};

// n rows of an operand from `begin`, turned: to has `pitch` numbers for each class, one a row, and
// 0 for rows up to the next multiple of kRowGroup. rowwise: scratch for as many classes.
template <class V, class T = typename V::Scalar>
void turn_in(const RowCall& call, const Operand& x, int64_t begin, int n, int64_t pitch, T* rowwise,
             T* to) {
  const int64_t classes = call.classes;
  if (x.class_stride == 1 && n <= kRowGroup) {
    const RowsInMemory<T> rows{call, x, begin, n};
    if (rows.used_in_place())
      return transpose_in<V>((const T*)x.data + rows.offset(0), rows.stride(), n, classes, to,
                             pitch);
    rows.read_into(rowwise);
    return transpose_in<V>((const T*)rowwise, classes, n, classes, to, pitch);
  }
  const int padded = (n + kRowGroup - 1) / kRowGroup * kRowGroup;
  for (int64_t c = 0; c < classes; ++c) {
    T* const column = to + c * pitch;
    each_run(call.rows, x, begin, n, [&](int done, int64_t offset, int length) {
      gather(x.dtype, x.data, offset + c * x.class_stride, inner_stride(call.rows, x), length,
             column + done);
    });
    for (int i = n; i < padded; ++i) column[i] = 0;
  }
}

// The way back of turn_in.
template <class V, class T = typename V::Scalar>
void turn_out(const T* from, int64_t begin, int n, int64_t pitch, T* rowwise, const RowCall& call,
              const Operand& x) {
  const int64_t classes = call.classes;
  if (x.class_stride == 1 && n <= kRowGroup) {
    const RowsInMemory<T> rows{call, x, begin, n};
    if (rows.used_in_place() && !(call.stream_grad && rows.packed()))
      return transpose_out<V>(from, pitch, n, classes, (T*)x.data + rows.offset(0), rows.stride());
    transpose_out<V>(from, pitch, n, classes, rowwise, classes);
    return rows.write_from(rowwise);
  }
  const int64_t stride = inner_stride(call.rows, x);
  for (int64_t c = 0; c < classes; ++c)
    each_run(call.rows, x, begin, n, [&](int done, int64_t offset, int length) {
      scatter_run(from + c * pitch + done, length, x, offset + c * x.class_stride, stride,
                  call.stream_grad);
    });
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
