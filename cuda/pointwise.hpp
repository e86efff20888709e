// The kernel of every pointwise loss: value and gradient in one read of its operands.
//
// A team of threads computes a piece of a row (segments.hpp). A thread takes as many elements as a
// pack of y_pred's dtype holds, then those a team further. Operands that lie in packs are read
// ahead, while the elements before are computed: two packs for each of 1024 threads are more than a
// multiprocessor has to have under way for memory to run at its full rate. All others, and the
// elements that fill no pack, come through shared memory, so that the code that reads any dtype at
// any stride stands once in a kernel and not once for each operand.
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
// abreast would take more registers than four blocks on a multiprocessor have.
template <class T>
constexpr int kAbreast = kAbreastBytes / int(sizeof(T));

template <class T>
using Abreast = Elements<T, kAbreast<T>>;

// Parts of a pack that are computed one after another.
template <class T>
FL_DEVICE int parts_of(int width) {
  return width / kAbreast<T>;
}

// Calls f with a null pointer of the C++ type of a dtype of which a pack is read or written.
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

// Takes the first numbers out of a pack; the others move up, since registers have no index.
template <class T>
FL_DEVICE Abreast<T> take_part(int32_t dtype, Pack& pack) {
  Abreast<T> to;
  with_packed_dtype<T>(dtype, [&]<class S>(S*) __attribute__((always_inline)) {
    constexpr int kWords = kAbreast<T> * int(sizeof(S)) / 4;
    unpack<S>(pack, 0, to.of);
    FL_UNROLL(4)
    for (int w = kWords; w < 4; ++w) pack.words[w - kWords] = pack.words[w];
  });
  return to;
}

// Puts numbers behind those that are in a pack; what was put first moves to its front.
template <class T>
FL_DEVICE void put_part(int32_t dtype, const Abreast<T>& from, Pack& pack) {
  with_packed_dtype<T>(dtype, [&]<class S>(S*) __attribute__((always_inline)) {
    constexpr int kWords = kAbreast<T> * int(sizeof(S)) / 4;
    FL_UNROLL(4)
    for (int w = kWords; w < 4; ++w) pack.words[w - kWords] = pack.words[w];
    put_in_pack<S>(from.of, kPacked<S> - kAbreast<T>, pack);
  });
}

template <class Loss, class T>
struct PointwiseThread {
  using V = Vec<T, 1>;
  static constexpr int N = kAbreast<T>;
  static constexpr bool kHasMore = requires { Loss::kMore; };
  static constexpr bool kTakesThird = requires(const Loss& loss, V v) { loss(v, v, v); };
  // Blocks of a multiprocessor: so many that a thread has the registers it needs. Operands, numbers
  // of 64 bits and parameters all take some.
  static constexpr int kBlocks = sizeof(T) == 8 || kHasMore  ? 4
                                 : !kTakesThird              ? 7
                                 : Loss::info.num_params > 2 ? 5
                                                             : 6;

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
    const int place = input * parts_of<T>(work.width) + part;
    auto* const slots = (Abreast<T>*)(shared_memory() + kPointwiseFoldBytes);
    return slots[place * kPointwiseThreads + thread_index()];
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

  FL_DEVICE Abreast<T> read(int input, Pack& pack, bool whole, int part) const {
    if (!whole || !work.input_in_packs[input]) return slot(input, part);
    return take_part<T>(work.input[input].dtype, pack);
  }

  // 0 past the end and where the mask is 0.
  FL_DEVICE Abreast<T> read_weights(bool whole, int part, int at) const {
    Abreast<T> weight;
    FL_UNROLL(4)
    for (T& w : weight.of) w = T(1);
    if (work.input[kWeight]) weight = slot(kWeight, part);
    if (work.input[kMask]) {
      const Abreast<T> mask = slot(kMask, part);
      FL_UNROLL(4)
      for (int k = 0; k < N; ++k)
        if (mask.of[k] == T(0)) weight.of[k] = T(0);
    }
    if (whole) return weight;
    FL_UNROLL(4)
    for (int k = 0; k < N; ++k)
      if (at + k >= count) weight.of[k] = T(0);
    return weight;
  }

  FL_DEVICE auto evaluate(T y_true, T y_pred, T third) const {
    if constexpr (kTakesThird)
      return loss(V::of(y_true), V::of(y_pred), V::of(third));
    else
      return loss(V::of(y_true), V::of(y_pred));
  }

  FL_DEVICE void write(int output, const Abreast<T>& gradient, Pack& pack, bool whole, int part,
                       int at) const {
    const Operand& x = work.output[output];
    if (!whole || !work.output_in_packs[output]) {
      write_elements<T, N>(work.elements, x, begin + at, begin + count, gradient);
      return;
    }
    put_part(x.dtype, gradient, pack);
    if ((part + 1) * N < work.width) return;
    Pack* const place = pack_at(x, at - part * N);
    if (work.stream_grad)
      store_streamed(place, pack);
    else
      store(place, pack);
  }

  // Computes the elements [first, first + width) before the end; returns the sum of their losses.
  FL_DEVICE double compute(Packs packs, int first) const {
    const bool whole = is_whole(first);
    Pack gradient_pack, more_gradient_pack;
    T sum = 0;  // of up to eight losses: rounded no more often than they are
    FL_UNROLL(1)
    for (int part = 0; part * N < work.width; ++part) {
      const int at = first + part * N;
      if (at >= count) break;
      const Abreast<T> weight = read_weights(whole, part, at);
      const Abreast<T> y_true = read(kTarget, packs.y_true, whole, part);
      const Abreast<T> y_pred = read(kPrediction, packs.y_pred, whole, part);
      Abreast<T> third, value, gradient, more_gradient;
      if constexpr (kTakesThird) {
        FL_UNROLL(4)
        for (T& x : third.of) x = T(1);
        if (work.input[kThird]) third = read(kThird, packs.third, whole, part);
      }
      FL_UNROLL(4)
      for (int k = 0; k < N; ++k) {
        const auto r = evaluate(y_true.of[k], y_pred.of[k], third.of[k]);
        const V zero(0.0), w = V::of(weight.of[k]), factor = w * scale;
        const auto absent = w == zero;  // NaN and infinity are harmless there
        value.of[k] = select(absent, zero, r.value * w).raw;
        gradient.of[k] = (select(absent, zero, r.grad) * factor).raw;
        if constexpr (kHasMore)
          more_gradient.of[k] = (select(absent, zero, r.more_grad) * factor).raw;
      }
      FL_UNROLL(4)
      for (int k = 0; k < N; ++k) {
        sum += value.of[k];
        if (work.element_losses && at + k < count)
          ((T*)work.element_losses)[begin + at + k] = value.of[k];
      }
      if (work.output[kGradient]) write(kGradient, gradient, gradient_pack, whole, part, at);
      if constexpr (kHasMore)
        if (work.output[kMoreGradient])
          write(kMoreGradient, more_gradient, more_gradient_pack, whole, part, at);
    }
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
                         : fold_group(sum, cut.team, Sum{});
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
