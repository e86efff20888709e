#include <algorithm>

#include "bindings/calls.hpp"
#include "bindings/direct.hpp"
#include "bindings/method.hpp"
#include "runtime/tensors.hpp"

namespace py = pybind11;

namespace fl {
namespace {

bool is_array(py::handle object) {  // not of a subclass, which may have a meaning of its own
  return Py_TYPE(object.ptr()) == py::detail::npy_api::get().PyArray_Type_;
}

// Calls f with the numbers of x, if it is contiguous and of a type that C++ has. Returns whether.
template <class F>
bool visit(const fl_tensor& x, F f) {
  if (!is_contiguous(x)) return false;
  const auto as = [&](auto* values) { return f(values), true; };
  switch (x.dtype) {
    case FL_FLOAT32:
      return as(static_cast<const float*>(x.data));
    case FL_FLOAT64:
      return as(static_cast<const double*>(x.data));
    case FL_INT8:
      return as(static_cast<const int8_t*>(x.data));
    case FL_INT16:
      return as(static_cast<const int16_t*>(x.data));
    case FL_INT32:
      return as(static_cast<const int32_t*>(x.data));
    case FL_INT64:
      return as(static_cast<const int64_t*>(x.data));
    case FL_UINT8:
    case FL_BOOL:
      return as(static_cast<const uint8_t*>(x.data));
    default:
      return false;
  }
}

// Whether all numbers are in [0, highest] or NaN, as far as that is easily seen.
bool are_within(const fl_tensor& x, double highest) {
  int64_t outside = 0;
  const int64_t count = element_count(x);
  return visit(x,
               [&](const auto* values) {
                 for (int64_t i = 0; i < count; ++i)
                   outside += (values[i] < 0) | (values[i] > highest);
               }) &&
         outside == 0;
}

py::object signs(const Arguments& given) {
  if (!is_array(given[0])) return py::none();
  View y_true;
  view(given[0], "y_true", y_true);
  const fl_tensor& x = y_true.tensor;
  const int64_t count = element_count(x);
  py::object result = py::none();
  visit(x, [&](const auto* values) {
    for (int64_t i = 0; i < count; ++i)
      if (values[i] != 0 && values[i] != 1) {
        result = py::reinterpret_borrow<py::object>(given[0]);
        return;
      }
    py::array_t<int8_t> array(py::array::ShapeContainer(x.shape, x.shape + x.ndim));
    int8_t* const to = array.mutable_data();
    for (int64_t i = 0; i < count; ++i) to[i] = values[i] == 0 ? -1 : 1;
    result = array;
  });
  return result;
}

// The places of the arguments and of the options, as _core.pyi names them.
enum {
  kLoss,
  kParams,
  kTrue,
  kPred,
  kOptions,
  kReductions,
  kAxis,
  kLabels,
  kIgnoreLabel,
  kHighest,
  kCount
};
enum { kSampleWeight, kMask, kReduction, kDenominator, kReturnGrad, kOut, kOptionCount };

py::object compute(const Arguments& given) {
  const py::tuple options = given.tuple(kOptions);
  for (int i : {kSampleWeight, kMask, kDenominator, kOut})
    if (!options[i].is_none()) return py::none();
  if (!is_array(given[kTrue]) || !is_array(given[kPred])) return py::none();
  Head head;
  if (!head.read(given[kLoss], given.tuple(kParams), given[kReductions], options[kReduction],
                 given[kIgnoreLabel]))
    return py::none();
  fl_call& call = head.call;

  View y_true, y_pred, grad;
  view(given[kTrue], "y_true", y_true);
  view(given[kPred], "y_pred", y_pred);
  const fl_tensor& x = y_pred.tensor;
  const bool labels = given[kLabels].ptr() == Py_True;
  const fl_loss_info* const info = fl_get_loss_info(call.loss_id);
  if (!info) return py::none();
  const bool row_loss = info->kind == FL_ROW;
  if (x.ndim < (row_loss ? 2 : 1) || y_true.tensor.ndim != x.ndim - labels) return py::none();
  if (!is_floating(x.dtype) || (labels && !is_integer(y_true.tensor.dtype))) return py::none();
  // A large gradient comes from a Buffer; and beside it the general code takes no time.
  if (element_count(x) * item_size(x.dtype) >= kReuseBytes) return py::none();
  if (!given[kHighest].is_none() &&
      (call.has_ignore_label || !are_within(x, given.number(kHighest))))
    return py::none();
  int64_t axis = given.integer(kAxis);
  if (axis < -x.ndim || axis >= x.ndim) return py::none();
  axis = axis < 0 ? axis + x.ndim : axis;

  py::object gradient;
  if (options[kReturnGrad].ptr() == Py_True) {
    const auto array = py::reinterpret_borrow<py::array>(given[kPred]);
    gradient = py::array(array.dtype(), py::array::ShapeContainer(x.shape, x.shape + x.ndim));
    view(gradient, "grad", grad);
  } else if (options[kReturnGrad].ptr() != Py_False) {
    return py::none();
  }
  if (row_loss || x.ndim > 1) {  // a 1-D array of a pointwise loss: every element is a row
    call.row_axes = 1;
    y_pred.move_axis_last(int(axis));
    if (!labels) y_true.move_axis_last(int(axis));
    if (gradient) grad.move_axis_last(int(axis));
  }
  union {
    float single;
    double wide;
  } loss;
  const bool in_double = x.dtype == FL_FLOAT64;
  call.loss = {&loss, nullptr, nullptr, 0, in_double ? FL_FLOAT64 : FL_FLOAT32};
  call.y_true = y_true.tensor;
  call.y_pred = y_pred.tensor;
  call.grad = grad.tensor;
  run(call, false);
  const py::dtype dtype = in_double ? py::dtype::of<double>() : py::dtype::of<float>();
  auto value = py::reinterpret_steal<py::object>(
      py::detail::npy_api::get().PyArray_Scalar_(&loss, dtype.ptr(), nullptr));
  if (!value) throw py::error_already_set();
  return gradient ? py::make_tuple(value, gradient) : value;
}

PyMethodDef methods[] = {
    {"numpy_signs", method<attempt<signs>, 1>(), METH_FASTCALL,
     "numpy_signs(y_true, /)\n--\n\nLabels 0 and 1 as -1 and 1, if there are no others; None if "
     "that is not easily seen."},
    {"numpy_loss", method<attempt<compute>, kCount>(), METH_FASTCALL,
     "numpy_loss(loss, params, y_true, y_pred, options, reductions, axis, labels, ignore_label, "
     "highest, /)\n--\n\nThe loss, with its gradient if it is wanted; None where the general code "
     "has to look."},
    {}};

}  // namespace

void add_direct_numpy(py::module_& module) {
  if (PyModule_AddFunctions(module.ptr(), methods) != 0) throw py::error_already_set();
}

}  // namespace fl
