// From a block of rows in memory to the layout that computes them, and back.
#pragma once

#include "kernels/pointwise.hpp"
#include "kernels/row.hpp"
#include "kernels/transpose.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// What a block knows of its rows before it reads them.
template <class T>
struct RowHeads {
  const T* weight;        // (n), 0 for rows that do not count; nullptr: all are 1
  const int64_t* labels;  // (n), all within range; nullptr: dense targets
};

template <class T>
RowHeads<T> stage_heads(const RowCall& call, int64_t begin, int n, T* weight, T* mask,
                        int64_t* labels, Partial& partial) {
  const T* w = stage_weight(call.rows, call.sample_weight, call.mask, begin, n, weight, mask);
  if (call.dense) return {w, nullptr};
  stage_labels(call.rows, call.y_true, begin, n, labels);
  bool all_count = !w;  // the common case, without a branch for each row
  for (int i = 0; i < n; ++i) {
    const bool ignored = call.has_ignore_label & (labels[i] == call.ignore_label);
    all_count &= (labels[i] >= 0) & (labels[i] < call.classes) & !ignored;
  }
  if (all_count) return {nullptr, labels};
  for (int i = 0; i < n; ++i) {
    weight[i] = w ? w[i] : T(1);
    const bool ignored = call.has_ignore_label && labels[i] == call.ignore_label;
    const bool valid = labels[i] >= 0 && labels[i] < call.classes;
    if (weight[i] != 0 && !ignored && !valid && partial.bad_labels++ == 0) {
      partial.first_bad_row = begin + i;
      partial.first_bad_label = labels[i];
    }
    if (ignored || !valid) weight[i] = 0, labels[i] = 0;
  }
  return {weight, labels};
}

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

