#include "runtime/arguments.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "runtime/status.hpp"

namespace fl {
namespace {

const char* dtype_name(int32_t dtype) {
  constexpr const char* kNames[] = {"float32", "float64", "float16", "bfloat16", "int8",
                                    "int16",   "int32",   "int64",   "uint8",    "bool"};
  return dtype >= 0 && dtype <= FL_BOOL ? kNames[dtype] : "unknown";
}

bool is_floating(int32_t dtype) { return dtype >= FL_FLOAT32 && dtype <= FL_BFLOAT16; }
bool is_integer(int32_t dtype) { return dtype >= FL_INT8 && dtype <= FL_UINT8; }

int64_t item_size(int32_t dtype) {
  constexpr int64_t kSizes[] = {4, 8, 2, 2, 1, 2, 4, 8, 1, 1};
  return kSizes[dtype];
}

std::string shape_text(const fl_tensor& x, int ndim) {
  std::string text = "(";
  for (int d = 0; d < ndim; ++d) text += (d ? ", " : "") + std::to_string(x.shape[d]);
  return text + (ndim == 1 ? ",)" : ")");
}

// Whether x has the first `ndim` dimensions of y.
bool same_shape(const fl_tensor& x, const fl_tensor& y, int ndim) {
  return x.ndim == ndim && std::equal(x.shape, x.shape + ndim, y.shape);
}

void check_tensor(const char* name, const fl_tensor& x) {
  if (x.ndim < 0 || x.ndim > FL_MAX_DIMS)
    fail(FL_INVALID_VALUE, "%s has %d dimensions, but at most %d are supported", name, int(x.ndim),
         FL_MAX_DIMS);
  if (x.dtype < 0 || x.dtype > FL_BOOL)
    fail(FL_INVALID_TYPE, "%s has a dtype that is not supported", name);
}

void expect_shape(const char* name, const fl_tensor& x, const char* like, const fl_tensor& y,
                  int ndim) {
  check_tensor(name, x);
  if (!same_shape(x, y, ndim))
    fail(FL_INVALID_VALUE, "%s has shape %s, but %s needs shape %s", name,
         shape_text(x, x.ndim).c_str(), like, shape_text(y, ndim).c_str());
}

// Strides mean nothing then; NumPy sets them to 0.
bool is_empty(const fl_tensor& x) {
  return std::find(x.shape, x.shape + x.ndim, 0) != x.shape + x.ndim;
}

void expect_output(const char* name, const fl_tensor& x, int32_t dtype) {
  if (x.dtype != dtype)
    fail(FL_INVALID_TYPE, "%s has dtype %s, but %s is expected", name, dtype_name(x.dtype),
         dtype_name(dtype));
  for (int d = 0; x.strides && !is_empty(x) && d < x.ndim; ++d)
    if (x.strides[d] == 0 && x.shape[d] > 1)
      fail(FL_INVALID_VALUE, "%s is a broadcast view, which cannot be written to", name);
}

int64_t stride_of(const fl_tensor& x, int axis) {
  if (x.strides) return x.strides[axis];
  int64_t stride = 1;
  for (int d = x.ndim - 1; d > axis; --d) stride *= x.shape[d];
  return stride;
}

bool is_contiguous(const fl_tensor& x) {
  int64_t expected = 1;
  for (int d = x.ndim - 1; d >= 0; --d) {
    if (x.shape[d] != 1 && stride_of(x, d) != expected) return false;
    expected *= x.shape[d];
  }
  return true;
}

// An index space over the first `ndim` dimensions of `shape`, and the operands seen from it.
// Dimensions of size 1 vanish; neighbours that every operand steps through evenly become one.
class Merger {
 public:
  Merger(const int64_t* shape, int ndim) : shape_(shape), ndim_(ndim) {}

  // Tensors with fewer dimensions than the space are broadcast over the missing last ones.
  void add(const fl_tensor& x, Operand& operand) {
    if (!x.data) return;
    operand.data = static_cast<char*>(x.data);
    operand.dtype = x.dtype;
    for (int d = 0; d < ndim_; ++d)
      operand.strides[d] = d < x.ndim && shape_[d] != 1 ? stride_of(x, d) : 0;
    operands_[count_++] = &operand;
  }

