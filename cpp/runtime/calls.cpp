#include "runtime/calls.hpp"

#include <algorithm>

#include "runtime/status.hpp"
#include "runtime/tensors.hpp"

namespace fl {
namespace {

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
  Operand* operands_[3 + 2 * kMaxPredictions];  // y_true, weight, mask; predictions, gradients
  int count_ = 0;
};

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
  k.labels_are_classes = arguments.class_labels;
  k.has_ignore_label = arguments.class_labels && call.has_ignore_label;
  k.ignore_label = call.ignore_label;
  const Operand& y_pred = k.x[0];
  const bool neighbours = k.rows.ndim > 0 && y_pred.strides[k.rows.ndim - 1] == 1;
  const bool inner = y_pred.class_stride != 1 && neighbours;  // the class axis is not last
  // Every target class of a row takes a sweep of its own, and neighbours seldom share one: rows of
  // 32 classes with 3 targets each took twice as long together, of 64 classes 5 times.
  const int64_t few = runs_over_pairs(call.loss_id) && k.dense ? kFewClasses / 4 : kFewClasses;
  k.across = k.classes <= few || inner;
  const fl_statistics& s = call.statistics;
  k.statistics = {static_cast<char*>(s.log_sum_exp.data),
                  static_cast<char*>(s.label_log_prob.data),
                  static_cast<char*>(s.entropy.data),
                  {s.argmax.data, s.argmax.dtype == FL_INT32}};
  const int64_t fitting = std::max<int64_t>(1, kChunk / k.classes);
  k.group = inner ? neighbours_together(k.classes) : kRowGroup;
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
  if (arguments.class_labels) {
    merger.add(call.y_true, k.labels);
    k.has_ignore_label = call.has_ignore_label;
    k.ignore_label = call.ignore_label;
    k.classes = arguments.row_length;
    const fl_tensor& w = call.class_weight;
    if (k.weighted && (call.flags & FL_CLASS_WEIGHTED_MEAN) && w.data)
      k.class_weight = {
          .data = static_cast<char*>(w.data), .dtype = w.dtype, .class_stride = stride_of(w, 0)};
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
