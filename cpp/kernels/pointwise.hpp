// The loop of every pointwise loss: value and gradient of a chunk in one read of its operands.
#pragma once

#include "kernels/convert.hpp"
#include "kernels/make_loss.hpp"
#include "simd/fold.hpp"
#include "simd/pair.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Numbers side by side in memory: T, the type computed with, or one that instructions convert.
template <class T>
struct Column {
  char* data = nullptr;  // nullptr: not given, or not wanted
  int32_t dtype = kDtype<T>;
  bool streaming = false;  // stores go past the caches

  explicit operator bool() const { return data != nullptr; }

  template <class S>
  FL_INLINE S* as(int at) const {
    return (S*)data + at;
  }

  FL_INLINE Pair<Native<T>> load(int at) const {
    using V = Native<T>;
    typename V::Raw low, high;  // as they are: a Pair from one of several branches goes by memory
    const auto read_as = [&]<class S>(const S* p) __attribute__((always_inline)) {
      low = load_as(p).raw, high = load_as(p + V::kSize).raw;
      for (size_t line = 0; line < V::kSize * 2 * sizeof(S); line += 64)
        prefetch((const char*)p + line);
    };
    if (dtype == kDtype<T>)
      read_as(as<T>(at));
    else if constexpr (kConverts<Half, T>)
      dtype == FL_FLOAT16 ? read_as(as<Half>(at)) : read_as(as<BFloat16>(at));
    else if constexpr (kConverts<BFloat16, T>)
      read_as(as<BFloat16>(at));
    else
      __builtin_unreachable();
    return {V::of(low), V::of(high)};
  }

  FL_INLINE void store(Pair<Native<T>> v, int at) const {
    if (dtype == kDtype<T>)
      write_as<T>(v, at);
    else if constexpr (kConverts<Half, T>)
      dtype == FL_FLOAT16 ? write_as<Half>(v, at) : write_as<BFloat16>(v, at);
    else if constexpr (kConverts<BFloat16, T>)
      write_as<BFloat16>(v, at);
  }

 private:
  template <class S>
  FL_INLINE void write_as(Pair<Native<T>> v, int at) const {
    put_pair(v.low, v.high, as<S>(at), streaming);
  }
};

template <class T>
struct Chunk {
  Column<T> operand[4];   // y_true, y_pred, weight, third
  Column<T> gradient[2];  // towards y_pred, and the further prediction
  T* loss = nullptr;      // of each element
  int count = 0;          // a multiple of kLanes
};

// Returns the sum of w * loss. Sums run in kLanes accumulators, whatever the register holds.
//
// Loss and chunk are copies: what the loop stores cannot be in them, so that they, and all that
// depends on parameters alone, stay in registers.
template <class Loss, class T, bool Value, bool Grad>
double compute_chunk(Loss loss, Chunk<T> chunk, double grad_scale) {
  using V = Pair<Native<T>>;
  constexpr int kParts = kLanes<T> / V::kSize;
  constexpr bool kHasMore = requires { Loss::kMore; };
  const auto& [y_trues, y_preds, weights, thirds] = chunk.operand;
  const V scale(grad_scale), zero(0.0), one(1.0);
  V sum[kParts];
  for (V& s : sum) s = zero;
  // Not unrolled: it bought nothing, and quadrupled the code of the losses that take logarithms.
#pragma GCC unroll 1
  for (int at = 0; at < chunk.count; at += V::kSize) {
    const V y_true = y_trues.load(at), y_pred = y_preds.load(at);
    const auto evaluate = [&]() __attribute__((always_inline)) {
      if constexpr (requires { loss(y_true, y_pred, one); })
        return loss(y_true, y_pred, thirds ? thirds.load(at) : one);
      else
        return loss(y_true, y_pred);
    };
    auto r = evaluate();
    V factor = scale;
    if (weights) {
      const V w = weights.load(at);
      const auto absent = w == zero;  // NaN and infinity are harmless there
      factor = w * scale;
      if constexpr (Value) r.value = select(absent, zero, r.value * w);
      if constexpr (Grad) r.grad = select(absent, zero, r.grad);
      if constexpr (Grad && kHasMore) r.more_grad = select(absent, zero, r.more_grad);
    }
    if constexpr (Value) {
      // A queue of accumulators, each of which comes first when its turn is: they stay in registers
      // without a copy of the loop for each.
      const V next = sum[0] + r.value;
#pragma GCC unroll 8
      for (int i = 1; i < kParts; ++i) sum[i - 1] = sum[i];
      sum[kParts - 1] = next;
      if (chunk.loss) r.value.store(chunk.loss + at);
    }
    if constexpr (Grad && kHasMore) {
      if (chunk.gradient[0]) chunk.gradient[0].store(r.grad * factor, at);
      if (chunk.gradient[1]) chunk.gradient[1].store(r.more_grad * factor, at);
    } else if constexpr (Grad) {
      chunk.gradient[0].store(r.grad * factor, at);
    }
  }
  if constexpr (!Value) return 0;
  Native<T> part[2 * kParts];
  for (int i = 0; i < kParts; ++i) part[2 * i] = sum[i].low, part[2 * i + 1] = sum[i].high;
  return fold_lanes(part, [](Native<T> a, Native<T> b) { return a + b; }).raw[0];
}

// The elements past the last multiple of kLanes, padded with elements of weight 0.
template <class T>
struct Tail {
  T operand[4][kLanes<T>], gradient[2][kLanes<T>], loss[kLanes<T>];
  int begin, count;

