// Calls of the C interface from Python: arguments in, exceptions out.
#pragma once

#include <pybind11/pybind11.h>

#include "bindings/views.hpp"

namespace fl {

// Raises what status says, if it is no success.
void raise_for(const fl_status& status);

// Runs a call on the threads that its predictions ask for. Returns its scale.
double run(fl_call& call, bool on_torch_threads);

// Adds `compute`, `scale` and LabelError to the module.
void add_calls(pybind11::module_& module);

}  // namespace fl
