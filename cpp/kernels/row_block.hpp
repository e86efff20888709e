// From a block of rows in memory to the layout that computes them, and back.
#pragma once

#include "kernels/pointwise.hpp"
#include "kernels/row.hpp"
#include "kernels/row_across.hpp"
#include "kernels/row_along.hpp"
#include "kernels/row_places.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// What a block knows of its rows before it reads them.
template <class T>
struct RowHeads {
  const T* weight;        // (n), 0 for rows that do not count; nullptr: all are 1
  const int64_t* labels;  // (n), all within range, and 0 to a multiple of kRowGroup; nullptr: dense
};

template <class T>
RowHeads<T> stage_heads(const RowCall& call, int64_t begin, int n, T* weight, T* mask,
                        int64_t* labels, Partial& partial) {
  const T* w = stage_weight(call.rows, call.sample_weight, call.mask, begin, n, weight, mask);
  if (call.dense) return {w, nullptr};
  stage_labels(call.rows, call.y_true, begin, n, labels);
  for (int i = n; i % kRowGroup; ++i) labels[i] = 0;
  if (!call.labels_are_classes) {  // numbers, kept to what every type that computes can hold
    constexpr int64_t kLargest = int64_t(1) << 24;
    for (int i = 0; i < n; ++i)
      labels[i] = labels[i] > kLargest ? kLargest : labels[i] < -kLargest ? -kLargest : labels[i];
    return {w, labels};
  }
  // The common case, without a branch for each row: the sign bit tells who lies outside.
  uint64_t outside = 0, ignored = 0;
  for (int i = 0; i < n; ++i) {
    const uint64_t label = uint64_t(labels[i]);
    outside |= label | (uint64_t(call.classes - 1) - label);
    ignored |= uint64_t(label == uint64_t(call.ignore_label));
  }
  const bool all_count = !w && int64_t(outside) >= 0 && !(call.has_ignore_label && ignored);
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
  to.argmax.put(row, found.argmax[lane]);
}

// ... of one that does not count.
template <class T>
void put_nothing_found(const RowStatistics& to, int64_t row) {
  char* const numbers[] = {to.log_sum_exp, to.label_log_prob, to.entropy};
  for (char* data : numbers)
    if (data) write<T>(data, row, T(0));
  to.argmax.put(row, -1);
}

