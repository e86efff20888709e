#include "runtime/arguments.hpp"

#include <cmath>
#include <cstdio>

#include "runtime/status.hpp"
#include "runtime/tensors.hpp"

namespace fl {
namespace {

void check_params(const fl_call& call, Arguments& arguments) {
  const fl_loss_info& info = *arguments.info;
  if (call.num_params < 0 || call.num_params > info.num_params)
    fail(FL_INVALID_VALUE, "%s takes %d parameters, got %d", info.name, int(info.num_params),
         int(call.num_params));
  for (int i = 0; i < info.num_params; ++i) {
    const fl_param_info& p = info.params[i];
    const double value = i < call.num_params ? call.params[i] : p.value;
    if (!(value >= p.low && value <= p.high) || (p.low_excluded && value == p.low) ||
        std::isinf(value)) {
      char domain[64] = "";  // of a parameter that may be any number
      if (std::isinf(p.high) && !std::isinf(p.low))
        std::snprintf(domain, sizeof domain, " and %s %g", p.low_excluded ? ">" : ">=", p.low);
      else if (!std::isinf(p.high) && p.low_excluded)
        std::snprintf(domain, sizeof domain, ", > %g and <= %g", p.low, p.high);
      else if (!std::isinf(p.high))
        std::snprintf(domain, sizeof domain, " and between %g and %g", p.low, p.high);
      fail(FL_INVALID_VALUE, "%s must be finite%s, got %g", p.name, domain, value);
    }
    arguments.params[i] = value;
  }
}

void check_targets(const fl_call& call, Arguments& arguments) {
  const fl_loss_info& info = *arguments.info;
  if (call.has_ignore_label && info.targets != FL_TARGETS_ELEMENTS)
    fail(FL_INVALID_VALUE, "ignore_label: %s has no labels of classes", info.name);
  if (info.targets == FL_TARGETS_NONE) {
    if (call.y_true.data) fail(FL_INVALID_VALUE, "y_true: %s takes no targets", info.name);
    return;
  }
  if (!call.y_true.data) fail(FL_INVALID_VALUE, "y_true must be given");
  check_tensor("y_true", call.y_true);
  const int rows = call.y_pred.ndim - 1;
  arguments.labels =
      info.kind == FL_ROW && (info.targets == FL_TARGETS_ROWS || call.y_true.ndim == rows);
  if (arguments.labels) {
    expect_shape("y_true", call.y_true, "labels of y_pred's rows", call.y_pred, rows);
    if (!is_integer(call.y_true.dtype))
      fail(FL_INVALID_TYPE, "y_true has dtype %s, but labels need an integer dtype",
           dtype_name(call.y_true.dtype));
    arguments.class_labels = info.targets == FL_TARGETS_ELEMENTS;
  } else {
    expect_shape("y_true", call.y_true, "a target for every entry of y_pred", call.y_pred,
                 call.y_pred.ndim);
  }
}

void check_class_weight(const fl_call& call, const Arguments& arguments) {
  const fl_tensor& w = call.class_weight;
  if (!w.data) return;
  if (!arguments.info->takes_class_weight)
    fail(FL_INVALID_VALUE, "class_weight: %s has no classes to weigh", arguments.info->name);
  check_tensor("class_weight", w);
  if (arguments.info->kind == FL_POINTWISE)
    return expect_shape("class_weight", w, "the shape of y_pred", call.y_pred, call.y_pred.ndim);
  if (w.ndim != 1 || w.shape[0] != arguments.row_length)
    fail(FL_INVALID_VALUE, "class_weight has shape %s, but %lld classes need shape (%lld,)",
         shape_text(w, w.ndim).c_str(), static_cast<long long>(arguments.row_length),
         static_cast<long long>(arguments.row_length));
}

// A gradient may overwrite the prediction it belongs to and nothing else; the front ends see to
// that.
void check_more(const fl_call& call, const fl_loss_info& info) {
  for (int k = 0; k < FL_MAX_MORE; ++k) {
    const fl_tensor& x = call.more[k];
    const fl_tensor& grad = call.more_grad[k];
    if (k >= info.num_more) {
      if (x.data || grad.data)
        fail(FL_INVALID_VALUE, "more: %s has %d predictions beside y_pred", info.name,
             int(info.num_more));
      continue;
    }
    if (!x.data) fail(FL_INVALID_VALUE, "%s must be given", info.more[k]);
    expect_shape(info.more[k], x, "it", call.y_pred, call.y_pred.ndim);
    if (!is_floating(x.dtype))
      fail(FL_INVALID_TYPE, "%s has dtype %s, but a floating dtype is expected", info.more[k],
           dtype_name(x.dtype));
    if (!grad.data) continue;
    expect_shape("more_grad", grad, "the gradient of a prediction", call.y_pred, call.y_pred.ndim);
    expect_output("more_grad", grad, call.y_pred.dtype);
  }
}

void check_statistics(const fl_call& call, const Arguments& arguments) {
  const fl_statistics& s = call.statistics;
  const auto check = [&](const char* name, const fl_tensor& x, int32_t dtype) {
    if (!x.data) return;
    if (!arguments.info->has_statistics)
      fail(FL_INVALID_VALUE, "statistics: %s has none", arguments.info->name);
    expect_shape(name, x, "an entry for every row", call.y_pred, call.y_pred.ndim - 1);
    expect_output(name, x, dtype);
    if (!is_empty(x) && !is_contiguous(x)) fail(FL_INVALID_VALUE, "%s must be C-contiguous", name);
  };
  const int32_t dtype = arguments.in_double ? FL_FLOAT64 : FL_FLOAT32;
  check("log_sum_exp", s.log_sum_exp, dtype);
  check("label_log_prob", s.label_log_prob, dtype);
  check("entropy", s.entropy, dtype);
  check("argmax", s.argmax, s.argmax.dtype == FL_INT32 ? FL_INT32 : FL_INT64);
  if (s.label_log_prob.data && !arguments.labels)
    fail(FL_INVALID_VALUE, "label_log_prob needs integer labels, but y_true has a value per class");
}

void check_weights(const fl_call& call, Arguments& arguments) {
  const int rows = call.y_pred.ndim - call.row_axes;
  if (call.sample_weight.data) {
    arguments.element_weights = call.row_axes && arguments.info->kind == FL_POINTWISE &&
                                call.sample_weight.ndim == call.y_pred.ndim;
    expect_shape(
        "sample_weight", call.sample_weight,
        arguments.element_weights ? "a weight for every element" : "a weight for every row",
        call.y_pred, arguments.element_weights ? call.y_pred.ndim : rows);
  }
  if (call.mask.data) {
    expect_shape("mask", call.mask, "an entry for every row", call.y_pred, rows);
    if (call.mask.dtype != FL_BOOL)
      fail(FL_INVALID_TYPE, "mask has dtype %s, but bool is expected", dtype_name(call.mask.dtype));
  }
}

void check_outputs(const fl_call& call, const Arguments& arguments) {
  if (call.loss.data) {
    const int rows = call.reduction == FL_NONE ? call.y_pred.ndim - call.row_axes : 0;
    expect_shape("loss", call.loss, call.reduction == FL_NONE ? "a loss for every row" : "a scalar",
                 call.y_pred, rows);
    expect_output("loss", call.loss, arguments.in_double ? FL_FLOAT64 : FL_FLOAT32);
    if (!is_empty(call.loss) && !is_contiguous(call.loss))
      fail(FL_INVALID_VALUE, "loss must be C-contiguous");
  }
  if (call.grad.data) {
    expect_shape("grad", call.grad, "the gradient of y_pred", call.y_pred, call.y_pred.ndim);
    expect_output("grad", call.grad, call.y_pred.dtype);
  }
}

}  // namespace

Arguments check_arguments(const fl_call& call) {
  if (call.struct_size != sizeof(fl_call))
    fail(FL_INVALID_VALUE, "fl_call has %zu bytes here, but %zu in the library: versions differ",
         call.struct_size, sizeof(fl_call));
  Arguments arguments;
  arguments.info = fl_get_loss_info(call.loss_id);
  if (!arguments.info) fail(FL_INVALID_VALUE, "loss_id: there is no loss %d", int(call.loss_id));
  check_params(call, arguments);

  const fl_tensor& y_pred = call.y_pred;
  if (!y_pred.data && !(y_pred.shape || y_pred.ndim == 0))
    fail(FL_INVALID_VALUE, "y_pred must be given");
  check_tensor("y_pred", y_pred);
  if (!is_floating(y_pred.dtype))
    fail(FL_INVALID_TYPE,
         "y_pred has dtype %s, but float16, bfloat16, float32 or float64 is expected",
         dtype_name(y_pred.dtype));
  if (call.row_axes < 0 || call.row_axes > 1 ||
      (call.row_axes == 0 && arguments.info->kind == FL_ROW))
    fail(FL_INVALID_VALUE, "row_axes must be %s, got %d",
         arguments.info->kind == FL_ROW ? "1" : "0 or 1", int(call.row_axes));
  if (y_pred.ndim < call.row_axes)
    fail(FL_INVALID_VALUE, "y_pred has shape (), but %s needs an axis of classes or outputs",
         arguments.info->name);
  if (call.reduction < FL_NONE || call.reduction > FL_WEIGHTED_MEAN)
    fail(FL_INVALID_VALUE, "reduction must be an fl_reduction, got %d", int(call.reduction));
  if (!(call.denominator >= 0) || std::isinf(call.denominator))
    fail(FL_INVALID_VALUE, "denominator must be finite and > 0, got %g", call.denominator);

  const int rows = y_pred.ndim - call.row_axes;
  for (int d = 0; d < rows; ++d) arguments.row_count *= y_pred.shape[d];
  arguments.row_length = call.row_axes ? y_pred.shape[rows] : 1;
  arguments.in_double = y_pred.dtype == FL_FLOAT64;
  if (arguments.info->kind == FL_ROW &&
      (arguments.row_length < 1 || arguments.row_length > INT32_MAX))
    fail(FL_INVALID_VALUE, "y_pred has shape %s: the number of classes must be in [1, 2^31)",
         shape_text(y_pred, y_pred.ndim).c_str());
  check_targets(call, arguments);
  check_more(call, *arguments.info);
  check_class_weight(call, arguments);
  check_weights(call, arguments);
  check_outputs(call, arguments);
  check_statistics(call, arguments);
  return arguments;
}

}  // namespace fl
