// From an fl_call that was checked to the calls of kernels.
#pragma once

#include "runtime/arguments.hpp"

namespace fl {

// Its place among the losses of its kind, which is its place in the kernels' tables.
int index_in_kind(int32_t loss_id);
bool runs_over_pairs(int32_t loss_id);

PointwiseCall pointwise_call(const fl_call& call, const Arguments& arguments);
RowCall row_call(const fl_call& call, const Arguments& arguments);
// weighted: rows count with their sample weight, not each as one.
DivisorCall divisor_call(const fl_call& call, const Arguments& arguments, bool weighted);
ScaleCall scale_call(const fl_tensor& input, double factor, const fl_tensor& output);

}  // namespace fl
