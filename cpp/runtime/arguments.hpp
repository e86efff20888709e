// From an fl_call to the calls of kernels: every rule about shapes, dtypes and parameters.
#pragma once

#include <vector>

#include "kernels/kernel.hpp"

namespace fl {

// What checking an fl_call found out.
struct Arguments {
  const fl_loss_info* info = nullptr;
  bool in_double = false;
  bool labels = false;           // integer labels
  bool element_weights = false;  // sample_weight has a weight for every element
  int64_t row_count = 1;
  int64_t row_length = 1;  // elements (pointwise) or classes of a row
  double params[FL_MAX_PARAMS] = {};
  std::vector<double> class_weight;  // row losses
};

// Its place among the losses of its kind, which is its place in the kernels' tables.
int index_in_kind(int32_t loss_id);

// Throws Error naming the argument, what it is and what is expected.
Arguments check_arguments(const fl_call& call);

PointwiseCall pointwise_call(const fl_call& call, const Arguments& arguments);
RowCall row_call(const fl_call& call, const Arguments& arguments);
// weighted: rows count with their sample weight, not each as one.
DivisorCall divisor_call(const fl_call& call, const Arguments& arguments, bool weighted);
ScaleCall scale_call(const fl_tensor& input, double factor, const fl_tensor& output);

}  // namespace fl