// Mixed: operands are used as they lie also where registers have to be converted.
template <class Loss, class V, bool Mixed>
void rows_along(const Loss& loss, const RowCall& call, int64_t begin, int n,
                const RowHeads<typename V::Scalar>& heads, typename V::Scalar* value,
                typename V::Scalar* scratch) {
  using T = typename V::Scalar;
  constexpr int kPredictions = predictions_of<Loss>();
  const bool wants_statistics = has_statistics<Loss>() && bool(call.statistics);
  const int64_t pitch = padded_classes(call.classes);
  const int together = rows_together(pitch, V::kSize);
  T *const y_true = scratch + together * pitch, *const x = y_true + together * pitch;
  T* const grad = x + kPredictions * together * pitch;
  using Numbers = Cells<V, Mixed>;
  const auto used_in_place = [](const Operand& x) {
    return in_place<T>(x) || (Mixed && is_converted<T>(x));
  };
  const auto place = [&](const Operand& x, int64_t offset, T* to) -> Numbers {
    if (used_in_place(x)) return {x.data + offset * item_size(x.dtype), x.dtype};
    return {(char*)to};
  };
  const auto stage_row = [&](const Operand& x, int64_t offset, T* to) {
    if (!used_in_place(x)) gather_row(x, offset, call.classes, to);
    return place(x, offset, to);
  };

  Along<V, kPredictions, Mixed> group;
  group.classes = call.classes;
  group.class_weight = (const T*)call.class_weight;
  group.masses = scratch;
  group.pitch = pitch;
  const int64_t item = item_size(call.x[0].dtype);
  group.ahead_stride = call.x[0].class_stride * item;
  group.ahead = inner_stride(call.rows, call.x[0]) * together * item;
  // Several gradients may be aligned differently, and would not stream better together.
  group.grad_item = used_in_place(call.grad[0]) ? item_size(call.grad[0].dtype) : sizeof(T);
  group.stream_grad = kPredictions == 1 && call.stream_grad && used_in_place(call.grad[0]) &&
                      (uintptr_t)call.grad[0].data % group.grad_item == 0;
  int row[V::kSize];
  T weight[V::kSize] = {};
  const auto compute = [&] {
    group.weight = V::load(weight);
    Found<V> found{};
    const V computed = compute_rows(loss, group, wants_statistics ? &found : nullptr);
    for (int k = 0; k < group.count; ++k) {
      const int i = row[k];
      value[i] = (heads.weight ? heads.weight[i] : T(1)) * computed.raw[k];
      if (wants_statistics) put_found<T>(call.statistics, begin + i, found, k);
      for (int p = 0; p < kPredictions; ++p)
        if (call.grad[p] && !used_in_place(call.grad[p]))
          scatter_row((const T*)group.grads[p][k].data, call.classes, call.grad[p],
                      offset_of(call.rows, call.grad[p], begin + i), call.stream_grad);
    }
    group.count = 0;
  };
  for (int i = 0; i < n; ++i) {
    const double w = heads.weight ? double(heads.weight[i]) : 1.0;
    const int k = group.count;
    Numbers grads[kPredictions];
    int64_t offset[kPredictions];
    for (int p = 0; p < kPredictions; ++p) {
      const Operand& to = call.grad[p];
      offset[p] = to ? offset_of(call.rows, to, begin + i) : 0;
      grads[p] = to ? place(to, offset[p], grad + (p * together + k) * pitch) : Numbers{};
    }
    if (w == 0) {
      value[i] = 0;
      if (wants_statistics) put_nothing_found<T>(call.statistics, begin + i);
      for (int p = 0; p < kPredictions; ++p) {
        if (!grads[p]) continue;
        memset(grads[p].data, 0, size_t(call.classes * item_size(grads[p].dtype)));
        if (!used_in_place(call.grad[p]))
          scatter_row((const T*)grads[p].data, call.classes, call.grad[p], offset[p], false);
      }
      continue;
    }
    row[k] = i;
    weight[k] = T(w * call.grad_scale);
    group.labels[k] = heads.labels ? heads.labels[i] : -1;
    for (int p = 0; p < kPredictions; ++p) {
      const int64_t from = offset_of(call.rows, call.x[p], begin + i);
      group.grads[p][k] = grads[p];
      group.xs[p][k] = stage_row(call.x[p], from, x + (p * together + k) * pitch);
      if (p == 0) group.raw[k] = call.x[0].data + from * item;
    }
    group.y_trues[k] = {};
    if (call.dense && call.y_true)
      group.y_trues[k] =
          stage_row(call.y_true, offset_of(call.rows, call.y_true, begin + i), y_true + k * pitch);
    if (++group.count == together) compute();
  }
  if (group.count) compute();
}

// V::kSize labels as the integers that a register compares with.
template <class V>
FL_INLINE typename V::Bits narrow_labels(const int64_t* labels) {
  typename VectorOf<int64_t, V::kSize>::type wide;
  memcpy(&wide, labels, sizeof wide);
  return __builtin_convertvector(wide, typename V::Bits);
}

