// Targets that list the labels of each row, as torch has them, counted for the kernels.
#pragma once

#include <pybind11/pybind11.h>

namespace fl {

// Adds `count_labels` to the module.
void add_label_lists(pybind11::module_& module);

}  // namespace fl
