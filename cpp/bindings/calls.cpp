#include "bindings/calls.hpp"

#include <string>

#include "bindings/described.hpp"
#include "bindings/torch.hpp"

namespace py = pybind11;

namespace fl {
namespace {

// Below this many elements a call is shorter than handing the interpreter to another thread.
constexpr int64_t kKeepLock = 4096;

PyObject* label_error;  // ValueError and IndexError in one: NumPy's habit and torch's

// Calls f without the interpreter's lock if it has that much to do.
template <class F>
void unlocked(int64_t elements, F f) {
  if (elements < kKeepLock) return f();
  const py::gil_scoped_release release;
  f();
}

py::object compute(const Arguments& given) {
  DescribedCall described(given, kCpu);
  fl_call& call = described.call;
  call.has_upstream = 1;
  call.upstream = given[kDescribed].is_none() ? 1 : given.number(kDescribed);
  return py::float_(run(call, is_torch_tensor(given[kPred])));
}

py::object scale(const Arguments& given) {
  View from, to;
  view(given[0], "input", from);
  const double factor = given.number(1);
  view_output(given[2], "output", to);
  fl_status status;
  const fl_parallel_for threads = is_torch_tensor(given[0]) ? torch_parallel_for() : nullptr;
  unlocked(element_count(from.tensor),
           [&] { fl_scale(&from.tensor, factor, &to.tensor, threads, nullptr, &status); });
  raise_for(status);
  return py::none();
}

PyMethodDef methods[] = {
    {"compute", method<compute, kGradOut + 1, kDescribed + 1>(), METH_FASTCALL,
     "compute(loss, params, y_true, y_pred, sample_weight, mask, class_weight, ignore_label, "
     "row_axis, "
     "reduction, denominator, flags, loss_out, grad_out, more=(), more_grads=(), statistics=None, "
     "upstream=1.0, /)\n--\n\nValue and gradient of a loss in one pass."},
    {"scale", method<scale, 3, 3>(), METH_FASTCALL,
     "scale(input, factor, output, /)\n--\n\noutput = factor * input, rounded once."},
    {}};

}  // namespace

void raise_for(const fl_status& status) {
  switch (status.code) {
    case FL_OK:
      return;
    case FL_INVALID_TYPE:
      throw py::type_error(status.message);
    case FL_OUT_OF_MEMORY:
      PyErr_NoMemory();
      throw py::error_already_set();
    case FL_LABEL_OUT_OF_RANGE:
      PyErr_SetString(label_error, status.message);
      throw py::error_already_set();
    case FL_DEVICE_ERROR:
      PyErr_SetString(PyExc_RuntimeError, status.message);
      throw py::error_already_set();
    default:
      throw py::value_error(status.message);
  }
}

double run(fl_call& call, bool on_torch_threads) {
  if (on_torch_threads) call.parallel_for = torch_parallel_for();
  fl_result result{};
  fl_status status;
  unlocked(element_count(call.y_pred), [&] { fl_compute(&call, &result, &status); });
  raise_for(status);
  return result.scale;
}

void add_calls(py::module_& module) {
  label_error = PyErr_NewExceptionWithDoc(
      "fusedloss.LabelError", "An integer label outside [0, classes).",
      py::make_tuple(py::handle(PyExc_ValueError), py::handle(PyExc_IndexError)).ptr(), nullptr);
  if (!label_error) throw py::error_already_set();
  module.attr("LabelError") = py::handle(label_error);
  if (PyModule_AddFunctions(module.ptr(), methods) != 0) throw py::error_already_set();
}

}  // namespace fl