// n <= call.group rows, brought into scratch with the classes apart by a pitch.
template <class Loss, class V>
void rows_across(const Loss& loss, const RowCall& call, int64_t begin, int n,
                 const RowHeads<typename V::Scalar>& heads, typename V::Scalar* value,
                 typename V::Scalar* scratch) {
  using T = typename V::Scalar;
  constexpr int kPredictions = predictions_of<Loss>();
  const bool wants_statistics = has_statistics<Loss>() && bool(call.statistics);
  const int64_t pitch = row_pitch(call.group), area = call.classes * pitch;
  T *const mass = scratch, *const y_true = mass + area, *const x = y_true + area;
  T* const grad = x + kPredictions * area;

  Across<V, kPredictions> all{};
  all.classes = call.classes;
  all.pitch = pitch;
  all.class_weight = (const T*)call.class_weight;
  for (int k = 0; k < kPredictions; ++k)
    turn_in<V>(call, call.x[k], begin, n, pitch, grad, x + k * area);
  const bool dense = call.dense && call.y_true;
  if (dense) turn_in<V>(call, call.y_true, begin, n, pitch, grad, y_true);

  const bool weighted = heads.weight || n % kRowGroup;
  for (int i = 0; i < n; i += V::kSize) {
    all.mass = mass + i;
    all.y_true = dense ? y_true + i : nullptr;
    for (int k = 0; k < kPredictions; ++k) {
      all.x_[k] = x + k * area + i;
      all.grad[k] = call.grad[k] ? grad + k * area + i : nullptr;
    }
    all.row_weight = V(1.0);
    all.weight = V(call.grad_scale);
    if (weighted) {
      T weight[V::kSize], scaled[V::kSize];
      for (int k = 0; k < V::kSize; ++k) {
        weight[k] = i + k >= n ? T(0) : heads.weight ? heads.weight[i + k] : T(1);
        scaled[k] = T(double(weight[k]) * call.grad_scale);
      }
      all.row_weight = V::load(weight);
      all.weight = V::load(scaled);
    }
    if (heads.labels) all.labels = narrow_labels<V>(heads.labels + i);
    const V zero(0.0);
    Found<V> found{};
    const V computed = compute_rows(loss, all, wants_statistics ? &found : nullptr);
    select(all.row_weight == zero, zero, computed * all.row_weight).store(value + i);
    for (int k = 0; wants_statistics && k < V::kSize && i + k < n; ++k) {
      if (all.row_weight.raw[k] == 0)
        put_nothing_found<T>(call.statistics, begin + i + k);
      else
        put_found<T>(call.statistics, begin + i + k, found, k);
    }
  }

  // y_pred is not needed any more.
  for (int k = 0; k < kPredictions; ++k)
    if (call.grad[k]) turn_out<V>(grad + k * area, begin, n, pitch, x, call, call.grad[k]);
}

// The sum of kRowGroup numbers, in lanes, as many on every instruction set.
template <class T>
double sum_in_double(const T* value) {
  constexpr int kSize = 8;
  typename VectorOf<double, kSize>::type sum{};
  for (int i = 0; i < kRowGroup; i += kSize) {
    typename VectorOf<T, kSize>::type v;
    memcpy(&v, value + i, sizeof v);
    sum += __builtin_convertvector(v, typename VectorOf<double, kSize>::type);
  }
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

// Groups of rows may reach from block to block, but sums over rows run over kRowGroup of them at
// most and are added up block by block: they do not depend on the group, nor on who computes it.
template <class Loss, class T>
void row_blocks(const RowCall& call, int64_t begin_block, int64_t end_block, void* scratch,
                Partial* partials) {
  using V = Native<T>;
  const Loss loss = make_loss<Loss>(call.params);
  const int64_t end = end_block * call.block;
  const int64_t last = end < call.rows.count ? end : call.rows.count;
  const bool converts = is_converted<T>(call.x[0]) || (call.dense && is_converted<T>(call.y_true));
  for (int64_t begin = begin_block * call.block; begin < last;) {
    // Where lanes run along the rows, a block need not be a multiple of kRowGroup.
    const int64_t left = (call.across ? last : (begin / call.block + 1) * call.block) - begin;
    const int64_t until = left < last - begin ? left : last - begin;
    const int n = until < call.group ? int(until) : int(call.group);
    T weight[kMaxRowGroup], mask[kMaxRowGroup];
    int64_t labels[kMaxRowGroup];
    T value[kMaxRowGroup];
    const auto heads =
        stage_heads<T>(call, begin, n, weight, mask, labels, partials[begin / call.block]);
    if (call.across)
      rows_across<Loss, V>(loss, call, begin, n, heads, value, (T*)scratch);
    else if (kConverts<BFloat16, T> && converts)
      rows_along<Loss, V, kConverts<BFloat16, T>>(loss, call, begin, n, heads, value, (T*)scratch);
    else
      rows_along<Loss, V, false>(loss, call, begin, n, heads, value, (T*)scratch);
    for (int i = n; i % kRowGroup; ++i) value[i] = 0;
    for (int i = 0; i < n; i += kRowGroup)
      partials[(begin + i) / call.block].loss += sum_in_double(value + i);
    if (call.loss)
      for (int i = 0; i < n; ++i) write<T>(call.loss.data, begin + i, value[i]);
    begin += n;
  }
  if (call.stream_grad) stream_fence();
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
