// A call as Python describes it, as an fl_call.
#pragma once

#include "bindings/method.hpp"
#include "bindings/views.hpp"

namespace fl {

// The places of arguments, as _core.pyi names them.
enum DescribedPlace {
  kLoss,
  kParams,
  kTrue,
  kPred,
  kSampleWeight,
  kMask,
  kClassWeight,
  kIgnoreLabel,
  kRowAxis,
  kReduction,
  kDenominator,
  kFlags,
  kLossOut,
  kGradOut,
  kMore,
  kMoreGrads,
  kStatistics,
  kDescribed  // how many there are
};

// Lends its memory to the call.
struct DescribedCall {
  fl_call call{};

  // Tensors have to be on a GPU of this number, or on the CPU.
  DescribedCall(const Arguments& given, int32_t device);
  DescribedCall(const DescribedCall&) = delete;
  DescribedCall& operator=(const DescribedCall&) = delete;

 private:
  void read_more(const pybind11::tuple& more, const pybind11::tuple& grads, int32_t device);
  void read_statistics(const pybind11::tuple& arrays, int32_t device);

  double params_[FL_MAX_PARAMS];
  View views_[7];
  View more_[2 * FL_MAX_MORE];  // predictions beside y_pred, and then their gradients
  View statistics_[4];
};

}  // namespace fl
