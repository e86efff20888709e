// The kernel of every pointwise loss: value and gradient in one read of its operands.
//
// A team of threads computes a piece of a row (segments.hpp). A thread takes as many elements as a
// pack of y_pred's dtype holds, then those a team further. Operands that lie in packs are read
// ahead, while the elements before are computed: two packs for each of 900 threads, 28 KiB, are
// what a multiprocessor of an H200 has to have under way for memory to run at its full rate. All
// others, and the elements that fill no pack, come through shared memory, so that the code that
// reads any dtype at any stride stands once in a kernel and not once for each operand.
#pragma once

#include "cuda/packed.hpp"
#include "cuda/pointwise_work.hpp"
#include "cuda/reduce.hpp"
#include "kernels/make_loss.hpp"
#include "simd/math.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Elements that a thread computes abreast. Other warps fill the waits of their operations; more
// abreast would take more registers than there are for as many warps.
template <class T>
constexpr int kAbreast = kAbreastBytes / int(sizeof(T));

template <class T>
using Abreast = Elements<T, kAbreast<T>>;

// Calls f with a null pointer of the C++ type of a dtype of which packs are computed with in T.
template <class T, class F>
FL_DEVICE void with_packed_dtype(int32_t dtype, F f) {
  if constexpr (sizeof(T) == 8)
    f((T*)nullptr);
  else if (dtype == FL_FLOAT16)
    f((Half*)nullptr);
  else if (dtype == FL_BFLOAT16)
    f((BFloat16*)nullptr);
  else
    f((T*)nullptr);
}

// The numbers of a pack in registers, which have no index: all move on when one is taken or put.
template <class T>
struct Queue {
  static constexpr int kSize = sizeof(T) == 8 ? 2 : 8;  // the most that a pack holds
  T of[kSize] = {};

  FL_DEVICE Abreast<T> take() {
    Abreast<T> first;
    FL_UNROLL(8)
    for (int k = 0; k < kAbreast<T>; ++k) first.of[k] = of[k];
    move_on();
    return first;
  }

  FL_DEVICE void put(const Abreast<T>& last) {
    move_on();
    FL_UNROLL(8)
    for (int k = 0; k < kAbreast<T>; ++k) of[kSize - kAbreast<T> + k] = last.of[k];
  }

  // A pack at its front, and the pack at its end.
  FL_DEVICE void open(const Pack& pack, int32_t dtype) {
    with_packed_dtype<T>(dtype, [&]<class S>(S*) __attribute__((always_inline)) {
      T numbers[kPacked<S>];
      unpack<S>(pack, 0, numbers);
      FL_UNROLL(8)
      for (int k = 0; k < kPacked<S>; ++k) of[k] = numbers[k];
    });
  }
  FL_DEVICE Pack close(int32_t dtype) const {
    Pack pack;
    with_packed_dtype<T>(dtype, [&]<class S>(S*) __attribute__((always_inline)) {
      T numbers[kPacked<S>];
      FL_UNROLL(8)
      for (int k = 0; k < kPacked<S>; ++k) numbers[k] = of[kSize - kPacked<S> + k];
      put_in_pack<S>(numbers, 0, pack);
    });
    return pack;
  }

 private:
  FL_DEVICE void move_on() {
    FL_UNROLL(8)
    for (int k = kAbreast<T>; k < kSize; ++k) of[k - kAbreast<T>] = of[k];
  }
};

template <class Loss, class T>
struct PointwiseThread {
  using V = Vec<T, 1>;
  static constexpr int N = kAbreast<T>, kParts = Queue<T>::kSize / N;
  static constexpr bool kHasMore = requires { Loss::kMore; };
  static constexpr bool kTakesThird = requires(const Loss& loss, V v) { loss(v, v, v); };
  // Blocks of a multiprocessor: so many that a thread has the registers it needs.
  static constexpr int kBlocks = sizeof(T) == 8 || kHasMore ? 4 : kTakesThird ? 5 : 7;

  struct Packs {
    Pack y_true, y_pred, third;
  };

  const PointwiseWork& work;
  const Loss loss;
  const int64_t begin;  // of the segment
  const int count;      // of its elements
  V scale{};            // of the gradients

