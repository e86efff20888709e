// Functions of the module that pybind11 does not wrap: to convert the arguments of `compute` takes
// it 0.35 us, a quarter of a call on 64 numbers.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <new>
#include <string>

namespace fl {

// The arguments of a function, in their order. What is not of the type asked for raises.
class Arguments {
 public:
  Arguments(PyObject* const* values, Py_ssize_t count) : values_(values), count_(count) {}

  // None for those at the end that are not given.
  pybind11::handle operator[](Py_ssize_t place) const {
    return place < count_ ? values_[place] : Py_None;
  }
  int64_t integer(Py_ssize_t place) const { return to_integer(values_[place]); }
  double number(Py_ssize_t place) const { return to_number(values_[place]); }
  // Empty if it is not given.
  pybind11::tuple tuple(Py_ssize_t place) const {
    if (place >= count_) return pybind11::tuple();
    if (!PyTuple_Check(values_[place]))
      throw pybind11::type_error(std::string("expected a tuple, got ") +
                                 Py_TYPE(values_[place])->tp_name);
    return pybind11::reinterpret_borrow<pybind11::tuple>(values_[place]);
  }

  Py_ssize_t count() const { return count_; }

  static int64_t to_integer(pybind11::handle value) {
    const long long result = PyLong_AsLongLong(value.ptr());
    if (result == -1 && PyErr_Occurred()) throw pybind11::error_already_set();
    return result;
  }
  static double to_number(pybind11::handle value) {
    const double result = PyFloat_AsDouble(value.ptr());
    if (result == -1 && PyErr_Occurred()) throw pybind11::error_already_set();
    return result;
  }

 private:
  PyObject* const* values_;
  Py_ssize_t count_;
};

template <auto function, Py_ssize_t least, Py_ssize_t most>
PyObject* call_method(PyObject*, PyObject* const* values, Py_ssize_t count) noexcept {
  try {
    if (count < least || count > most) {
      const std::string more = least < most ? " to " + std::to_string(most) : "";
      throw pybind11::type_error("expected " + std::to_string(least) + more + " arguments, got " +
                                 std::to_string(count));
    }
    return function(Arguments(values, count)).release().ptr();
  } catch (pybind11::error_already_set& error) {
    error.restore();
  } catch (const pybind11::builtin_exception& error) {
    error.set_error();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

// A function of Arguments, of which there are between `least` and `most`, for a PyMethodDef.
template <auto function, Py_ssize_t least, Py_ssize_t most = least>
PyCFunction method() {
  return reinterpret_cast<PyCFunction>(
      reinterpret_cast<void (*)()>(call_method<function, least, most>));
}

}  // namespace fl
