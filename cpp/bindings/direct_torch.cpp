#include <cmath>

#include "bindings/calls.hpp"
#include "bindings/cuda.hpp"
#include "bindings/direct.hpp"
#include "bindings/method.hpp"
#include "bindings/torch.hpp"
#include "runtime/tensors.hpp"

namespace py = pybind11;

namespace fl {
namespace {

// What `know_torch` was told. Written once, while `fusedloss.torch` is imported, and never freed:
// torch outlives this module.
struct Torch {
  PyObject* kinds = nullptr;  // the exact types of ordinary tensors
  // Functions that return what is true while something looks on, at operations or at gradients.
  PyObject *at_operations = nullptr, *transforms = nullptr;
  PyObject* forward_mode = nullptr;  // the dict where its level is, negative outside it
  PyObject *is_grad_enabled = nullptr, *keeps_graph = nullptr, *is_batched = nullptr;
  PyObject *empty_like = nullptr, *templates[2] = {};  // losses in float32 and in float64
  PyObject *level = nullptr, *is_cpu = nullptr, *is_cuda = nullptr, *is_neg = nullptr,
           *requires_grad = nullptr;  // names
} torch;

bool is_true(py::object value) {
  const int truth = PyObject_IsTrue(value.ptr());
  if (truth < 0) throw py::error_already_set();
  return truth;
}

py::object owned(PyObject* object) {
  if (!object) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(object);
}

bool ask(PyObject* function) { return is_true(owned(PyObject_CallNoArgs(function))); }
bool has(py::handle object, PyObject* attribute) {
  return is_true(owned(PyObject_GetAttr(object.ptr(), attribute)));
}

bool any_of(PyObject* functions) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(functions); ++i)
    if (ask(PyTuple_GET_ITEM(functions, i))) return true;
  return false;
}

bool in_forward_mode() {
  PyObject* level = PyDict_GetItemWithError(torch.forward_mode, torch.level);
  return !level || Arguments::to_integer(level) >= 0;
}

// Whether tensors may be more than their values: batches, or with derivatives of their own.
bool are_transformed() { return ask(torch.transforms) || in_forward_mode(); }

bool are_watched() { return any_of(torch.at_operations) || are_transformed(); }

// Kinds are compared: subclasses have a meaning of their own.
bool is_plain(py::handle tensor) {
  PyObject* const kind = reinterpret_cast<PyObject*>(Py_TYPE(tensor.ptr()));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(torch.kinds); ++i)
    if (PyTuple_GET_ITEM(torch.kinds, i) == kind) return true;
  return false;
}

// The memory of x.conj().imag holds the negative of its values.
bool is_negative(py::handle tensor) {
  return is_true(owned(PyObject_CallMethodNoArgs(tensor.ptr(), torch.is_neg)));
}

// Whether the kernels of a kind of device may read tensors; `on_device` says if one is there.
template <class On>
bool may_read(const Arguments& given, On on_device) {
  if (!torch.kinds || are_watched()) return false;
  const bool recording = given[0].ptr() == Py_True;
  for (Py_ssize_t i = 1; i < given.count(); ++i) {
    const py::handle tensor = given[i];
    if (tensor.is_none()) continue;
    if (!is_plain(tensor) || !on_device(tensor, i) || is_negative(tensor) ||
        (i > 1 && recording && has(tensor, torch.requires_grad)))
      return false;
  }
  return true;
}

py::object covers(const Arguments& given) {
  return py::bool_(!is_emulated() && may_read(given, [](py::handle tensor, Py_ssize_t) {
    return has(tensor, torch.is_cpu);
  }));
}

// Where y_pred is on a GPU; whether the others are is asked by `view`, which says which is not.
py::object covers_cuda(const Arguments& given) {
  PyObject* const on_gpu = is_emulated() ? torch.is_cpu : torch.is_cuda;
  return py::bool_(may_read(
      given, [&](py::handle tensor, Py_ssize_t i) { return i > 1 || has(tensor, on_gpu); }));
}

py::object last_upstream(const Arguments& given) {
  const py::handle upstream = given[0];
  if (is_emulated() || !torch.kinds || !is_plain(upstream) || ask(torch.is_grad_enabled) ||
      ask(torch.keeps_graph) || are_transformed() ||
      is_true(owned(PyObject_CallOneArg(torch.is_batched, upstream.ptr()))) ||
      is_negative(upstream) || !has(upstream, torch.is_cpu))
    return py::none();
  View one;
  view(upstream, "upstream", one);
  if (one.tensor.ndim != 0) return py::none();
  return py::float_(read_number(one.tensor, 0));
}

// The places of the arguments, as _core.pyi names them.
enum { kCodes, kLoss, kParams, kPred, kTrue, kReduction, kRowAxis, kIgnoreLabel, kCount };

// The allocator that torch offers through DLPack takes 2.2 us where this takes 2.4, and neither
// keeps other memory formats nor gives memory that can be resized.
py::object new_like(PyObject* tensor) {
  return owned(PyObject_CallOneArg(torch.empty_like, tensor));
}

