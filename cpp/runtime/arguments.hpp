// Every rule about the shapes, dtypes and parameters of an fl_call. The tensors' memory is not
// read: it may be that of a GPU.
#pragma once

#include "kernels/kernel.hpp"

namespace fl {

// What checking an fl_call found out.
struct Arguments {
  const fl_loss_info* info = nullptr;
  bool in_double = false;
  bool labels = false;           // y_true holds an integer for each row
  bool class_labels = false;     // ... which is that of a class
  bool element_weights = false;  // sample_weight has a weight for every element
  int64_t row_count = 1;
  int64_t row_length = 1;  // elements (pointwise) or classes of a row
  double params[FL_MAX_PARAMS] = {};
};

// Throws Error naming the argument, what it is and what is expected.
Arguments check_arguments(const fl_call& call);

}  // namespace fl