  FL_DEVICE bool is_whole(int at) const { return at + work.width <= count; }

  FL_DEVICE Pack* pack_at(const Operand& x, int at) const {
    return (Pack*)(x.data + (begin + at) * work.item_bytes);
  }

  // Begins to read the elements from `at`, as far as they lie in packs.
  FL_DEVICE Packs fetch(int at) const {
    Packs to{};
    if (!is_whole(at)) return to;
    const auto& [y_true, y_pred, third, weight, mask] = work.input;
    if (work.input_in_packs[kTarget]) to.y_true = load_streamed(pack_at(y_true, at));
    if (work.input_in_packs[kPrediction]) to.y_pred = load_streamed(pack_at(y_pred, at));
    if constexpr (kTakesThird)
      if (work.input_in_packs[kThird]) to.third = load_streamed(pack_at(third, at));
    return to;
  }

  FL_DEVICE Abreast<T>& slot(int input, int part) const {
    auto* const slots = (Abreast<T>*)(shared_memory() + kPointwiseFoldBytes);
    return slots[(input * (work.width / N) + part) * kPointwiseThreads + thread_index()];
  }

  // Brings what does not come in packs to shared memory.
  FL_DEVICE void stage(int at) const {
    const bool whole = is_whole(at);
    FL_UNROLL(1)
    for (int k = 0; k < kPointwiseInputs; ++k) {
      if (!work.input[k] || (whole && work.input_in_packs[k])) continue;
      FL_UNROLL(1)
      for (int part = 0; part * N < work.width; ++part)
        slot(k, part) = read_elements<T, N>(work.elements, work.input[k], begin + at + part * N,
                                            begin + count, T(1));
    }
  }

  FL_DEVICE Queue<T> read(int input, const Pack& pack, bool whole) const {
    Queue<T> numbers;
    if (whole && work.input_in_packs[input]) {
      numbers.open(pack, work.input[input].dtype);
    } else {
      FL_UNROLL(4)
      for (int part = 0; part < kParts; ++part)
        if (part * N < work.width)
          for (int k = 0; k < N; ++k) numbers.of[part * N + k] = slot(input, part).of[k];
    }
    return numbers;
  }

  // 0 past the end and where the mask is 0.
  FL_DEVICE Abreast<T> read_weights(int at, int part) const {
    Abreast<T> weight;
    FL_UNROLL(4)
    for (T& w : weight.of) w = T(1);
    if (work.input[kWeight]) weight = slot(kWeight, part);
    const bool masked = bool(work.input[kMask]);
    FL_UNROLL(4)
    for (int k = 0; k < N; ++k)
      if ((masked && slot(kMask, part).of[k] == T(0)) || at + part * N + k >= count)
        weight.of[k] = T(0);
    return weight;
  }

  FL_DEVICE auto evaluate(T y_true, T y_pred, T third) const {
    if constexpr (kTakesThird)
      return loss(V::of(y_true), V::of(y_pred), V::of(third));
    else
      return loss(V::of(y_true), V::of(y_pred));
  }

  FL_DEVICE void write(int output, const Queue<T>& gradient, bool whole, int at) const {
    const Operand& x = work.output[output];
    if (!x) return;
    if (!whole || !work.output_in_packs[output]) {
      const int64_t first = begin + at;  // of an element; those before it in the queue are none
      write_elements<T, Queue<T>::kSize>(work.elements, x, first + work.width - Queue<T>::kSize,
                                         first, begin + count, gradient.of);
    } else if (work.stream_grad) {
      store_streamed(pack_at(x, at), gradient.close(x.dtype));
    } else {
      store(pack_at(x, at), gradient.close(x.dtype));
    }
  }

