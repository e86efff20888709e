// Calls of the library for GPUs from Python.
#pragma once

#include <pybind11/pybind11.h>

namespace fl {

// Whether a library stands in for that of GPUs which runs the kernels on the CPU: tensors there
// count as those of GPU 0 then.
inline bool emulated = false;

inline bool is_emulated() { return emulated; }

// Adds `cuda_problem`, `cuda_compute`, `cuda_scale`, `cuda_capture_id` and `open_emulated_cuda` to
// the module.
void add_cuda(pybind11::module_& module);

}  // namespace fl
