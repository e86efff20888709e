// Which kernel a call runs, and on how many threads: a pure function of device, dtype and shape. No
// header of CUDA is needed, so that it is tested for every device where there is none.
#pragma once

#include "kernels/kernel.hpp"

namespace fl {

// What is asked of a GPU before anything is launched.
struct Device {
  int major = 0, minor = 0;  // compute capability
  int multiprocessors = 1;
  int shared_bytes = 0;     // dynamic shared memory a block may have
  int largest_cluster = 1;  // blocks that can read each other's shared memory
};

// What a launch is made of.
struct Geometry {
  int64_t grid = 1;           // blocks; a multiple of `cluster`
  int threads = 32;           // of a block
  int shared = 0;             // bytes of its dynamic shared memory
  int cluster = 1;            // blocks in a cluster
  bool programmatic = false;  // may begin while the kernel before it in the stream still runs
};

constexpr int kWarp = 32;
constexpr int kPack = 16;           // bytes that a thread moves at a time
constexpr int kMostThreads = 1024;  // of a block

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Shared memory of a team of warps, those of all blocks of a cluster: what each tells the others, a
// number of up to 8 bytes, in two halves used in turn.
constexpr int team_shared(int threads, int cluster) { return threads / kWarp * cluster * 2 * 8; }

// Rows each computed by a team of threads: `lanes` neighbours of a warp, or the block.
struct RowPlan {
  bool block = false;
  int lanes = 1;  // a power of two, at most kWarp; of a block: all its threads
  Geometry geometry;

