// The loop of every pointwise loss: value and gradient of a chunk in one read of its operands.
#pragma once

#include "kernels/convert.hpp"
#include "simd/math.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// A loss from its parameters, which are its fields in their order.
template <class Loss>
FL_INLINE Loss make_loss(const double* params) {
  constexpr size_t kBytes = Loss::info.num_params * sizeof(double);
  static_assert(sizeof(Loss) >= kBytes);
  Loss loss{};
  memcpy((void*)&loss, params, kBytes);
  return loss;
}

template <class T>
struct Chunk {  // (count) each; nullptr: not given, or not wanted
  const T *y_true, *y_pred, *weight, *third;
  T *loss, *grad, *more_grad;
  int count;  // a multiple of kLanes
  bool stream_grad;
};

// Returns the sum of w * loss. Sums run in kLanes accumulators, whatever the register holds.
template <class Loss, class T, bool Value, bool Grad>
double compute_chunk(const Loss& loss, const Chunk<T>& chunk, double grad_scale) {
  using V = Native<T>;
  constexpr int kParts = kLanes<T> / V::kSize;
  constexpr bool kHasMore = requires { Loss::kMore; };
  const V scale(grad_scale), zero(0.0), one(1.0);
  const bool streaming = chunk.stream_grad && can_stream<V>(chunk.grad);
  V sum[kParts];
  for (V& s : sum) s = zero;
  for (int i = 0; i < chunk.count; i += kLanes<T>)
  // Not unrolled: it bought nothing, and quadrupled the code of the losses that take logarithms.
#pragma GCC unroll 1
    for (int part = 0; part < kParts; ++part) {
      const int at = i + part * V::kSize;
      const V y_true = V::load(chunk.y_true + at), y_pred = V::load(chunk.y_pred + at);
      const auto evaluate = [&]() __attribute__((always_inline)) {
        if constexpr (requires { loss(y_true, y_pred, one); })
          return loss(y_true, y_pred, chunk.third ? V::load(chunk.third + at) : one);
        else
          return loss(y_true, y_pred);
      };
      auto r = evaluate();
      V w = one;
      if (chunk.weight) {
        w = V::load(chunk.weight + at);
        const auto absent = w == zero;  // NaN and infinity are harmless there
        if constexpr (Value) r.value = select(absent, zero, r.value * w);
        if constexpr (Grad) r.grad = select(absent, zero, r.grad);
        if constexpr (Grad && kHasMore) r.more_grad = select(absent, zero, r.more_grad);
      }
      if constexpr (Value) {
        sum[part] = sum[part] + r.value;
        if (chunk.loss) r.value.store(chunk.loss + at);
      }
      if constexpr (Grad && kHasMore) {
        if (chunk.grad) (r.grad * (w * scale)).store(chunk.grad + at);
        if (chunk.more_grad) (r.more_grad * (w * scale)).store(chunk.more_grad + at);
      } else if constexpr (Grad) {
        const V grad = r.grad * (w * scale);
        streaming ? stream(grad, chunk.grad + at) : grad.store(chunk.grad + at);
      }
    }
  if constexpr (!Value) return 0;
  return fold_lanes(sum, [](V a, V b) { return a + b; }).raw[0];
}

// The elements past the last multiple of kLanes: padded with elements of weight 0.
template <class Loss, class T, bool Value, bool Grad>
double compute_tail(const Loss& loss, const Chunk<T>& chunk, int done, double grad_scale) {
  constexpr int kSize = kLanes<T>;
  const int n = chunk.count - done;
  if (n == 0) return 0;
  T operand[4][kSize], loss_out[kSize], grad_out[kSize], more_grad_out[kSize];
  const T* const from[4] = {chunk.y_true, chunk.y_pred, chunk.weight, chunk.third};
  for (int k = 0; k < 4; ++k)
    for (int i = 0; i < kSize; ++i)
      operand[k][i] = i < n ? (from[k] ? from[k][done + i] : T(1)) : T(k == 2 ? 0 : 1);
  const Chunk<T> padded{
      operand[0], operand[1],    operand[2], operand[3], chunk.loss ? loss_out : nullptr,
      grad_out,   more_grad_out, kSize,      false};
  const double sum = compute_chunk<Loss, T, Value, Grad>(loss, padded, grad_scale);
  for (int i = 0; i < n; ++i) {
    if (Value && chunk.loss) chunk.loss[done + i] = loss_out[i];
    if (Grad && chunk.grad) chunk.grad[done + i] = grad_out[i];
    if (Grad && chunk.more_grad) chunk.more_grad[done + i] = more_grad_out[i];
  }
  return sum;
}

template <class Loss, class T, bool Value, bool Grad>
double compute(const Loss& loss, Chunk<T> chunk, double grad_scale) {
  const int n = chunk.count, whole = n / kLanes<T> * kLanes<T>;
  const double tail = compute_tail<Loss, T, Value, Grad>(loss, chunk, whole, grad_scale);
  chunk.count = whole;
  return compute_chunk<Loss, T, Value, Grad>(loss, chunk, grad_scale) + tail;
}

// Adds losses up to the mean of each row; rows may continue from chunk to chunk.
struct RowMeans {
  int64_t row_length;
  double sum = 0;
  int64_t seen = 0;

  template <class T>
  FL_INLINE void add(const T* loss, int n, T*& means) {
    for (int i = 0; i < n; ++i) {
      sum += loss[i];
      if (++seen < row_length) continue;
      *means++ = T(sum / double(row_length));
      sum = 0, seen = 0;
    }
  }
};

template <class Loss, class T>
void pointwise_block(const PointwiseCall& call, int64_t block, void* scratch, Partial& partial) {
  const Loss loss = make_loss<Loss>(call.params);
  T* const s = (T*)scratch;
  const Space& space = call.elements;
  const int64_t first = block * call.block;
  const int64_t last = first + call.block < space.count ? first + call.block : space.count;
  RowMeans means{call.row_length};
  T* mean = call.loss ? (T*)call.loss.data + first / call.row_length : nullptr;

  for (int64_t begin = first; begin < last; begin += kChunk) {
    const int n = last - begin < kChunk ? int(last - begin) : kChunk;
    T* const element_loss = !mean                  ? nullptr
                            : call.row_length == 1 ? mean + (begin - first)
                                                   : s + 5 * kChunk;
    // The weight is staged last: its scratch also serves the mask, before the gradient is written.
    const Chunk<T> chunk{stage(space, call.y_true, begin, n, s),
                         stage(space, call.y_pred, begin, n, s + kChunk),
                         stage_weight(space, call.sample_weight, call.mask, begin, n,
                                      s + 2 * kChunk, s + 4 * kChunk),
                         stage(space, call.third, begin, n, s + 3 * kChunk),
                         element_loss,
                         destination(call.grad, begin, s + 4 * kChunk),
                         destination(call.more_grad, begin, s + 6 * kChunk),
                         n,
                         call.stream_grad};
    if (!chunk.grad && !chunk.more_grad)
      partial.loss += compute<Loss, T, true, false>(loss, chunk, call.grad_scale);
    else if (call.want_loss)
      partial.loss += compute<Loss, T, true, true>(loss, chunk, call.grad_scale);
    else
      compute<Loss, T, false, true>(loss, chunk, call.grad_scale);
    deliver(space, call.grad, begin, n, chunk.grad);
    deliver(space, call.more_grad, begin, n, chunk.more_grad);
    if (mean && call.row_length > 1) means.add(element_loss, n, mean);
  }
  if (call.stream_grad) stream_fence();
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
