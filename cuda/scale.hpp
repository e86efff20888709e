// A gradient times numbers that are known when it is propagated back.
#pragma once

#include "cuda/calls.hpp"
#include "cuda/launch.hpp"
#include "cuda/operand.hpp"
#include "cuda/packed.hpp"

namespace fl {

struct ScaleWork {
  DividedSpace elements;
  Operand input, output;
  DeviceNumber upstream, factor;
  bool in_place = false;
  bool in_packs = false;
  bool stream_output = false;
};

inline ScaleWork work_of(const ScaleCall& call, DeviceNumber upstream, DeviceNumber factor) {
  ScaleWork work;
  work.elements = DividedSpace(call.elements);
  work.input = call.input;
  work.output = call.output;
  work.upstream = upstream;
  work.factor = factor;
  work.in_place = call.input.data == call.output.data;
  for (int d = 0; d < call.elements.ndim; ++d)
    work.in_place &= call.input.strides[d] == call.output.strides[d];
  work.in_packs = call.input.contiguous && call.output.contiguous &&
                  uintptr_t(call.input.data) % kPack == 0 &&
                  uintptr_t(call.output.data) % kPack == 0;
  work.stream_output =
      !work.in_place && call.elements.count * item_size(call.output.dtype) >= kStreamBytes;
  return work;
}

constexpr int kScaleThreads = 256;  // of a block
constexpr int kScaleTurn = 4;       // packs of a thread that are under way together

inline namespace FL_ISA {
namespace {

template <class S, class T>
FL_DEVICE Pack scaled(const Pack& pack, T factor) {
  T numbers[kPacked<S>];
  unpack<S>(pack, 0, numbers);
  FL_UNROLL(8)
  for (T& x : numbers) x *= factor;
  Pack to;
  put_in_pack<S>(numbers, 0, to);
  return to;
}

template <class S, class T>
FL_DEVICE void scale_packs(const ScaleWork& work, T factor) {
  const int64_t count = work.elements.count / kPacked<S>;
  const Pack* const input = (const Pack*)work.input.data;
  Pack* const output = (Pack*)work.output.data;
  FL_UNROLL(1)
  for (int64_t first = int64_t(block_index()) * (kScaleThreads * kScaleTurn); first < count;
       first += int64_t(block_count()) * (kScaleThreads * kScaleTurn)) {
    Pack packs[kScaleTurn];
    FL_UNROLL(4)
    for (int i = 0; i < kScaleTurn; ++i) {
      const int64_t at = first + i * kScaleThreads + thread_index();
      if (at < count) packs[i] = load_streamed(input + at);
    }
    FL_UNROLL(4)
    for (int i = 0; i < kScaleTurn; ++i) {
      const int64_t at = first + i * kScaleThreads + thread_index();
      if (at >= count) break;
      if (work.stream_output)
        store_streamed(output + at, scaled<S>(packs[i], factor));
      else
        store(output + at, scaled<S>(packs[i], factor));
    }
  }
}

template <class S, class T>
FL_DEVICE void scale_elements(const ScaleWork& work, int64_t begin, T factor) {
  const int64_t count = work.elements.count;
  FL_UNROLL(1)
  for (int64_t at = begin + (int64_t(block_index()) * kScaleThreads + thread_index()); at < count;
       at += int64_t(block_count()) * kScaleThreads) {
    const S* const from = (const S*)work.input.data + run_at(work.elements, work.input, at).offset;
    S* const to = (S*)work.output.data + run_at(work.elements, work.output, at).offset;
    *to = narrow<S>(widen<T>(*from) * factor);
  }
}

template <class S, class T>
FL_DEVICE void scale_all(const ScaleWork& work, double factor) {
  if (work.in_packs) scale_packs<S>(work, T(factor));
  const int64_t done = work.in_packs ? work.elements.count / kPacked<S> * kPacked<S> : 0;
  scale_elements<S>(work, done, T(factor));
}

// Persistent: where there is nothing to do, few blocks find out.
FL_KERNEL(kScaleThreads, 4) scale_kernel(const FL_GRID_CONSTANT ScaleWork work) {
  const double factor = value_of(work.upstream) * value_of(work.factor);
  if (work.in_place && factor == 1) return;
  with_floating_dtype(work.input.dtype, [&]<class S>(S*) __attribute__((always_inline)) {
    if constexpr (sizeof(S) == 8)
      scale_all<S, double>(work, factor);
    else
      scale_all<S, float>(work, factor);
  });
}

inline LaunchError launch_scale(const ScaleWork& work, int multiprocessors, void* stream) {
  constexpr int kBlocks = 8;  // of a multiprocessor
  const int64_t blocks = ceil_div(work.elements.count, int64_t(kScaleThreads) * kScaleTurn);
  const int64_t resident = int64_t(multiprocessors) * kBlocks;
  return launch(scale_kernel, Geometry{blocks < resident ? blocks : resident, kScaleThreads},
                stream, work);
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