  // Computes the elements [at, at + width) before the end; returns the sum of their losses.
  FL_DEVICE double compute(const Packs& packs, int at) const {
    const bool whole = is_whole(at);
    const bool weighted = work.input[kWeight] || work.input[kMask] || !whole;
    Queue<T> y_true = read(kTarget, packs.y_true, whole);
    Queue<T> y_pred = read(kPrediction, packs.y_pred, whole);
    Queue<T> third, gradient, more_gradient;
    FL_UNROLL(8)
    for (T& x : third.of) x = T(1);
    if constexpr (kTakesThird)
      if (work.input[kThird]) third = read(kThird, packs.third, whole);
    T sum = 0;  // of up to eight losses: rounded no more often than they are
    for (int part = 0; part < kParts; ++part) {
      if (part * N >= work.width) break;
      const Abreast<T> target = y_true.take(), prediction = y_pred.take(), other = third.take();
      Abreast<T> value, slope, more_slope, factor;
      FL_UNROLL(4)
      for (int k = 0; k < N; ++k) {
        const auto r = evaluate(target.of[k], prediction.of[k], other.of[k]);
        value.of[k] = r.value.raw;
        slope.of[k] = r.grad.raw;
        if constexpr (kHasMore) more_slope.of[k] = r.more_grad.raw;
        factor.of[k] = scale.raw;
      }
      if (weighted) {
        const Abreast<T> weight = read_weights(at, part);
        FL_UNROLL(4)
        for (int k = 0; k < N; ++k) {
          const bool absent = weight.of[k] == T(0);  // NaN and infinity are harmless there
          value.of[k] = absent ? T(0) : value.of[k] * weight.of[k];
          slope.of[k] = absent ? T(0) : slope.of[k];
          if constexpr (kHasMore) more_slope.of[k] = absent ? T(0) : more_slope.of[k];
          factor.of[k] = weight.of[k] * scale.raw;
        }
      }
      FL_UNROLL(4)
      for (int k = 0; k < N; ++k) {
        sum += value.of[k];
        slope.of[k] *= factor.of[k];
        if constexpr (kHasMore) more_slope.of[k] *= factor.of[k];
      }
      gradient.put(slope);
      if constexpr (kHasMore) more_gradient.put(more_slope);
      if (work.element_losses) {
        FL_UNROLL(4)
        for (int k = 0; k < N; ++k)
          if (at + part * N + k < count)
            ((T*)work.element_losses)[begin + at + part * N + k] = value.of[k];
      }
    }
    write(kGradient, gradient, whole, at);
    if constexpr (kHasMore) write(kMoreGradient, more_gradient, whole, at);
    return double(sum);
  }
};

FL_DEVICE int64_t segment_of_thread(const Segments& cut) {
  return int64_t(block_index()) * (kPointwiseThreads / cut.team) + thread_index() / cut.team;
}

template <class Loss, class T>
FL_KERNEL(kPointwiseThreads, (PointwiseThread<Loss, T>::kBlocks))
pointwise_kernel(const FL_GRID_CONSTANT PointwiseWork work) {
  const Segments& cut = work.segments;
  const int64_t segment = segment_of_thread(cut);
  const int64_t row = segment / cut.pieces, inside = (segment - row * cut.pieces) * cut.piece;
  const int64_t left = segment < cut.count() ? cut.row_length - inside : 0;
  PointwiseThread<Loss, T> thread{work, make_loss<Loss>(work.params), row * cut.row_length + inside,
                                  int(left < cut.piece ? left : cut.piece)};
  int at = thread_index() % cut.team * work.width;
  auto next = thread.fetch(at);
  thread.scale = Vec<T, 1>(wait_for_scales(work.scales).grad);
  double sum = 0;
  FL_UNROLL(1)
  for (const int step = cut.team * work.width; at < thread.count; at += step) {
    const auto now = next;
    thread.stage(at);
    next = thread.fetch(at + step);
    sum += thread.compute(now, at);
  }
  let_next_kernel_begin();
  if (!work.partials && !work.means) return;
  sum = cut.team > kWarp ? TeamFold(shared_memory(), 1)(sum, Sum{})
                         : fold_group(sum, cut.team, Sum{}, kWarp);
  const int64_t place = segment_of_thread(cut);
  if (thread_index() % cut.team != 0 || place >= cut.count()) return;
  if (work.partials)
    work.partials[place] = sum;
  else
    ((T*)work.means)[place] = T(sum / double(cut.row_length));
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
