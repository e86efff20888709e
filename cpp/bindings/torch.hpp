// torch's tensors, read without torch's headers, and its threads.
#pragma once

#include <pybind11/pybind11.h>

#include "bindings/views.hpp"

namespace fl {

bool is_torch_tensor(pybind11::handle object);

// For `view`. Raises TypeError or ValueError that names the argument.
void view_torch(pybind11::handle tensor, const char* name, View& out, int32_t device);

// torch's own threads as an fl_parallel_for, where this version of torch offers them; else NULL.
fl_parallel_for torch_parallel_for();

}  // namespace fl
