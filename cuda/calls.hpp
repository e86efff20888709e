// What kernels of a GPU are told beside the calls of kernels/kernel.hpp.
#pragma once

#include "cuda/device.hpp"
#include "kernels/dtypes.hpp"

namespace fl {

// What sums and gradients are multiplied with, once it is known how many rows count.
struct Scales {
  double mean = 1;    // sums of losses: 1, or 1 / divisor
  double grad = 1;    // gradients
  int32_t empty = 0;  // nothing counts: the gradient is 0, and the loss a convention
};

// rows: what a mean divides by; 1 for a sum.
constexpr Scales scales_of(double rows, bool unscaled_grad) {
  const bool empty = rows == 0;
  const double mean = empty ? 0 : 1 / rows;
  return {mean, unscaled_grad && !empty ? 1 : mean, empty};
}

// A number in the memory of the GPU, of any floating dtype; not given: 1.
struct DeviceNumber {
  const void* data = nullptr;
  int32_t dtype = FL_FLOAT32;
};

// Scales that the host knows, or that the kernel before in the stream finds.
struct ScalesSource {
  const Scales* found = nullptr;
  Scales known;
  // What gradients are multiplied with beside them.
  double upstream = 1, share = 1;  // share: of an element in the loss of its row
  DeviceNumber device_upstream;
};

inline namespace FL_ISA {
namespace {

FL_DEVICE double value_of(const DeviceNumber& number) {
  double value = 1;
  if (number.data)
    with_floating_dtype(number.dtype, [&]<class S>(S*) __attribute__((always_inline)) {
      value = widen<double>(*(const S*)number.data);
    });
  return value;
}

// The scales with everything that gradients are multiplied with. A kernel that may begin before the
// one before it has ended calls this in every thread.
FL_DEVICE Scales wait_for_scales(const ScalesSource& source) {
  Scales scales = source.known;
  if (source.found) {
    wait_for_kernel_before();
    scales.mean = read_after_wait(&source.found->mean);
    scales.grad = read_after_wait(&source.found->grad);
    scales.empty = read_after_wait(&source.found->empty);
  }
  scales.grad *= source.upstream * value_of(source.device_upstream) * source.share;
  return scales;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
