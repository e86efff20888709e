// The kernel of every row loss: any dtypes, any strides, rows of any length.
#pragma once

#include "cuda/row_heads.hpp"
#include "cuda/team_row.hpp"
#include "kernels/make_loss.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

template <class T>
FL_DEVICE void put_found(const RowStatistics& to, int64_t row, const Found<Vec<T, 1>>& found) {
  if (to.log_sum_exp) ((T*)to.log_sum_exp)[row] = found.log_sum_exp.raw;
  if (to.label_log_prob) ((T*)to.label_log_prob)[row] = found.label_log_prob.raw;
  if (to.entropy) ((T*)to.entropy)[row] = found.entropy.raw;
  to.argmax.put(row, found.argmax[0]);
}

template <class T, class Loss>
FL_DEVICE void compute_row(const Loss& loss, const RowWork& work, RowTeam& team, double scale,
                           int64_t team_index, int64_t row) {
  const RowCall& call = work.call;
  using V = Vec<T, 1>;
  constexpr int kPredictions = predictions_of<Loss>();
  TeamRow<T, kPredictions> layout{{team, call, int(call.classes)}};
  FL_UNROLL(kMaxPredictions)
  for (int k = 0; k < kPredictions; ++k) {
    layout.x_[k] = entries_of(work.rows, call.x[k], row);
    layout.grad[k] = entries_of(work.rows, call.grad[k], row);
  }
  layout.before = entries_before(layout.x_[0]);

  const RowHead<T> head = read_head<T>(work, row);
  T value = head.instead;
  if (head.counts) {
    layout.weight = V(double(head.weight) * scale);
    layout.label = head.label;
    if (call.dense) layout.y_true = entries_of(work.rows, call.y_true, row);
    if constexpr (is_over_pairs<Loss>()) layout.mass = (T*)work.masses + team_index * call.classes;
    Found<V> found{};
    const bool wants_statistics = has_statistics<Loss>() && bool(call.statistics);
    const V loss_of_row = compute_rows(loss, layout, wants_statistics ? &found : nullptr);
    value = head.weight * loss_of_row.raw;
    if constexpr (has_statistics<Loss>())
      if (team.rank() == 0) put_found<T>(call.statistics, row, found);
  } else {
    layout.fill_gradients(head.instead);
    if constexpr (has_statistics<Loss>()) {
      const V instead = V::of(head.instead);
      if (team.rank() == 0) put_found<T>(call.statistics, row, {instead, instead, instead, {-1}});
    }
  }
  if (team.rank() == 0) ((T*)work.values)[row] = value;
}

// Each team takes every row that is as many rows from the last one as there are teams.
template <class Loss, class T>
FL_KERNEL(most_row_threads(sizeof(T) == 8), 1)
row_kernel(const FL_GRID_CONSTANT RowWork work) {
  RowTeam team(work.lanes);
  const Loss loss = make_loss<Loss>(work.call.params);
  const double scale = wait_for_scales(work.scales).grad;
  const int teams = block_size() / work.lanes;
  const int64_t index = int64_t(block_index()) * teams + thread_index() / work.lanes;
  const int64_t step = int64_t(block_count()) * teams;
  for (int64_t row = index; row < work.call.rows.count; row += step)
    compute_row<T>(loss, work, team, scale, index, row);
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
