// What an operation of XLA is asked for, as calls of the C interface.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>

#include "bindings/xla_arguments.hpp"

namespace fl::xla {

// One operation serves every loss. What is computed stands in attributes, so that a compiled
// program carries no pointer; two of them are sets of bits, which say what the buffers are.
enum Operand { kTrue, kPred, kMore, kWeight = kMore + FL_MAX_MORE, kMask, kClassWeight, kUpstream };
enum Result { kLoss, kGrad, kMoreGrad, kScale = kMoreGrad + FL_MAX_MORE, kStatistics };
constexpr const char* kOperands[] = {"y_true",        "y_pred", "more_0",       "more_1",
                                     "sample_weight", "mask",   "class_weight", "upstream"};
constexpr const char* kResults[] = {"loss",           "grad",    "more_grad_0",
                                    "more_grad_1",    "scale",   "log_sum_exp",
                                    "label_log_prob", "entropy", "argmax"};
constexpr int kOperandCount = std::size(kOperands), kResultCount = std::size(kResults);
static_assert(kUpstream + 1 == kOperandCount && kStatistics + 4 == kResultCount);

class Calls {
 public:
  explicit Calls(const CallFrame& frame) {
    const Options attributes(frame.attributes);
    read_attributes(attributes);
    const int64_t ndim = attributes.integer("ndim"), axis = attributes.integer("row_axis");
    const Buffer* given[kOperandCount] = {};
    const Buffer* wanted[kResultCount] = {};
    assign(frame.arguments, attributes.integer("operands"), "operands", given);
    assign(frame.results, attributes.integer("results"), "results", wanted);
    if (!given[kPred] || !wanted[kLoss]) fail("y_pred and loss must be given");
    const int64_t axes = given[kPred]->rank - ndim;
    if (ndim < 0 || axes < 0 || axis >= ndim || wanted[kLoss]->rank < axes)
      fail("y_pred lacks axes");
    if (axes > FL_MAX_DIMS) fail("y_pred has too many axes");

    joined_ = can_be_joined(given, wanted, axes, ndim) ? axes : 0;
    axes_ = axes - joined_;
    std::copy_n(wanted[kLoss]->dims, axes, sizes_);
    for (int i = 0; i < kOperandCount; ++i)
      if (given[i])
        operands_[i].read(
            *given[i], kOperands[i],
            i == kClassWeight && !is_like_y_pred(*given[i], axes, ndim) ? axes : axes_);
    for (int i = 0; i < kResultCount; ++i)
      if (wanted[i]) results_[i].read(*wanted[i], kResults[i], axes_);
    lay_out(int(ndim + joined_), axis < 0 ? -1 : int(axis + joined_));
  }

  // run(call, upstream, scale): the last two are numbers in the memory of the device.
  template <class Run>
  void each(const Run& run) const {
    int64_t count = 1, place[FL_MAX_DIMS] = {};
    for (int64_t d = 0; d < axes_; ++d) count *= sizes_[d];
    for (int64_t i = 0; i < count; ++i) {
      fl_call call = call_at(place);
      run(call, operands_[kUpstream].at(place), results_[kScale].at(place));
      for (int64_t d = axes_ - 1; d >= 0 && ++place[d] == sizes_[d]; --d) place[d] = 0;
    }
  }

 private:
  void read_attributes(const Options& attributes) {
    call_.struct_size = sizeof call_;
    const std::string loss = attributes.text("loss");  // numbers change when a loss is added
    call_.loss_id = fl_find_loss(loss.c_str());
    if (call_.loss_id < 0) fail("there is no loss " + loss);
    const Array params = attributes.numbers("params");
    call_.params = static_cast<const double*>(params.data);
    call_.num_params = int32_t(params.size);
    call_.reduction = int32_t(attributes.integer("reduction"));
    call_.flags = int32_t(attributes.integer("flags"));
    call_.has_ignore_label = attributes.integer("has_ignore_label") != 0;
    call_.ignore_label = attributes.integer("ignore_label");
    call_.denominator = attributes.number("denominator");
  }

  // The buffers of a call frame by what they are.
  template <int count>
  static void assign(const Buffers& buffers, int64_t bits, const char* what,
                     const Buffer* (&out)[count]) {
    int64_t next = 0;
    for (int i = 0; i < count; ++i)
      if (bits >> i & 1) {
        if (next == buffers.size) break;
        out[i] = buffers.buffers[next++];
      }
    if (next != buffers.size || bits >> count || __builtin_popcountll(uint64_t(bits)) != next)
      fail(std::string("as many ") + what + " as bits are needed");
  }

  // Whether a tensor has the axes of y_pred, not those of its classes alone.
  bool is_like_y_pred(const Buffer& buffer, int64_t axes, int64_t ndim) const {
    return buffer.rank == axes + ndim && fl_get_loss_info(call_.loss_id)->kind == FL_POINTWISE;
  }

  // Whether all calls of a batch are one with more rows: then rows of a batch run in parallel, and
  // on a GPU they need one launch, not one each.
  bool can_be_joined(const Buffer* const (&given)[kOperandCount],
                     const Buffer* const (&wanted)[kResultCount], int64_t axes,
                     int64_t ndim) const {
    if (call_.reduction != FL_NONE || given[kUpstream] || wanted[kScale]) return false;
    const Buffer* const weight = given[kClassWeight];
    if (!weight || is_like_y_pred(*weight, axes, ndim)) return true;
    return weight->rank >= axes &&
           std::all_of(weight->dims, weight->dims + axes, [](int64_t size) { return size == 1; });
  }

  // Repeats what has fewer numbers than y_pred, and puts the classes of a row last.
  void lay_out(int ndim, int axis) {
    int64_t shape[FL_MAX_DIMS], rows[FL_MAX_DIMS];
    for (int d = 0, row = 0; d < ndim; ++d) {
      shape[d] = d < joined_ ? sizes_[d] : operands_[kPred].size(d);
      if (d != axis) rows[row++] = shape[d];
    }
    call_.row_axes = axis >= 0;
    for (int i = 0; i < kOperandCount; ++i)
      if (Batch& x = operands_[i]; x && x.rank() == ndim)
        x.expand(shape);
      else if (x && x.rank() == ndim - call_.row_axes && i != kClassWeight)
        x.expand(rows);
    if (axis < 0) return;
    for (Batch& x : operands_)
      if (x && x.rank() == ndim) x.move_axis_last(axis);
    for (Batch& x : results_)
      if (x && x.rank() == ndim) x.move_axis_last(axis);
  }

  fl_call call_at(const int64_t* place) const {
    fl_call call = call_;
    call.y_true = operands_[kTrue].at(place);
    call.y_pred = operands_[kPred].at(place);
    call.sample_weight = operands_[kWeight].at(place);
    call.mask = operands_[kMask].at(place);
    call.class_weight = operands_[kClassWeight].at(place);
    call.loss = results_[kLoss].at(place);
    call.grad = results_[kGrad].at(place);
    for (int k = 0; k < FL_MAX_MORE; ++k) {
      call.more[k] = operands_[kMore + k].at(place);
      call.more_grad[k] = results_[kMoreGrad + k].at(place);
    }
    const Batch* const found = results_ + kStatistics;
    call.statistics = {found[0].at(place), found[1].at(place), found[2].at(place),
                       found[3].at(place)};
    return call;
  }

  fl_call call_{};  // without tensors
  int64_t axes_ = 0, joined_ = 0, sizes_[FL_MAX_DIMS] = {};
  Batch operands_[kOperandCount], results_[kResultCount];
};

}  // namespace fl::xla
