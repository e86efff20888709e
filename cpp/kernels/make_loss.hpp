// A loss from its parameters.
#pragma once

#include <stddef.h>
#include <string.h>

#include "losses/loss.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// The parameters are its fields in their order.
template <class Loss>
FL_INLINE Loss make_loss(const double* params) {
  constexpr size_t kBytes = Loss::info.num_params * sizeof(double);
  static_assert(sizeof(Loss) >= kBytes);
  Loss loss{};
  memcpy((void*)&loss, params, kBytes);
  return loss;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