template <class Loss, class V>
void rows_along(const Loss& loss, const RowCall& call, int64_t begin, int n,
                const RowHeads<typename V::Scalar>& heads, double* value,
                typename V::Scalar* scratch) {
  using T = typename V::Scalar;
  const int64_t padded = (call.classes + kRowGroup - 1) / kRowGroup * kRowGroup;
  const auto stage_row = [&](const Operand& x, int64_t row, T* to) -> const T* {
    if (!x) return nullptr;
    const int64_t offset = offset_of(call.rows, x, row);
    if (in_place<T>(x)) return (const T*)x.data + offset;
    gather_row(x, offset, call.classes, to);
    return to;
  };
  const bool direct = in_place<T>(call.grad);
  for (int i = 0; i < n; ++i) {
    const double w = heads.weight ? double(heads.weight[i]) : 1.0;
    const int64_t offset = call.grad ? offset_of(call.rows, call.grad, begin + i) : 0;
    T* const grad = !call.grad ? nullptr
                    : direct   ? (T*)call.grad.data + offset
                               : scratch + 3 * padded;
    if (w == 0) {
      value[i] = 0;
      if (grad)
        for (int64_t c = 0; c < call.classes; ++c) grad[c] = 0;
    } else {
      const RowOperands<T> row{
          stage_row(call.y_pred, begin + i, scratch + padded),
          call.dense ? stage_row(call.y_true, begin + i, scratch + 2 * padded) : nullptr,
          scratch,
          grad,
          1,
          1,
          (const T*)call.class_weight,
          call.classes,
          call.stream_grad && direct && can_stream<V>(grad)};
      const Along<V> layout{row, call.dense ? -1 : heads.labels[i], V(w * call.grad_scale)};
      value[i] = w * double(compute_rows(loss, layout).raw[0]);
    }
    if (grad && !direct) scatter_row(grad, call.classes, call.grad, offset);
  }
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

// n <= kRowGroup rows. Operands whose rows are not neighbours in memory are transposed in scratch.
template <class Loss, class V>
void rows_across(const Loss& loss, const RowCall& call, int64_t begin, int n,
                 const RowHeads<typename V::Scalar>& heads, double* value,
                 typename V::Scalar* scratch) {
  using T = typename V::Scalar;
  const int64_t area = call.classes * kRowGroup;
  T *const mass = scratch, *const y_pred = mass + area, *const y_true = y_pred + area;
  T* const grad = y_true + area;

  RowOperands<T> row{};
  row.classes = call.classes;
  row.class_weight = (const T*)call.class_weight;
  row.mass = mass;
  const RowPlaces predictions(call.rows, call.y_pred, begin, n);
  const bool read_direct = predictions.direct<T>();
  row.y_pred = read_direct ? (const T*)call.y_pred.data + predictions.at[0] : y_pred;
  row.y_pred_stride = read_direct ? call.y_pred.class_stride : kRowGroup;
  if (!read_direct) turn_in<V>(predictions, call.classes, grad, y_pred);
  if (call.dense) {
    turn_in<V>(RowPlaces(call.rows, call.y_true, begin, n), call.classes, grad, y_true);
    row.y_true = y_true;
  }
  const RowPlaces gradients(call.rows, call.grad ? call.grad : call.y_pred, begin, n);
  const bool write_direct = call.grad && gradients.direct<T>();
  if (call.grad) {
    row.grad = write_direct ? (T*)call.grad.data + gradients.at[0] : grad;
    row.grad_stride = write_direct ? call.grad.class_stride : kRowGroup;
  }

  const bool weighted = heads.weight || n < kRowGroup;
  T weight[kRowGroup], scaled[kRowGroup];
  if (weighted)
    for (int i = 0; i < kRowGroup; ++i) {
      weight[i] = i >= n ? T(0) : heads.weight ? heads.weight[i] : T(1);
      scaled[i] = T(double(weight[i]) * call.grad_scale);
    }
  typename V::Integer label[kRowGroup] = {};
  if (heads.labels)
    for (int i = 0; i < n; ++i) label[i] = typename V::Integer(heads.labels[i]);
  for (int i = 0; i < kRowGroup; i += V::kSize) {
    RowOperands<T> rows = row;
    rows.y_pred += i;
    rows.mass += i;
    if (call.dense) rows.y_true += i;
    if (call.grad) rows.grad += i;
    const V zero(0.0), w = weighted ? V::load(weight + i) : V(1.0);
    const Across<V> layout{rows, label + i, weighted ? V::load(scaled + i) : V(call.grad_scale)};
    T values[V::kSize];
    select(w == zero, zero, compute_rows(loss, layout) * w).store(values);
    for (int k = 0; k < V::kSize && i + k < n; ++k) value[i + k] = double(values[k]);
  }

  // y_pred is not needed any more.
  if (call.grad && !write_direct) turn_out<V>(grad, call.classes, y_pred, gradients);
}

template <class Loss, class T>
void row_block(const RowCall& call, int64_t block, void* scratch, Partial& partial) {
  using V = Native<T>;
  const Loss loss = make_loss<Loss>(call.params);
  const int64_t first = block * call.block;
  const int64_t last = first + call.block < call.rows.count ? first + call.block : call.rows.count;
  for (int64_t begin = first; begin < last; begin += kRowGroup) {
    const int n = last - begin < kRowGroup ? int(last - begin) : kRowGroup;
    T weight[kRowGroup], mask[kRowGroup];
    int64_t labels[kRowGroup];
    double value[kRowGroup];
    const auto heads = stage_heads<T>(call, begin, n, weight, mask, labels, partial);
    if (call.across)
      rows_across<Loss, V>(loss, call, begin, n, heads, value, (T*)scratch);
    else
      rows_along<Loss, V>(loss, call, begin, n, heads, value, (T*)scratch);
    double sum[4] = {};  // independent additions overlap
    for (int i = 0; i < n; ++i) sum[i % 4] += value[i];
    partial.loss += (sum[0] + sum[1]) + (sum[2] + sum[3]);
    if (call.loss)
      for (int i = 0; i < n; ++i) write<T>(call.loss.data, begin + i, T(value[i]));
  }
  if (call.stream_grad) stream_fence();
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