  Space merge() {
    Space space;
    for (int d = 0; d < ndim_; ++d) {
      space.count *= shape_[d];
      if (shape_[d] == 1) continue;
      const int last = space.ndim - 1;
      const bool even = last >= 0 && std::all_of(begin(), end(), [&](auto* x) {
                          return x->strides[last] == x->strides[d] * shape_[d];
                        });
      const int to = even ? last : space.ndim++;
      space.sizes[to] = even ? space.sizes[to] * shape_[d] : shape_[d];
      for (Operand* x : *this) x->strides[to] = x->strides[d];
    }
    for (Operand* x : *this) {
      int64_t expected = 1;
      x->contiguous = true;
      for (int d = space.ndim - 1; d >= 0; --d) {
        x->contiguous &= x->strides[d] == expected;
        expected *= space.sizes[d];
      }
    }
    return space;
  }

  Operand** begin() { return operands_; }
  Operand** end() { return operands_ + count_; }

 private:
  const int64_t* shape_;
  int ndim_;
  Operand* operands_[9];
  int count_ = 0;
};

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
      const std::string domain =
          std::isinf(p.high)
              ? (p.low_excluded ? "> " : ">= ") + std::to_string(int(p.low))
              : "between " + std::to_string(int(p.low)) + " and " + std::to_string(int(p.high));
      fail(FL_INVALID_VALUE, "%s must be finite and %s, got %g", p.name, domain.c_str(), value);
    }
    arguments.params[i] = value;
  }
}

double read_number(const fl_tensor& x, int64_t index) {
  const char* at = static_cast<const char*>(x.data) + index * item_size(x.dtype);
  const auto as = [&](auto value) {
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  switch (x.dtype) {
    case FL_FLOAT32:
      return double(as(float()));
    case FL_FLOAT64:
      return as(double());
    case FL_INT8:
      return as(int8_t());
    case FL_INT16:
      return as(int16_t());
    case FL_INT32:
      return as(int32_t());
    case FL_INT64:
      return double(as(int64_t()));
    case FL_BFLOAT16: {
      const uint32_t bits = uint32_t(as(uint16_t())) << 16;
      float value;
      std::memcpy(&value, &bits, sizeof value);
      return double(value);
    }
    case FL_FLOAT16: {
      const uint16_t bits = as(uint16_t());
      const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
      const double size = exponent == 31 ? (mantissa ? NAN : INFINITY)
                          : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                         : std::ldexp(mantissa, -24);
      return bits & 0x8000 ? -size : size;
    }
    default:
      return as(uint8_t());
  }
}

void check_targets(const fl_call& call, Arguments& arguments) {
  const fl_loss_info& info = *arguments.info;
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
  } else {
    expect_shape("y_true", call.y_true, "a target for every entry of y_pred", call.y_pred,
                 call.y_pred.ndim);
  }
}

void check_class_weight(const fl_call& call, Arguments& arguments) {
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
  for (int64_t c = 0; c < arguments.row_length; ++c)
    arguments.class_weight.push_back(read_number(w, c * stride_of(w, 0)));
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
  check("argmax", s.argmax, FL_INT64);
  // With smoothing every class is swept, and the labelled one is not looked up.
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
  if (arguments.info->kind == FL_ROW) {
    if (arguments.row_length < 1 || arguments.row_length > INT32_MAX)
      fail(FL_INVALID_VALUE, "y_pred has shape %s: the number of classes must be in [1, 2^31)",
           shape_text(y_pred, y_pred.ndim).c_str());
  }
  check_targets(call, arguments);
  check_more(call, *arguments.info);
  check_class_weight(call, arguments);
  check_weights(call, arguments);
  check_outputs(call, arguments);
  check_statistics(call, arguments);
  return arguments;
}

namespace {

// Not if it overwrites the predictions: these are in the caches already.
bool should_stream(const fl_call& call, int64_t elements) {
  return call.grad.data && call.grad.data != call.y_pred.data &&
         elements * item_size(call.grad.dtype) >= kStreamBytes;
}

}  // namespace

