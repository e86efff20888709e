#include "bindings/calls.hpp"

#include <string>

#include "bindings/method.hpp"
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

// Predictions beside y_pred, and then their gradients.
struct Further {
  View views[2 * FL_MAX_MORE];

  void read(const py::tuple& more, const py::tuple& grads) {
    if (more.size() > FL_MAX_MORE || (!grads.empty() && grads.size() != more.size()))
      throw py::value_error("more must hold at most " + std::to_string(FL_MAX_MORE) +
                            " arrays, and more_grads one for each of them");
    for (size_t k = 0; k < more.size(); ++k) {
      view(more[k], "more", views[k]);
      if (!grads.empty()) view_output(grads[k], "more_grads", views[FL_MAX_MORE + k]);
    }
  }
};

void read_statistics(const py::tuple& arrays, View (&views)[4]) {
  constexpr const char* kNames[] = {"log_sum_exp", "label_log_prob", "entropy", "argmax"};
  if (arrays.size() != 4) throw py::value_error("statistics must hold 4 arrays or None");
  for (size_t i = 0; i < 4; ++i) view_output(arrays[i], kNames[i], views[i]);
}

// The places of arguments, as _core.pyi names them.
enum {
  kLoss,
  kParams,
  kTrue,
  kPred,
  kSampleWeight,
  kMask,
  kClassWeight,
  kIgnoreLabel,
  kRowAxis,
  kReduction,
  kDenominator,
  kFlags,
  kLossOut,
  kGradOut,
  kMore,
  kMoreGrads,
  kStatistics,
  kUpstream,
  kCount
};

py::object compute(const Arguments& given) {
  fl_call call{};
  call.struct_size = sizeof call;
  call.loss_id = int32_t(given.integer(kLoss));
  double values[FL_MAX_PARAMS];
  const py::tuple params = given.tuple(kParams);
  call.params = values;
  call.num_params = int32_t(params.size());
  for (size_t i = 0; i < params.size() && i < FL_MAX_PARAMS; ++i)
    values[i] = Arguments::to_number(params[i]);
  call.reduction = int32_t(given.integer(kReduction));
  call.denominator = given.number(kDenominator);
  call.flags = int32_t(given.integer(kFlags));
  call.has_upstream = 1;
  call.upstream = given[kUpstream].is_none() ? 1 : given.number(kUpstream);
  if (!given[kIgnoreLabel].is_none()) {
    call.has_ignore_label = 1;
    call.ignore_label = given.integer(kIgnoreLabel);
  }
  View views[7];
  view(given[kTrue], "y_true", views[0]);
  view(given[kPred], "y_pred", views[1]);
  view(given[kSampleWeight], "sample_weight", views[2]);
  view(given[kMask], "mask", views[3]);
  view(given[kClassWeight], "class_weight", views[4]);
  view_output(given[kLossOut], "loss_out", views[5]);
  view_output(given[kGradOut], "grad_out", views[6]);
  Further further;
  const py::tuple more = given.tuple(kMore), more_grads = given.tuple(kMoreGrads);
  if (!more.empty() || !more_grads.empty()) further.read(more, more_grads);
  View found[4];
  if (!given[kStatistics].is_none()) read_statistics(given.tuple(kStatistics), found);
  const int ndim = views[1].tensor.ndim;
  if (!given[kRowAxis].is_none()) {
    const int64_t axis = given.integer(kRowAxis), place = axis < 0 ? axis + ndim : axis;
    if (place < 0 || place >= ndim)
      throw py::value_error("axis must lie in [" + std::to_string(-ndim) + ", " +
                            std::to_string(ndim) + "), got " + std::to_string(axis));
    call.row_axes = 1;
    const bool per_class = views[4].tensor.ndim == 1;  // weights of classes have no other axis
    for (int i : {0, 1, 2, 4, 6})
      if (views[i].tensor.data && views[i].tensor.ndim == ndim && !(i == 4 && per_class))
        views[i].move_axis_last(int(place));
    for (View& v : further.views)
      if (v.tensor.data && v.tensor.ndim == ndim) v.move_axis_last(int(place));
  }
  call.y_true = views[0].tensor;
  call.y_pred = views[1].tensor;
  call.sample_weight = views[2].tensor;
  call.mask = views[3].tensor;
  call.class_weight = views[4].tensor;
  call.loss = views[5].tensor;
  call.grad = views[6].tensor;
  for (int k = 0; k < FL_MAX_MORE; ++k) {
    call.more[k] = further.views[k].tensor;
    call.more_grad[k] = further.views[FL_MAX_MORE + k].tensor;
  }
  call.statistics = {found[0].tensor, found[1].tensor, found[2].tensor, found[3].tensor};
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
    {"compute", method<compute, kGradOut + 1, kCount>(), METH_FASTCALL,
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
