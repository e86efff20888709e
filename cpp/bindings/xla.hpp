// The losses as an operation of XLA: for JAX, and for whatever else runs XLA's custom calls.
#pragma once

#include <pybind11/pybind11.h>

namespace fl {

// Adds `xla_handlers`, XLA_TARGET, XLA_OPERANDS and XLA_RESULTS to the module.
void add_xla(pybind11::module_& module);

}  // namespace fl