PointwiseCall pointwise_call(const fl_call& call, const Arguments& arguments) {
  PointwiseCall k;
  Merger merger(call.y_pred.shape, call.y_pred.ndim);
  merger.add(call.y_true, k.y_true);
  merger.add(call.y_pred, k.y_pred);
  merger.add(call.sample_weight, k.sample_weight);
  merger.add(call.mask, k.mask);
  merger.add(arguments.info->num_more ? call.more[0] : call.class_weight, k.third);
  merger.add(call.grad, k.grad);
  merger.add(call.more_grad[0], k.more_grad);
  k.elements = merger.merge();
  k.want_loss = call.loss.data != nullptr;
  k.stream_grad = should_stream(call, k.elements.count);
  k.row_length = arguments.row_length;
  if (k.want_loss && call.reduction == FL_NONE) {
    k.loss.data = static_cast<char*>(call.loss.data);
    if (k.row_length > 1) k.block = std::max<int64_t>(1, kChunk / k.row_length) * k.row_length;
  }
  std::copy(std::begin(arguments.params), std::end(arguments.params), k.params);
  return k;
}

RowCall row_call(const fl_call& call, const Arguments& arguments) {
  RowCall k;
  const int rows = call.y_pred.ndim - 1;
  Merger merger(call.y_pred.shape, rows);
  const auto add = [&](const fl_tensor& x, Operand& operand) {
    merger.add(x, operand);
    if (x.data && x.ndim > rows) operand.class_stride = stride_of(x, rows);
  };
  add(call.y_true, k.y_true);
  add(call.y_pred, k.x[0]);
  add(call.grad, k.grad[0]);
  k.predictions = 1 + arguments.info->num_more;
  for (int i = 0; i < arguments.info->num_more; ++i) {
    add(call.more[i], k.x[i + 1]);
    add(call.more_grad[i], k.grad[i + 1]);
  }
  add(call.sample_weight, k.sample_weight);
  add(call.mask, k.mask);
  k.rows = merger.merge();
  k.classes = arguments.row_length;
  k.stream_grad = should_stream(call, k.rows.count * k.classes);
  k.dense = !arguments.labels;
  if (call.loss.data && call.reduction == FL_NONE) k.loss.data = static_cast<char*>(call.loss.data);
  k.labels_are_classes = arguments.info->targets == FL_TARGETS_ELEMENTS;
  k.has_ignore_label = arguments.labels && call.has_ignore_label;
  k.ignore_label = call.ignore_label;
  const Operand& y_pred = k.x[0];
  const bool neighbours = k.rows.ndim > 0 && y_pred.strides[k.rows.ndim - 1] == 1;
  k.across = k.classes <= kFewClasses || (y_pred.class_stride != 1 && neighbours);
  const fl_statistics& s = call.statistics;
  k.statistics = {static_cast<char*>(s.log_sum_exp.data), static_cast<char*>(s.label_log_prob.data),
                  static_cast<char*>(s.entropy.data), static_cast<int64_t*>(s.argmax.data)};
  const int64_t fitting = std::max<int64_t>(1, kChunk / k.classes);
  k.block = k.across ? std::max<int64_t>(1, fitting / kRowGroup) * kRowGroup : fitting;
  std::copy(std::begin(arguments.params), std::end(arguments.params), k.params);
  return k;
}

DivisorCall divisor_call(const fl_call& call, const Arguments& arguments, bool weighted) {
  DivisorCall k;
  const int rows = call.y_pred.ndim - call.row_axes;
  k.weighted = weighted;
  Merger merger(call.y_pred.shape,
                k.weighted && arguments.element_weights ? call.y_pred.ndim : rows);
  if (k.weighted) merger.add(call.sample_weight, k.sample_weight);
  merger.add(call.mask, k.mask);
  if (arguments.labels) {
    merger.add(call.y_true, k.labels);
    k.has_ignore_label = call.has_ignore_label;
    k.ignore_label = call.ignore_label;
    k.classes = arguments.row_length;
    if (k.weighted && (call.flags & FL_CLASS_WEIGHTED_MEAN) && !arguments.class_weight.empty())
      k.class_weight = arguments.class_weight.data();
  }
  k.rows = merger.merge();
  return k;
}

ScaleCall scale_call(const fl_tensor& input, double factor, const fl_tensor& output) {
  check_tensor("input", input);
  if (!is_floating(input.dtype))
    fail(FL_INVALID_TYPE, "input has dtype %s, but a floating dtype is expected",
         dtype_name(input.dtype));
  expect_shape("output", output, "the scaled input", input, input.ndim);
  expect_output("output", output, input.dtype);
  ScaleCall k;
  Merger merger(input.shape, input.ndim);
  merger.add(input, k.input);
  merger.add(output, k.output);
  k.elements = merger.merge();
  k.factor = factor;
  return k;
}

}  // namespace fl
