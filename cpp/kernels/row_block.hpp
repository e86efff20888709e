// From a block of rows in memory to the layout that computes them, and back.
#pragma once

#include "kernels/pointwise.hpp"
#include "kernels/row.hpp"
#include "kernels/row_places.hpp"

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
  bool all_count = !w;             // the common case, without a branch for each row
  if (!call.labels_are_classes) {  // numbers, kept to what every type that computes can hold
    constexpr int64_t kLargest = int64_t(1) << 24;
    for (int i = 0; i < n; ++i)
      labels[i] = labels[i] > kLargest ? kLargest : labels[i] < -kLargest ? -kLargest : labels[i];
    return {w, labels};
  }
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

// Writes what was found of a row.
template <class T, class V>
void put_found(const RowStatistics& to, int64_t row, const Found<V>& found, int lane) {
  const auto put = [&](char* data, V v) {
    if (data) write<T>(data, row, v.raw[lane]);
  };
  put(to.log_sum_exp, found.log_sum_exp);
  put(to.label_log_prob, found.label_log_prob);
  put(to.entropy, found.entropy);
  if (to.argmax) to.argmax[row] = found.argmax[lane];
}

// ... of one that does not count.
template <class T>
void put_nothing_found(const RowStatistics& to, int64_t row) {
  char* const numbers[] = {to.log_sum_exp, to.label_log_prob, to.entropy};
  for (char* data : numbers)
    if (data) write<T>(data, row, T(0));
  if (to.argmax) to.argmax[row] = -1;
}

template <class Loss, class V>
void rows_along(const Loss& loss, const RowCall& call, int64_t begin, int n,
                const RowHeads<typename V::Scalar>& heads, double* value,
                typename V::Scalar* scratch) {
  using T = typename V::Scalar;
  constexpr int kPredictions = predictions_of<Loss>();
  const bool wants_statistics = has_statistics<Loss>() && bool(call.statistics);
  const int64_t padded = (call.classes + kRowGroup - 1) / kRowGroup * kRowGroup;
  T *const y_true = scratch + padded, *const x = y_true + padded;
  T* const grad = x + kPredictions * padded;
  const auto stage_row = [&](const Operand& x, int64_t row, T* to) -> const T* {
    if (!x) return nullptr;
    const int64_t offset = offset_of(call.rows, x, row);
    if (in_place<T>(x)) return (const T*)x.data + offset;
    gather_row(x, offset, call.classes, to);
    return to;
  };
  for (int i = 0; i < n; ++i) {
    const double w = heads.weight ? double(heads.weight[i]) : 1.0;
    RowOperands<T> row{};  // made anew for each row, so that it stays in registers
    int64_t offset[kPredictions];
    for (int k = 0; k < kPredictions; ++k) {
      const Operand& to = call.grad[k];
      offset[k] = to ? offset_of(call.rows, to, begin + i) : 0;
      row.grad[k] = !to ? nullptr : in_place<T>(to) ? (T*)to.data + offset[k] : grad + k * padded;
    }
    if (w == 0) {
      value[i] = 0;
      if (wants_statistics) put_nothing_found<T>(call.statistics, begin + i);
      for (int k = 0; k < kPredictions; ++k)
        if (row.grad[k]) memset(row.grad[k], 0, size_t(call.classes) * sizeof(T));
    } else {
      row.mass = scratch;
      row.class_weight = (const T*)call.class_weight;
      row.classes = call.classes;
      for (int k = 0; k < kPredictions; ++k)
        row.x[k] = stage_row(call.x[k], begin + i, x + k * padded);
      if (call.dense) row.y_true = stage_row(call.y_true, begin + i, y_true);
      // Several gradients may be aligned differently, and would not stream better together.
      row.stream_grad = kPredictions == 1 && call.stream_grad && in_place<T>(call.grad[0]) &&
                        can_stream<V>(row.grad[0]);
      const Along<V> layout{row, call.dense ? -1 : heads.labels[i], V(w * call.grad_scale)};
      Found<V> found{};
      value[i] = w * double(compute_rows(loss, layout, wants_statistics ? &found : nullptr).raw[0]);
      if (wants_statistics) put_found<T>(call.statistics, begin + i, found, 0);
    }
    for (int k = 0; k < kPredictions; ++k)
      if (row.grad[k] && !in_place<T>(call.grad[k]))
        scatter_row(row.grad[k], call.classes, call.grad[k], offset[k]);
  }
}

// n <= kRowGroup rows. Operands whose rows are not neighbours in memory are transposed in scratch.
template <class Loss, class V>
void rows_across(const Loss& loss, const RowCall& call, int64_t begin, int n,
                 const RowHeads<typename V::Scalar>& heads, double* value,
                 typename V::Scalar* scratch) {
  using T = typename V::Scalar;
  constexpr int kPredictions = predictions_of<Loss>();
  const bool wants_statistics = has_statistics<Loss>() && bool(call.statistics);
  const int64_t area = call.classes * kRowGroup;
  T *const mass = scratch, *const y_true = mass + area, *const x = y_true + area;
  T* const grad = x + kPredictions * area;

  RowOperands<T> row{};
  row.classes = call.classes;
  row.class_weight = (const T*)call.class_weight;
  row.mass = mass;
  for (int k = 0; k < kPredictions; ++k) {
    const RowPlaces places(call.rows, call.x[k], begin, n);
    const bool direct = places.direct<T>();
    T* const turned = x + k * area;
    row.x[k] = direct ? (const T*)call.x[k].data + places.at[0] : turned;
    row.x_stride[k] = direct ? call.x[k].class_stride : kRowGroup;
    if (!direct) turn_in<V>(places, call.classes, grad, turned);
  }
  if (call.dense && call.y_true) {
    turn_in<V>(RowPlaces(call.rows, call.y_true, begin, n), call.classes, grad, y_true);
    row.y_true = y_true;
  }
  bool write_direct[kPredictions] = {};
  for (int k = 0; k < kPredictions; ++k) {
    const Operand& to = call.grad[k];
    if (!to) continue;
    const RowPlaces places(call.rows, to, begin, n);
    write_direct[k] = places.direct<T>();
    row.grad[k] = write_direct[k] ? (T*)to.data + places.at[0] : grad + k * area;
    row.grad_stride[k] = write_direct[k] ? to.class_stride : kRowGroup;
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
    rows.mass += i;
    if (rows.y_true) rows.y_true += i;
    for (int k = 0; k < kPredictions; ++k) {
      rows.x[k] += i;
      if (rows.grad[k]) rows.grad[k] += i;
    }
    const V zero(0.0), w = weighted ? V::load(weight + i) : V(1.0);
    const Across<V> layout{rows, label + i, w, weighted ? V::load(scaled + i) : V(call.grad_scale)};
    T values[V::kSize];
    Found<V> found{};
    const V computed = compute_rows(loss, layout, wants_statistics ? &found : nullptr);
    select(w == zero, zero, computed * w).store(values);
    for (int k = 0; k < V::kSize && i + k < n; ++k) {
      value[i + k] = double(values[k]);
      if (!wants_statistics) continue;
      if (w.raw[k] == 0)
        put_nothing_found<T>(call.statistics, begin + i + k);
      else
        put_found<T>(call.statistics, begin + i + k, found, k);
    }
  }

  // y_pred is not needed any more.
  for (int k = 0; k < kPredictions; ++k)
    if (call.grad[k] && !write_direct[k])
      turn_out<V>(grad + k * area, call.classes, x, RowPlaces(call.rows, call.grad[k], begin, n));
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
