// The kernels over rows, for the file that chooses among them.
#pragma once

#include "cuda/row_work.hpp"
#include "cuda/table.hpp"
#include "losses/registry.hpp"

namespace fl {

using RowKernelOnHost = KernelOnHost<RowWork>;

// By the place of a loss among the row losses.
struct RowKernels {
  RowKernelOnHost of_loss[losses::Row::size];
};
extern const RowKernels row_kernels_float, row_kernels_double;

// Of one dtype.
struct CrossentropyKernels {
  static constexpr int kSizes = 4;  // a thread holds 1, 2, 4 or 8 packs
  RowKernelOnHost tiles, streams, warps[kSizes], blocks[kSizes];
};
extern const CrossentropyKernels crossentropy_float, crossentropy_half, crossentropy_bfloat;

inline const RowKernelOnHost& kernel_of(const CrossentropyPlan& plan, int32_t dtype) {
  const CrossentropyKernels& kernels = dtype == FL_FLOAT16    ? crossentropy_half
                                       : dtype == FL_BFLOAT16 ? crossentropy_bfloat
                                                              : crossentropy_float;
  const int size = plan.packs <= 1 ? 0 : plan.packs == 2 ? 1 : plan.packs == 4 ? 2 : 3;
  switch (plan.kernel) {
    case CrossentropyKernel::kTile:
      return kernels.tiles;
    case CrossentropyKernel::kWarp:
      return kernels.warps[size];
    case CrossentropyKernel::kBlock:
    case CrossentropyKernel::kCluster:
      return kernels.blocks[size];
    default:
      return kernels.streams;
  }
}

}  // namespace fl
