// The kernels of cross-entropy of logits with integer labels, where the classes of a row are
// neighbours in memory. All but the last hold what they have read until its gradient is written.
#pragma once

#include "cuda/packed_row.hpp"
#include "cuda/quick_softmax.hpp"
#include "cuda/row_heads.hpp"
#include "cuda/tile_row.hpp"
#include "losses/categorical_crossentropy.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Instructions for each logit, value and gradient, on an H200: of 16 bits 20, where memory leaves
// time for 27; with the exponential of math.hpp it would be 50. Of 32 bits 55, where it leaves 54.
template <class S>
struct LinkOf {
  using type = QuickSoftmax;
};
template <>
struct LinkOf<float> {
  using type = HeldSoftmax;
};

// The loss of a row, and its gradient, times a scale. The logits are still on their way. Smoothed:
// there may be label smoothing.
template <class S, bool Smoothed, class Row>
FL_DEVICE void compute_crossentropy(const RowWork& work, double scale, int64_t index, Row& row) {
  using V = Vec<float, 1>;
  const RowHead<float> head = read_head<float>(work, index);
  float value = head.instead;
  if (head.counts) {
    const losses::CategoricalCrossentropy<typename LinkOf<S>::type> loss{
        Smoothed ? work.call.params[0] : 0.0};
    row.label = head.label;
    row.weight = V(double(head.weight) * scale);
    value = head.weight * compute_classes(loss, row, (Found<V>*)nullptr).raw;
  } else if (row.wants_grad()) {
    row.fill_gradient(head.instead);
  }
  if (row.team.rank() == 0) ((float*)work.values)[index] = value;
}

template <class S>
FL_DEVICE RowParts<S> parts_of(const RowWork& work, int64_t row) {
  const Operand &x = work.call.x[0], &grad = work.call.grad[0];
  const auto begin = [&](const Operand& of) {
    return (S*)of.data + run_at(work.rows, of, row).offset;
  };
  return {begin(x), grad ? begin(grad) : nullptr, int(work.call.classes)};
}

constexpr int kTileThreads = 128, kWarpThreads = 128;

template <class S, int Held>
FL_KERNEL(kWarpThreads, 8)
crossentropy_of_warps(const FL_GRID_CONSTANT RowWork work) {
  const int64_t row = int64_t(block_index()) * (kWarpThreads / kWarp) + warp_index();
  if (row >= work.call.rows.count) return wait_for_kernel_before();
  GroupTeam team(kWarp);
  PackedRow<S, Held, GroupTeam> held(team, work.call, parts_of<S>(work, row));
  compute_crossentropy<S, true>(work, wait_for_scales(work.scales).grad, row, held);
  let_next_kernel_begin();
}

// The row of a block, or of a cluster. 64 registers for each of up to 1024 threads are too few to
// hold 8 packs and targets for all classes: see plan_crossentropy.
template <class S, int Held>
FL_KERNEL(1024, 1)
crossentropy_of_blocks(const FL_GRID_CONSTANT RowWork work) {
  const int64_t row = block_index() / cluster_size();
  BlockTeam team;
  PackedRow<S, Held, BlockTeam> held(team, work.call, parts_of<S>(work, row));
  compute_crossentropy<S, (Held < 8)>(work, wait_for_scales(work.scales).grad, row, held);
  let_next_kernel_begin();
}

// Rows that no team can hold, read in each sweep: from the second cache, as long as the rows of all
// blocks fit there.
template <class S>
FL_KERNEL(512, 1)
crossentropy_of_streams(const FL_GRID_CONSTANT RowWork work) {
  BlockTeam team;
  const double scale = wait_for_scales(work.scales).grad;
  for (int64_t row = block_index(); row < work.call.rows.count; row += block_count()) {
    PackedRow<S, 0, BlockTeam> read(team, work.call, parts_of<S>(work, row));
    compute_crossentropy<S, true>(work, scale, row, read);
  }
  let_next_kernel_begin();
}

// Rows without gaps, copied to shared memory together.
template <class S>
FL_KERNEL(kTileThreads, 8)
crossentropy_of_tiles(const FL_GRID_CONSTANT RowWork work) {
  const int64_t first = int64_t(block_index()) * work.rows_per_block;
  const int64_t left = work.call.rows.count - first;
  const int rows = left < work.rows_per_block ? int(left) : work.rows_per_block;
  const RowParts<S> place = parts_of<S>(work, first);
  const Tile<S> tile(place.x, rows * place.classes);
  tile.read();
  const double scale = wait_for_scales(work.scales).grad;
  block_sync();
  GroupTeam team(work.lanes);
  for (int row = thread_index() / work.lanes; row < rows; row += kTileThreads / work.lanes) {
    TileRow<S> of_tile(team, work.call, tile.numbers() + row * place.classes, place.classes,
                       place.grad != nullptr, row);
    compute_crossentropy<S, true>(work, scale, first + row, of_tile);
  }
  if (place.grad) {
    block_sync();
    tile.write(place.grad);
  }
  let_next_kernel_begin();
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