  FL_NOINLINE Chunk<T> open(const Chunk<T>& whole) {
    Chunk<T> padded;
    padded.loss = whole.loss ? loss : nullptr;
    padded.count = kLanes<T>;
    for (int k = 0; k < 4; ++k) {
      const Column<T>& from = whole.operand[k];
      for (T& x : operand[k]) x = T(k == 2 ? 0 : 1);
      if (from)
        gather(from.dtype, from.data, begin, 1, count, operand[k]);
      else if (k == 2)
        for (int i = 0; i < count; ++i) operand[k][i] = T(1);
      padded.operand[k].data = (char*)operand[k];
    }
    for (int k = 0; k < 2; ++k)
      if (whole.gradient[k]) padded.gradient[k].data = (char*)gradient[k];
    return padded;
  }

  FL_NOINLINE void close(const Chunk<T>& whole) const {
    for (int k = 0; k < 2; ++k) {
      const Column<T>& to = whole.gradient[k];
      if (to) scatter(gradient[k], count, to.dtype, to.data, begin, 1);
    }
    if (whole.loss) memcpy(whole.loss + begin, loss, unsigned(count) * sizeof(T));
  }
};

template <class Loss, class T, bool Value, bool Grad>
double compute(const Loss& loss, Chunk<T> chunk, double grad_scale) {
  const auto kernel = compute_chunk<Loss, T, Value, Grad>;
  const int left = chunk.count % kLanes<T>;
  chunk.count -= left;
  double sum = 0;
  if (left) {
    Tail<T> tail;
    tail.begin = chunk.count, tail.count = left;
    sum = kernel(loss, tail.open(chunk), grad_scale);
    tail.close(chunk);
  }
  return kernel(loss, chunk, grad_scale) + sum;
}

// n elements from `begin`: where they lie if they can be computed with, otherwise converted into
// scratch.
template <class T>
Column<T> column(const Space& space, const Operand& x, int64_t begin, int n, T* scratch) {
  if (x.contiguous && is_column<T>(x.dtype)) return {x.data + begin * item_size(x.dtype), x.dtype};
  return {(char*)stage(space, x, begin, n, scratch)};
}

// Where to compute a gradient: in place, unless it is to be converted, or streamed to an address
// that registers cannot be.
template <class T>
Column<T> gradient_column(const Operand& x, int64_t begin, bool streaming, T* scratch) {
  if (!x) return {};
  if (!x.contiguous || !is_column<T>(x.dtype)) return {(char*)scratch};
  char* const place = x.data + begin * item_size(x.dtype);
  if (streaming && !can_stream(place)) return {(char*)scratch, x.dtype};
  return {place, x.dtype, streaming};
}

template <class T>
void deliver(const Space& space, const Operand& x, int64_t begin, int n,
             const Column<T>& computed) {
  if (!x) return;
  char* const place = x.data + begin * item_size(x.dtype);
  if (!x.contiguous || computed.dtype != x.dtype)
    deliver(space, x, begin, n, (const T*)computed.data);
  else if (computed.data != place)
    stream_copy(place, computed.data, n * item_size(x.dtype));
}

// Elements [begin, begin + n) of a call, and what is left to do when they are computed. Neither is
// a part of the loop of any loss, whose code would grow by half.
template <class T>
FL_NOINLINE Chunk<T> open_chunk(const PointwiseCall& call, int64_t begin, int n, T* loss, T* s) {
  const Space& space = call.elements;
  Chunk<T> chunk;
  chunk.loss = loss;
  chunk.count = n;
  chunk.operand[0] = column(space, call.y_true, begin, n, s);
  chunk.operand[1] = column(space, call.y_pred, begin, n, s + kChunk);
  chunk.operand[3] = column(space, call.third, begin, n, s + 3 * kChunk);
  // The scratch of the gradient also serves the mask.
  if (call.mask)
    chunk.operand[2].data = (char*)stage_weight(space, call.sample_weight, call.mask, begin, n,
                                                s + 2 * kChunk, s + 4 * kChunk);
  else
    chunk.operand[2] = column(space, call.sample_weight, begin, n, s + 2 * kChunk);
  chunk.gradient[0] = gradient_column(call.grad, begin, call.stream_grad, s + 4 * kChunk);
  chunk.gradient[1] = gradient_column(call.more_grad, begin, call.stream_grad, s + 6 * kChunk);
  return chunk;
}

template <class T>
FL_NOINLINE void close_chunk(const PointwiseCall& call, int64_t begin, const Chunk<T>& chunk) {
  deliver(call.elements, call.grad, begin, chunk.count, chunk.gradient[0]);
  deliver(call.elements, call.more_grad, begin, chunk.count, chunk.gradient[1]);
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
    const Chunk<T> chunk = open_chunk(call, begin, n, element_loss, s);
    if (!chunk.gradient[0] && !chunk.gradient[1])
      partial.loss += compute<Loss, T, true, false>(loss, chunk, call.grad_scale);
    else if (call.want_loss)
      partial.loss += compute<Loss, T, true, true>(loss, chunk, call.grad_scale);
    else
      compute<Loss, T, false, true>(loss, chunk, call.grad_scale);
    close_chunk(call, begin, chunk);
    if (mean && call.row_length > 1) means.add(element_loss, n, mean);
  }
  if (call.stream_grad) stream_fence();
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
