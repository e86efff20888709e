// Every loss of the registry as kernels of one instruction set: loss x type computed in.
#pragma once

#include "kernels/pointwise.hpp"
#include "kernels/row_block.hpp"
#include "losses/registry.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Sum of the weights of the rows that count, or their number, and a check of the labels.
void divisor_block(const DivisorCall& call, int64_t block, void* scratch, Partial& partial) {
  double* const s = (double*)scratch;
  int64_t* const labels = (int64_t*)(s + 2 * kChunk);
  const int64_t begin = block * kChunk, left = call.rows.count - begin;
  const int n = left < kChunk ? int(left) : kChunk;
  const Operand none;
  const double* w = stage_weight(call.rows, call.weighted ? call.sample_weight : none, call.mask,
                                 begin, n, s, s + kChunk);
  if (call.labels) stage_labels(call.rows, call.labels, begin, n, labels);
  if (!w && !call.class_weight && !call.check_labels) {
    int64_t ignored = 0;
    if (call.has_ignore_label)
      for (int i = 0; i < n; ++i) ignored += labels[i] == call.ignore_label;
    partial.loss = double(n - ignored);
    return;
  }
  for (int i = 0; i < n; ++i) {
    double weight = w ? w[i] : 1.0;
    if (call.labels) {
      if (call.has_ignore_label && labels[i] == call.ignore_label) weight = 0;
      if (weight == 0) continue;
      const bool valid = labels[i] >= 0 && labels[i] < call.classes;
      if (!valid && call.check_labels && partial.bad_labels++ == 0) {
        partial.first_bad_row = begin + i;
        partial.first_bad_label = labels[i];
      }
      if (valid && call.class_weight) weight *= ((const double*)call.class_weight.data)[labels[i]];
    }
    partial.loss += weight;
  }
}

template <class T>
void scale_block(const ScaleCall& call, int64_t block, void* scratch, Partial&) {
  using V = Pair<Native<T>>;
  T* const s = (T*)scratch;
  const Space& space = call.elements;
  const int64_t begin = block * kChunk, left = space.count - begin;
  const int n = left < kChunk ? int(left) : kChunk, whole = n / V::kSize * V::kSize;
  const bool streaming = call.output.data != call.input.data &&
                         space.count * item_size(call.output.dtype) >= kStreamBytes;
  const Column<T> input = column(space, call.input, begin, n, s);
  const Column<T> output = gradient_column(call.output, begin, streaming, s + kChunk);
  const V factor(call.factor);
  for (int i = 0; i < whole; i += V::kSize) output.store(input.load(i) * factor, i);
  if (whole < n) {
    T rest[V::kSize] = {};
    gather(input.dtype, input.data, whole, 1, n - whole, rest);
    (V::load(rest) * factor).store(rest);
    scatter(rest, n - whole, output.dtype, output.data, whole, 1);
  }
  deliver(space, call.output, begin, n, output);
  if (streaming) stream_fence();
}

// A kernel of one block as one of many.
template <auto Block, class Call>
void each_block(const Call& call, int64_t begin, int64_t end, void* scratch, Partial* partials) {
  for (int64_t block = begin; block < end; ++block) Block(call, block, scratch, partials[block]);
}

template <int N>
struct PointwiseTable {
  PointwiseKernel kernel[N][2];
};
template <int N>
struct RowTable {
  RowKernel kernel[N][2];
};

template <class... L>
constexpr PointwiseTable<sizeof...(L)> pointwise_table(List<L...>) {
  return {{{each_block<pointwise_block<L, float>, PointwiseCall>,
            each_block<pointwise_block<L, double>, PointwiseCall>}...}};
}
template <class... L>
constexpr RowTable<sizeof...(L)> row_table(List<L...>) {
  return {{{row_blocks<L, float>, row_blocks<L, double>}...}};
}

constexpr auto kPointwise = pointwise_table(losses::Pointwise{});
constexpr auto kRow = row_table(losses::Row{});

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