py::object compute(const Arguments& given) {
  const py::handle input = given[kPred], target = given[kTrue];
  if (is_emulated() || !torch.kinds || !is_plain(input) || !is_plain(target) || are_watched() ||
      is_negative(input) || is_negative(target))
    return py::none();
  const bool recording = ask(torch.is_grad_enabled);
  if (recording && has(target, torch.requires_grad)) return py::none();

  Head head;
  if (!head.read(given[kLoss], given.tuple(kParams), given[kCodes], given[kReduction],
                 given[kIgnoreLabel]))
    return py::none();
  fl_call& call = head.call;
  call.flags = FL_EMPTY_IS_NAN;

  View y_true, y_pred;
  view(target, "y_true", y_true);
  view(input, "y_pred", y_pred);
  const fl_tensor& x = y_pred.tensor;
  const bool wide = x.dtype == FL_FLOAT64;
  // float64 targets widen the predictions.
  if (!is_floating(x.dtype) || (y_true.tensor.dtype == FL_FLOAT64 && !wide)) return py::none();
  const bool over_rows = !given[kRowAxis].is_none();
  const bool labels = over_rows && y_true.tensor.ndim < x.ndim;
  const int64_t axis = over_rows ? given.integer(kRowAxis) : 0;
  if (over_rows && axis >= x.ndim) return py::none();
  if (y_true.tensor.ndim != x.ndim - labels) return py::none();
  if (over_rows && !labels) {
    if (!is_floating(y_true.tensor.dtype) || (call.has_ignore_label && call.ignore_label >= 0))
      return py::none();
    call.has_ignore_label = 0;
  }
  call.row_axes = over_rows;

  View loss, grad;
  const bool wanted = recording && has(input, torch.requires_grad);
  if (wanted && element_count(x) * item_size(x.dtype) >= kReuseBytes) return py::none();
  const py::object value = new_like(torch.templates[wide]);
  view(value, "loss", loss);
  py::object gradient;
  if (wanted) {
    gradient = new_like(input.ptr());
    view(gradient, "grad", grad);
    // For the reason that `_autograd.fused` has.
    if (x.dtype == FL_FLOAT16) call.flags |= FL_UNSCALED_GRAD;
  }
  if (over_rows) {
    y_pred.move_axis_last(int(axis));
    if (!labels) y_true.move_axis_last(int(axis));
    if (wanted) grad.move_axis_last(int(axis));
  }
  call.y_true = y_true.tensor;
  call.y_pred = y_pred.tensor;
  call.loss = loss.tensor;
  call.grad = grad.tensor;
  const double scale = run(call, true);
  // A loss that refuses values answers them with NaN, and leaves it to Python to find them.
  if (std::isnan(read_number(loss.tensor, 0))) return py::none();
  if (!wanted) return value;
  const py::handle ignored = call.has_ignore_label ? given[kIgnoreLabel] : py::handle(Py_None);
  const py::object options = py::make_tuple(given[kLoss], given[kParams], ignored, given[kRowAxis],
                                            call.reduction, 0.0, call.flags);
  const py::object saved = py::make_tuple(gradient, target, input);
  return py::make_tuple(value, call.flags & FL_UNSCALED_GRAD ? scale : 1.0, options, saved);
}

py::object know(const Arguments& given) {
  Torch known;
  PyObject** const places[] = {&known.kinds,        &known.at_operations, &known.transforms,
                               &known.forward_mode, &known.level,         &known.is_grad_enabled,
                               &known.keeps_graph,  &known.is_batched,    &known.empty_like,
                               &known.templates[0], &known.templates[1]};
  for (Py_ssize_t i = 0; i < given.count(); ++i) *places[i] = given[i].inc_ref().ptr();
  known.is_cpu = PyUnicode_InternFromString("is_cpu");
  known.is_cuda = PyUnicode_InternFromString("is_cuda");
  known.is_neg = PyUnicode_InternFromString("is_neg");
  known.requires_grad = PyUnicode_InternFromString("requires_grad");
  torch = known;
  return py::none();
}

PyMethodDef methods[] = {
    {"know_torch", method<know, 11>(), METH_FASTCALL,
     "know_torch(kinds, at_operations, transforms, forward_mode, level, "
     "is_grad_enabled, keeps_graph, is_batched, empty_like, template, wide_template, /)\n--\n\nSay "
     "what to ask torch."},
    {"torch_covers", method<covers, 2, 64>(), METH_FASTCALL,
     "torch_covers(recording, y_pred, *constants)\n--\n\nWhether a kernel may read these."},
    {"torch_covers_cuda", method<covers_cuda, 2, 64>(), METH_FASTCALL,
     "torch_covers_cuda(recording, y_pred, *constants)\n--\n\nWhether a kernel for GPUs may."},
    {"torch_loss", method<attempt<compute>, kCount>(), METH_FASTCALL,
     "torch_loss(codes, loss, params, y_pred, y_true, reduction, row_axis, ignore_label, "
     "/)\n--\n\nThe loss; or what to record; None where the general code has to look."},
    {"last_upstream", method<attempt<last_upstream>, 1>(), METH_FASTCALL,
     "last_upstream(upstream, /)\n--\n\nWhat flows into a loss, as a number, if the graph ends "
     "with "
     "this backward; else None."},
    {}};

}  // namespace

void add_direct_torch(py::module_& module) {
  if (PyModule_AddFunctions(module.ptr(), methods) != 0) throw py::error_already_set();
}

}  // namespace fl
