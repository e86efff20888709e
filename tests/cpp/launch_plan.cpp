// What the planner of launches promises, for devices that nobody needs to have: every number of
// classes up to 70000, and many up to 700000. Prints what fails.
#include <cstdio>
#include <initializer_list>

#include "cuda/plan.hpp"
#include "cuda/segments.hpp"

namespace {

using fl::CrossentropyKernel;
using fl::Geometry;

struct Named {
  const char* name;
  fl::Device device;
  int shared_per_multiprocessor;
};

// Compute capability, multiprocessors, shared memory of a block, blocks in a cluster.
constexpr Named kDevices[] = {
    {"A100", {8, 0, 108, 166912, 1}, 167936},      {"L40S", {8, 9, 142, 101376, 1}, 102400},
    {"H200", {9, 0, 132, 232448, 8}, 233472},      {"B200", {10, 0, 148, 232448, 8}, 233472},
    {"RTX 5090", {12, 0, 170, 101376, 8}, 102400}, {"slice of H200", {9, 0, 16, 232448, 2}, 233472},
};
constexpr int64_t kLargestGrid = 0x7FFFFFFF;
constexpr int kSharedByDefault = 48 * 1024;  // more has to be asked for before a launch

int failures = 0;
struct {
  const char *device, *format;
  int64_t of[6];
} subject;  // what is checked, to be printed if it fails

void expect(bool holds, const char* what) {
  if (holds || failures++ >= 20) return;
  const auto& n = subject.of;
  std::printf("%s: ", subject.device);
  std::printf(subject.format, (long long)n[0], (long long)n[1], (long long)n[2], (long long)n[3],
              (long long)n[4], (long long)n[5]);
  std::printf(": not %s\n", what);
}

bool is_power_of_two(int64_t x) { return x > 0 && (x & (x - 1)) == 0; }

void check_geometry(const Named& named, const Geometry& g) {
  expect(g.threads % fl::kWarp == 0 && g.threads > 0 && g.threads <= 1024, "whole warps");
  expect(g.grid > 0 && g.grid <= kLargestGrid, "a grid that can be launched");
  expect(is_power_of_two(g.cluster) && g.cluster <= named.device.largest_cluster,
         "a cluster that the device has");
  expect(g.cluster == 1 || named.device.major >= 9, "a cluster where there are clusters");
  expect(g.grid % g.cluster == 0, "whole clusters");
  expect(g.shared >= 0 && g.shared <= kSharedByDefault, "shared memory without asking");
  expect(g.shared <= named.device.shared_bytes, "shared memory that a block may have");
}

void check_crossentropy(const Named& named, int64_t rows, int64_t classes, int64_t item,
                        bool packed, bool aligned, bool smoothed) {
  subject = {named.name,
             "%lld rows of %lld classes of %lld bytes (packed %lld, aligned %lld, smoothed %lld)",
             {rows, classes, item, packed, aligned, smoothed}};
  const auto plan =
      fl::plan_crossentropy(named.device, rows, classes, item, packed, aligned, smoothed);
  const Geometry& g = plan.geometry;
  check_geometry(named, g);
  const int64_t row_bytes = classes * item, row_packs = row_bytes / fl::kPack;
  switch (plan.kernel) {
    case CrossentropyKernel::kTile: {
      expect(packed, "rows without gaps");
      expect(is_power_of_two(plan.lanes) && plan.lanes <= fl::kWarp, "lanes of one warp");
      const int64_t bytes = plan.rows_per_block * row_bytes;
      expect(g.shared >= bytes + 2 * (fl::kPack - item), "memory for the rows and their ends");
      expect(8 * g.shared <= named.shared_per_multiprocessor * 2, "several blocks resident");
      break;
    }
    case CrossentropyKernel::kWarp:
      expect(plan.rows_per_block * fl::kWarp == g.threads, "a warp for each row");
      expect(plan.packs * fl::kWarp >= row_packs, "room for the row");
      break;
    case CrossentropyKernel::kBlock:
    case CrossentropyKernel::kCluster:
      expect((g.cluster > 1) == (plan.kernel == CrossentropyKernel::kCluster), "a cluster");
      expect(int64_t(plan.packs) * g.threads * g.cluster >= row_packs, "room for the row");
      expect(int64_t(plan.packs) * g.threads * g.cluster <= 4 * row_packs, "no more than needed");
      expect(g.grid == rows * g.cluster, "a team for each row");
      break;
    case CrossentropyKernel::kStream:
      expect(row_bytes > ((named.device.largest_cluster >= 8 ? 1 << 20 : 1 << 17) >> int(smoothed)),
             "a row that fits into no registers");
      expect(g.grid <= 2 * named.device.multiprocessors && g.grid <= rows, "resident blocks");
  }
  if (plan.kernel != CrossentropyKernel::kStream) {
    expect(g.grid / g.cluster * plan.rows_per_block >= rows, "a place for every row");
    expect((g.grid / g.cluster - 1) * plan.rows_per_block < rows, "a row for every block");
    expect(plan.kernel == CrossentropyKernel::kTile || is_power_of_two(plan.packs), "1, 2, 4 or 8");
    expect(plan.packs <= 8, "8 packs a thread at most");
  }
}

void check_rows(const Named& named, int64_t rows, int64_t length, bool neighbours,
                int64_t scratch_bytes) {
  subject = {named.name,
             "%lld rows of %lld entries (neighbours %lld, scratch %lld bytes)",
             {rows, length, neighbours, scratch_bytes}};
  const bool in_double = scratch_bytes == 8;
  const auto plan = fl::plan_rows(named.device, rows, length, neighbours, in_double, scratch_bytes);
  expect(plan.geometry.threads <= fl::most_row_threads(in_double), "threads with registers");
  check_geometry(named, plan.geometry);
  expect(is_power_of_two(plan.lanes), "a power of two of lanes");
  expect(plan.block ? plan.lanes == plan.geometry.threads : plan.lanes <= fl::kWarp, "a team");
  expect(!neighbours || plan.lanes == 1, "a thread for each of neighbouring rows");
  expect(plan.teams() * length * scratch_bytes <= fl::kScratchLimit || plan.geometry.grid == 1,
         "scratch within its limit");
  expect(plan.geometry.grid * plan.geometry.threads <= named.device.multiprocessors * 2048,
         "resident threads");
  expect((plan.geometry.grid - 1) * plan.teams_per_block() < rows, "a row for every block");
}

void check_sum(int64_t count) {
  subject = {"any device", "a sum of %lld", {count}};
  const fl::Segments s = fl::segments_of_sum(count);
  expect(s.pieces * s.piece >= count && (s.pieces - 1) * s.piece < count, "cut up without a rest");
  expect(s.pieces <= fl::kMostPartials, "as many partial sums as a block adds up");
  expect(s.piece % 8 == 0, "pieces of whole packs");
}

void check_row_means(int64_t rows, int64_t length) {
  subject = {"any device", "means of %lld rows of %lld", {rows, length}};
  const fl::Segments s = fl::segments_of_rows(rows, length);
  expect(s.rows == rows && s.row_length == length, "the rows");
  expect(s.pieces * s.piece >= length && (s.pieces - 1) * s.piece < length, "whole rows");
  expect(is_power_of_two(s.team), "a power of two of threads");
  expect(s.team <= fl::kWarp || s.team == fl::kPointwiseThreads, "lanes of a warp, or a block");
  expect(s.blocks() * (fl::kPointwiseThreads / s.team) >= s.count(), "a team for each piece");
}

}  // namespace

int main() {
  for (const Named& named : kDevices)
    for (int64_t classes = 1; classes <= 700000; classes += classes < 70000 ? 1 : 37)
      for (const int64_t rows : {1, 33, 100000}) {
        for (const int64_t item : {2, 4})
          for (const bool packed : {false, true})
            for (const bool aligned : {false, true})
              for (const bool smoothed : {false, true})
                check_crossentropy(named, rows, classes, item, packed, aligned, smoothed);
        for (const bool neighbours : {false, true})
          for (const int64_t scratch : {0, 4, 8})
            check_rows(named, rows, classes, neighbours, scratch);
      }
  for (int64_t count = 1; count < int64_t(1) << 40; count += 1 + count / 97) {
    check_sum(count);
    for (const int64_t length : {1, 2, 8, 9, 255, 2048, 2049, 100000, 100000000})
      check_row_means((count + length - 1) / length, length);
  }
  std::printf("%d failures\n", failures);
  return failures != 0;
}