  int teams_per_block() const { return block ? 1 : geometry.threads / lanes; }
  int64_t teams() const { return geometry.grid * teams_per_block(); }
};

// Persistent: a team takes every teams()-th row. scratch_bytes is what it needs of the workspace
// for each entry of its row; as many run at once as fit into kScratchLimit.
constexpr int64_t kScratchLimit = int64_t(64) << 20;

// Threads of a block at most: as many as have the registers that the longest loss takes.
constexpr int most_row_threads(bool in_double) { return in_double ? 256 : 512; }

// neighbours: the rows, not the entries of a row, are next to each other in memory.
inline RowPlan plan_rows(const Device& device, int64_t rows, int64_t length, bool neighbours,
                         bool in_double, int64_t scratch_bytes = 0) {
  constexpr int kEntriesPerLane = 8;  // a lane with fewer spends its time in the shuffles
  constexpr int kLongest = 2048;      // a warp takes longer for more than several warps together
  RowPlan plan;
  plan.block = !neighbours && length > kLongest;
  plan.geometry.threads = !plan.block              ? 128
                          : length <= 8 * kLongest ? 256
                                                   : most_row_threads(in_double);
  while (!neighbours && plan.lanes < kWarp && plan.lanes * kEntriesPerLane < length)
    plan.lanes *= 2;
  if (plan.block) plan.lanes = plan.geometry.threads;
  plan.geometry.shared = plan.block ? team_shared(plan.lanes, 1) : 0;
  const int64_t resident = int64_t(device.multiprocessors) * (2048 / plan.geometry.threads);
  int64_t grid = ceil_div(rows, plan.teams_per_block());
  if (grid > resident) grid = resident;
  const int64_t scratch = plan.teams_per_block() * length * scratch_bytes;  // of a block
  if (scratch > 0 && grid * scratch > kScratchLimit) grid = kScratchLimit / scratch;
  plan.geometry.grid = grid > 0 ? grid : 1;
  return plan;
}

// Cross-entropy of logits with integer labels, where the classes of a row are neighbours in memory.
// Each kernel but the last reads a row from memory once, and holds it until its gradient is
// written.
enum class CrossentropyKernel {
  kTile,     // whole rows, copied to shared memory together; `lanes` threads a row
  kWarp,     // a warp a row, in registers
  kBlock,    // a block a row, in registers
  kCluster,  // the blocks of a cluster a row, in registers
  kStream    // a block a row, read again for the gradient; as many rows at once as are resident
};

struct CrossentropyPlan {
  CrossentropyKernel kernel = CrossentropyKernel::kStream;
  int packs = 0;  // of kPack bytes, held by a thread in registers: 1, 2, 4 or 8
  int lanes = 0;  // kTile: threads a row, a power of two
  int rows_per_block = 1;
  Geometry geometry;
};

// packed: no gap between rows. aligned: each row begins at a multiple of kPack. smoothed: every
// class has a target.
inline CrossentropyPlan plan_crossentropy(const Device& device, int64_t rows, int64_t classes,
                                          int64_t item_bytes, bool packed, bool aligned,
                                          bool smoothed = false) {
  CrossentropyPlan plan;
  const int64_t row_bytes = classes * item_bytes;
  const int64_t row_packs = row_bytes / kPack;  // the entries before and after are held apart

  // Short rows share a block; so do those whose ends, unaligned, would be a large part of them.
  constexpr int64_t kTileBytes = 16384, kShort = 512, kShortUnaligned = 2048;
  const bool whole = aligned && row_bytes % kPack == 0;
  if (packed && row_bytes <= (whole ? kShort : kShortUnaligned)) {
    plan.kernel = CrossentropyKernel::kTile;
    plan.geometry.threads = 128;
    int64_t together = kTileBytes / row_bytes;
    if (together > plan.geometry.threads) together = plan.geometry.threads;
    plan.rows_per_block = int(together);
    plan.lanes = 1;
    while (plan.lanes < kWarp && plan.lanes * 8 < classes) plan.lanes *= 2;
    plan.geometry.grid = ceil_div(rows, together);
    // Copied with the alignment that the rows have in memory: part of a pack before and after them.
    plan.geometry.shared = int(ceil_div(together * row_bytes, kPack) + 2) * kPack;
    return plan;
  }

  if (row_packs <= kWarp * 4) {
    plan.kernel = CrossentropyKernel::kWarp;
    plan.packs = row_packs <= kWarp ? 1 : row_packs <= kWarp * 2 ? 2 : 4;
    plan.rows_per_block = 4;
    plan.geometry.threads = 4 * kWarp;
    plan.geometry.grid = ceil_div(rows, plan.rows_per_block);
    return plan;
  }

  // 64 registers a thread hold 8 packs and what is computed with them. Up to 32 KiB a block, of
  // which four are resident: some load while others compute. A cluster of few blocks is rather
  // made larger than its blocks.
  struct Shape {
    int threads, packs, cluster;
  };
  constexpr Shape kShapes[] = {{128, 2, 1},  {128, 4, 1}, {256, 4, 1}, {256, 8, 1},
                               {256, 8, 2},  {256, 8, 4}, {256, 8, 8}, {512, 8, 8},
                               {1024, 8, 8}, {512, 8, 1}, {1024, 8, 1}};
  for (Shape shape : kShapes) {
    // Targets for all classes take the registers of 4 packs; so twice the threads hold the row.
    if (smoothed && shape.packs == 8) shape.packs = 4, shape.threads *= 2;
    if (shape.threads > kMostThreads) continue;
    if (shape.cluster > device.largest_cluster) continue;
    if (row_packs > int64_t(shape.threads) * shape.packs * shape.cluster) continue;
    plan.kernel = shape.cluster > 1 ? CrossentropyKernel::kCluster : CrossentropyKernel::kBlock;
    plan.packs = shape.packs;
    plan.geometry = {rows * shape.cluster, shape.threads, team_shared(shape.threads, shape.cluster),
                     shape.cluster};
    return plan;
  }

  const int64_t resident = int64_t(device.multiprocessors) * 2;
  plan.geometry = {rows < resident ? rows : resident, 512, team_shared(512, 1)};
  return plan;
}

}  // namespace fl
