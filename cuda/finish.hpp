// The loss from the sums of its parts: in double, in an order that their number alone decides.
#pragma once

#include "cuda/calls.hpp"
#include "cuda/launch.hpp"
#include "cuda/reduce.hpp"
#include "cuda/segments.hpp"

namespace fl {

constexpr int kSumThreads = 1024;  // of a block that adds up

// What is left to do when losses are summed up in parts.
struct FinishWork {
  const void* values = nullptr;  // (losses, count): the parts
  bool in_double = true;         // values: double, otherwise float
  int64_t losses = 1;
  int64_t count = 0;            // of the parts of each loss; 0: the losses are there already
  double* partials = nullptr;   // room for finish_partials(count), for a single loss
  void* loss = nullptr;         // (losses): receives them; not given: not wanted
  bool loss_in_double = false;  // otherwise float
  double row_length = 1;        // the elements that a loss is the mean of
  ScalesSource scales;
  bool empty_is_nan = false;
  void* scale = nullptr;  // receives the factor of the sum, if it is given
  bool scale_in_double = true;
};

// Sums of parts on the way to a loss: with many parts, one for each block that adds some up.
constexpr int64_t finish_partials(int64_t count) {
  return count > kMostPartials ? ceil_div(count, chunk_of(count)) : 0;
}

inline namespace FL_ISA {
namespace {

// The sum of values[i] for i < count, for every thread of the block.
template <class S>
FL_DEVICE double sum_of_block(const S* values, int64_t count) {
  double sum = 0;
  FL_UNROLL(4)
  for (int64_t i = thread_index(); i < count; i += kSumThreads)
    sum += double(read_after_wait(values + i));
  return TeamFold(shared_memory(), 1)(sum, Sum{});
}

FL_DEVICE double sum_of_block(const void* values, bool in_double, int64_t begin, int64_t count) {
  return in_double ? sum_of_block((const double*)values + begin, count)
                   : sum_of_block((const float*)values + begin, count);
}

FL_DEVICE void put_number(void* numbers, bool in_double, double value, int64_t place = 0) {
  if (in_double)
    ((double*)numbers)[place] = value;
  else
    ((float*)numbers)[place] = float(value);
}

// A sum for each block, of chunk_of(count) values.
FL_KERNEL(kSumThreads, 1)
add_up_kernel(const void* values, bool in_double, int64_t count, double* sums) {
  wait_for_kernel_before();
  const int64_t chunk = chunk_of(count), begin = block_index() * chunk, left = count - begin;
  const double sum = sum_of_block(values, in_double, begin, left < chunk ? left : chunk);
  let_next_kernel_begin();
  if (thread_index() == 0) sums[block_index()] = sum;
}

// A loss for each block.
FL_KERNEL(kSumThreads, 1) finish_kernel(const FL_GRID_CONSTANT FinishWork work) {
  wait_for_kernel_before();
  const Scales scales = wait_for_scales(work.scales);
  const int64_t loss = block_index();
  const double sum = sum_of_block(work.values, work.in_double, loss * work.count, work.count);
  if (thread_index() != 0) return;
  if (work.scale && loss == 0) put_number(work.scale, work.scale_in_double, scales.mean);
  if (!work.loss || work.count == 0) return;
  const double empty = work.empty_is_nan ? double(__builtin_nan("")) : 0.0;
  const double value = scales.empty ? empty : sum / work.row_length * scales.mean;
  put_number(work.loss, work.loss_in_double, value, loss);
}

// After the kernel that computes the values, if there are any.
inline LaunchError launch_finish(FinishWork work, void* stream) {
  Geometry geometry{1, kSumThreads, TeamFold::bytes(kSumThreads, 1, 1)};
  geometry.programmatic = work.count > 0;
  if (const int64_t blocks = finish_partials(work.count); blocks > 0) {
    geometry.grid = blocks;
    const LaunchError error = launch(add_up_kernel, geometry, stream, work.values, work.in_double,
                                     work.count, work.partials);
    if (error) return error;
    work.values = work.partials;
    work.in_double = true;
    work.count = blocks;
  }
  geometry.grid = work.count > 0 ? work.losses : 1;
  return launch(finish_kernel, geometry, stream, work);
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
