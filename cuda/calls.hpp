// What kernels of a GPU are told beside the calls of kernels/kernel.hpp.
#pragma once

#include "cuda/device.hpp"
#include "kernels/kernel.hpp"

namespace fl {

// What sums and gradients are multiplied with, once it is known how many rows count.
struct Scales {
  double mean = 1;  // every sum of losses: 1, or 1 / divisor
  double grad = 1;  // every gradient
  int32_t empty = 0;  // nothing counts: the gradient is 0, the loss a convention
};

// rows: what a mean divides by, 1 for a sum. upstream: with the share of an element in its row.
constexpr Scales scales_of(double rows, double upstream, bool unscaled_grad) {
  const bool empty = rows == 0;
  const double mean = empty ? 0 : 1 / rows;
  return {mean, upstream * (unscaled_grad && !empty ? 1 : mean), empty};
}

// Scales that the host knows, or that the kernel before in the stream finds.
struct ScalesSource {
  const Scales* found = nullptr;
  Scales known;
};

// What a launch over rows gets beside the call.
struct RowWork {
  ScalesSource scales;
  void* values = nullptr;  // (rows), in the type computed with: each row's weight times its loss
  void* masses = nullptr;  // (teams, classes) of it, for losses over pairs
  int lanes = 1;           // of a team
  int rows_per_block = 1;  // that are computed together
};

inline namespace FL_ISA {
namespace {

FL_DEVICE Scales wait_for_scales(const ScalesSource& source) {
  if (!source.found) return source.known;
  wait_for_kernel_before();
  return {read_after_wait(&source.found->mean), read_after_wait(&source.found->grad),
          read_after_wait(&source.found->empty)};
}

}  // namespace
}  // namespace FL_ISA

}  // namespace fl
