// What a launch of a pointwise loss gets, and how it is made from a call.
#pragma once

#include "cuda/calls.hpp"
#include "cuda/operand.hpp"
#include "cuda/reduce.hpp"
#include "cuda/segments.hpp"

namespace fl {

enum PointwiseInput { kTarget, kPrediction, kThird, kWeight, kMask, kPointwiseInputs };
enum PointwiseOutput { kGradient, kMoreGradient, kPointwiseOutputs };

struct PointwiseWork {
  DividedSpace elements;
  Segments segments;
  Operand input[kPointwiseInputs], output[kPointwiseOutputs];
  bool input_in_packs[kPointwiseInputs] = {}, output_in_packs[kPointwiseOutputs] = {};
  bool stream_grad = false;
  int item_bytes = 4, width = 4;  // of an element of y_pred; elements in a pack of them
  ScalesSource scales;
  double params[FL_MAX_PARAMS] = {};

  // What becomes of the losses: at most one of these.
  void* element_losses = nullptr;  // of every element
  void* means = nullptr;           // of every row, which is one segment
  double* partials = nullptr;      // the sum of every segment
};

inline Segments segments_of(const PointwiseCall& call) {
  if (!call.loss || call.row_length == 1) return segments_of_sum(call.elements.count);
  return segments_of_rows(call.elements.count / call.row_length, call.row_length);
}

// Partial sums that the workspace has room for: finish.hpp makes the loss of them.
inline int64_t partials_of(const PointwiseCall& call) {
  const Segments cut = segments_of(call);
  const bool sums = call.want_loss && (call.loss ? call.row_length > 1 && cut.pieces > 1 : true);
  return sums ? cut.count() : 0;
}

inline PointwiseWork work_of(const PointwiseCall& call, const ScalesSource& scales,
                             double* partials) {
  PointwiseWork work;
  work.elements = DividedSpace(call.elements);
  work.segments = segments_of(call);
  work.stream_grad = call.stream_grad;
  work.item_bytes = int(item_size(call.y_pred.dtype));
  work.width = kPack / work.item_bytes;
  work.scales = scales;
  for (int i = 0; i < FL_MAX_PARAMS; ++i) work.params[i] = call.params[i];

  const Operand inputs[] = {call.y_true, call.y_pred, call.third, call.sample_weight, call.mask};
  const Operand outputs[] = {call.grad, call.more_grad};
  // Rows that are segments have to begin at a pack.
  const bool aligned_rows = work.segments.rows == 1 || call.row_length % work.width == 0;
  const auto in_packs = [&](const Operand& x) {
    return x && x.contiguous && x.dtype == call.y_pred.dtype && uintptr_t(x.data) % kPack == 0 &&
           aligned_rows;
  };
  for (int k = 0; k < kPointwiseInputs; ++k) {
    work.input[k] = inputs[k];
    work.input_in_packs[k] = k < kWeight && in_packs(inputs[k]);
  }
  for (int k = 0; k < kPointwiseOutputs; ++k) {
    work.output[k] = outputs[k];
    work.output_in_packs[k] = in_packs(outputs[k]);
  }
  if (partials_of(call) > 0)
    work.partials = partials;
  else if (call.loss)
    (call.row_length == 1 ? work.element_losses : work.means) = call.loss.data;
  return work;
}

inline namespace FL_ISA {
namespace {

constexpr int kAbreastBytes = 8;  // of numbers that a thread computes abreast

// Shared memory of a block: to add up what its warps have, then the operands that do not come in
// packs, in the type computed with.
constexpr int kPointwiseFoldBytes = TeamFold::bytes(kPointwiseThreads, 1, 1);

inline Geometry geometry_of(const PointwiseWork& work) {
  bool staged = work.segments.row_length % work.width != 0;
  for (int k = 0; k < kPointwiseInputs; ++k)
    staged |= bool(work.input[k]) && !work.input_in_packs[k];
  const int computed_bytes = work.input[kPrediction].dtype == FL_FLOAT64 ? 8 : 4;
  Geometry geometry;
  geometry.grid = work.segments.blocks();
  geometry.threads = kPointwiseThreads;
  geometry.shared = kPointwiseFoldBytes;
  if (staged) geometry.shared += kPointwiseInputs * work.width * computed_bytes * kPointwiseThreads;
  geometry.programmatic = work.scales.found != nullptr;
  return geometry;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
