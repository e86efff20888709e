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

// What every call begins with, as far as it is ordinary: parameters of type float, as they come
// from defaults; one loss, not one for each row; and a label to ignore of type int, or None.
struct Head {
  fl_call call{};
  double params[FL_MAX_PARAMS];

  // Whether it is. `codes` is a dict of the reductions.
  bool read(pybind11::handle loss, const pybind11::tuple& numbers, pybind11::handle codes,
            pybind11::handle reduction, pybind11::handle ignore_label) {
    call.struct_size = sizeof call;
    call.loss_id = int32_t(Arguments::to_integer(loss));
    const size_t count = numbers.size();
    if (count > FL_MAX_PARAMS) return false;
    for (size_t i = 0; i < count; ++i) {
      PyObject* const value = PyTuple_GET_ITEM(numbers.ptr(), Py_ssize_t(i));
      if (!PyFloat_CheckExact(value)) return false;
      params[i] = PyFloat_AS_DOUBLE(value);
    }
    call.params = params;
    call.num_params = int32_t(count);
    PyObject* const code = PyDict_GetItemWithError(codes.ptr(), reduction.ptr());
    if (!code) {
      if (PyErr_Occurred()) throw pybind11::error_already_set();
      return false;
    }
    call.reduction = int32_t(Arguments::to_integer(code));
    call.has_ignore_label = !ignore_label.is_none();
    if (call.has_ignore_label) {
      if (!PyLong_CheckExact(ignore_label.ptr())) return false;
      call.ignore_label = Arguments::to_integer(ignore_label);
    }
    return call.reduction != FL_NONE;
  }
};

// Adds `numpy_loss` to the module.
void add_direct_numpy(pybind11::module_& module);

// Adds `know_torch`, `torch_covers`, `torch_loss` and `last_upstream`.
void add_direct_torch(pybind11::module_& module);

}  // namespace fl
