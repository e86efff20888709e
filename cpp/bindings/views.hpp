// Arrays and tensors of Python as fl_tensor: borrowed memory, nothing copied.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "fusedloss/fusedloss.h"

namespace fl {

// From here on the page faults of fresh memory cost more than the arithmetic that fills it, and
// front ends take outputs from a Buffer.
constexpr int64_t kReuseBytes = 1 << 20;

constexpr int32_t kCpu = -1;  // in place of the number of a GPU

struct View {
  fl_tensor tensor{};
  int64_t shape[FL_MAX_DIMS];
  int64_t strides[FL_MAX_DIMS];

  // Makes `axis` the last one; the others keep their order.
  void move_axis_last(int axis);
};

// None gives an absent tensor. Raises TypeError or ValueError that names the argument, also if it
// is on another device.
void view(pybind11::handle array, const char* name, View& out, int32_t device = kCpu);
// ... that will be written to.
void view_output(pybind11::handle array, const char* name, View& out, int32_t device = kCpu);

int64_t element_count(const fl_tensor& x);

[[noreturn]] void refuse_dtype(const char* name, pybind11::handle dtype);

}  // namespace fl
