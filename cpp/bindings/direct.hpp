// Whole calls for front ends, where nothing special is asked for: what their general code does
// before and after a small loss takes several times as long as the loss.
#pragma once

#include <pybind11/pybind11.h>

#include "bindings/method.hpp"
#include "fusedloss/fusedloss.h"

namespace fl {

// None if `function` raises: the general code then finds what is wrong, and says so in the words of
// the public function.
template <auto function>
pybind11::object attempt(const Arguments& given) {
  try {
    return function(given);
  } catch (pybind11::error_already_set&) {
  } catch (const pybind11::builtin_exception&) {
  }
  PyErr_Clear();  // that of a builtin_exception may be set already
  return pybind11::none();
}

// The number that a dict of reductions has for one; -1 if there is none.
inline int32_t reduction_code(pybind11::handle codes, pybind11::handle reduction) {
  PyObject* const code = PyDict_GetItemWithError(codes.ptr(), reduction.ptr());
  if (code) return int32_t(Arguments::to_integer(code));
  if (PyErr_Occurred()) throw pybind11::error_already_set();
  return -1;
}

// Reads parameters that are all of type float, as they come from defaults; -1 if they are not.
inline int32_t exact_numbers(const pybind11::tuple& params, double (&values)[FL_MAX_PARAMS]) {
  const size_t count = params.size();
  if (count > FL_MAX_PARAMS) return -1;
  for (size_t i = 0; i < count; ++i) {
    PyObject* const value = PyTuple_GET_ITEM(params.ptr(), Py_ssize_t(i));
    if (!PyFloat_CheckExact(value)) return -1;
    values[i] = PyFloat_AS_DOUBLE(value);
  }
  return int32_t(count);
}

// Adds `numpy_loss` to the module.
void add_direct_numpy(pybind11::module_& module);

// Adds `know_torch`, `torch_covers`, `torch_loss` and `passes_one`.
void add_direct_torch(pybind11::module_& module);

}  // namespace fl
