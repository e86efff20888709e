// What a mean divides by, counted on the GPU before gradients are scaled with it: the rows that
// count, or the sum of their weights.
#pragma once

#include "cuda/finish.hpp"
#include "cuda/operand.hpp"

namespace fl {

struct DivisorWork {
  DivisorCall call;
  DividedSpace rows;      // of the call
  double row_length = 1;  // weights of a row, where each of its elements has one
  bool unscaled_grad = false;
  double* partials = nullptr;  // room for divisor_partials(rows.count)
  Scales* found = nullptr;     // receives what the kernels after it multiply with
};

constexpr int kDivisorAbreast = 4;  // rows that a thread reads together

// Rows that a block counts. Up to so many that a second kernel would take longer, one has all.
constexpr int64_t divisor_chunk(int64_t rows) {
  constexpr int64_t kTurn = kSumThreads * kDivisorAbreast;
  if (rows <= 4 * kTurn) return 4 * kTurn;
  const int64_t chunk = chunk_of(rows);
  return chunk < kTurn ? kTurn : chunk;
}

constexpr int64_t divisor_partials(int64_t rows) {
  const int64_t blocks = ceil_div(rows, divisor_chunk(rows));
  return blocks > 1 ? blocks : 0;
}

inline namespace FL_ISA {
namespace {

FL_DEVICE double sum_of_weights(const DivisorWork& work, int64_t at, int64_t end) {
  constexpr int K = kDivisorAbreast;
  const DivisorCall& call = work.call;
  Elements<double, K> weight, mask;
  Elements<int64_t, K> label;
  FL_UNROLL(4)
  for (double& w : weight.of) w = 1;
  if (call.weighted && call.sample_weight)
    weight = read_elements<double, K>(work.rows, call.sample_weight, at, end, 0.0);
  if (call.mask) mask = read_elements<double, K>(work.rows, call.mask, at, end, 0.0);
  if (call.labels)
    label = read_elements<int64_t, K>(work.rows, call.labels, at, end, call.ignore_label);
  double sum = 0;
  FL_UNROLL(4)
  for (int k = 0; k < K; ++k) {
    double w = weight.of[k];
    if (at + k >= end || (call.mask && mask.of[k] == 0)) w = 0;
    if (call.labels && w != 0) {
      if (call.has_ignore_label && label.of[k] == call.ignore_label)
        w = 0;
      else if (call.class_weight && uint64_t(label.of[k]) < uint64_t(call.classes))
        w *= read_at<double>(call.class_weight, label.of[k] * call.class_weight.class_stride);
    }
    sum += w;
  }
  return sum;
}

FL_DEVICE void put_scales(const DivisorWork& work, double sum) {
  *work.found = scales_of(sum / work.row_length, work.unscaled_grad);
}

// A partial sum for each block; the scales, if there is one.
FL_KERNEL(kSumThreads, 1) divisor_kernel(const FL_GRID_CONSTANT DivisorWork work) {
  const int64_t chunk = divisor_chunk(work.rows.count), begin = block_index() * chunk;
  const int64_t end = begin + chunk < work.rows.count ? begin + chunk : work.rows.count;
  let_next_kernel_begin();
  double sum = 0;
  FL_UNROLL(1)
  for (int64_t at = begin + thread_index() * kDivisorAbreast; at < end;
       at += kSumThreads * kDivisorAbreast)
    sum += sum_of_weights(work, at, end);
  sum = TeamFold(shared_memory(), 1)(sum, Sum{});
  if (thread_index() != 0) return;
  if (block_count() == 1)
    put_scales(work, sum);
  else
    work.partials[block_index()] = sum;
}

FL_KERNEL(kSumThreads, 1)
scales_kernel(const FL_GRID_CONSTANT DivisorWork work, int64_t count) {
  wait_for_kernel_before();
  const double sum = sum_of_block(work.partials, count);
  let_next_kernel_begin();
  if (thread_index() == 0) put_scales(work, sum);
}

// The next kernel in the stream finds the scales.
inline LaunchError launch_divisor(const DivisorWork& work, void* stream) {
  Geometry geometry{1, kSumThreads, TeamFold::bytes(kSumThreads, 1, 1)};
  const int64_t partials = divisor_partials(work.rows.count);
  if (partials > 0) geometry.grid = partials;
  const LaunchError error = launch(divisor_kernel, geometry, stream, work);
  if (error || partials == 0) return error;
  geometry.grid = 1;
  geometry.programmatic = true;
  return launch(scales_kernel, geometry, stream, work, partials);
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
