// Arrays and tensors of Python as fl_tensor: borrowed memory, nothing copied.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "fusedloss/fusedloss.h"

namespace fl {

struct View {
  fl_tensor tensor{};
  int64_t shape[FL_MAX_DIMS];
  int64_t strides[FL_MAX_DIMS];

  // Makes `axis` the last one; the others keep their order.
  void move_axis_last(int axis);
};

// None gives an absent tensor. Raises TypeError or ValueError that names the argument.
void view(pybind11::handle array, const char* name, View& out);
// ... that will be written to.
void view_output(pybind11::handle array, const char* name, View& out);

bool is_torch_tensor(pybind11::handle object);

// torch's own threads as an fl_parallel_for, where this version of torch offers them; else NULL.
fl_parallel_for torch_parallel_for();

}  // namespace fl
