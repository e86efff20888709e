// The kernels of pointwise losses, for the file that chooses among them.
#pragma once

#include "cuda/pointwise_work.hpp"
#include "cuda/table.hpp"
#include "losses/registry.hpp"

namespace fl {

// By the place of a loss among the pointwise losses.
struct PointwiseKernels {
  KernelOnHost<PointwiseWork> of_loss[losses::Pointwise::size];
};
extern const PointwiseKernels pointwise_kernels_float, pointwise_kernels_double;

}  // namespace fl
