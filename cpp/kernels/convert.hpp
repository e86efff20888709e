// Between numbers as they lie in memory (any dtype, any strides) and as they are computed with.
// Conversions are exact or round to nearest even, and the same on every instruction set.
#pragma once

#include "kernels/dtypes.hpp"
#include "simd/half.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Whether registers of T are converted from and to S by instructions.
template <class S, class T>
constexpr bool kConverts =
    __is_same(T, float) && (__is_same(S, BFloat16) || (__is_same(S, Half) && kConvertsHalf));

// Whether registers of T are loaded from, and stored to, numbers of a dtype as they lie in memory.
template <class T>
FL_INLINE bool is_column(int32_t dtype) {
  return dtype == kDtype<T> || (kConverts<BFloat16, T> && dtype == FL_BFLOAT16) ||
         (kConverts<Half, T> && dtype == FL_FLOAT16);
}

// Two registers as neighbours in memory, past the caches if they are aligned.
template <class V, class S>
FL_INLINE void put_pair(V low, V high, S* p, bool streaming) {
  if constexpr (__is_same(S, typename V::Scalar)) {
    streaming ? stream(low, p) : low.store(p);
    streaming ? stream(high, p + V::kSize) : high.store(p + V::kSize);
  } else {
    const Narrowed bits = narrow_pair(low, high, p);
    streaming ? stream(bits, p) : (void)memcpy(p, &bits, sizeof bits);
  }
}

// to[i] = data[offset + i stride] for i < n.
template <class T>
void gather(int32_t dtype, const char* data, int64_t offset, int64_t stride, int n, T* to) {
  with_dtype(dtype, [&]<class S>(S*) __attribute__((always_inline)) {
    int i = 0;
    if (stride == 1) {
      const S* const from = (const S*)data + offset;
      if constexpr (kConverts<S, T>)
        for (; i + 2 * Float::kSize <= n; i += 2 * Float::kSize) {
          prefetch(from + i);
          load_as(from + i).store(to + i);
          load_as(from + i + Float::kSize).store(to + i + Float::kSize);
        }
      for (; i < n; ++i) to[i] = widen<T>(read<S>(data, offset + i));
    } else {
      for (; i < n; ++i) to[i] = widen<T>(read<S>(data, offset + i * stride));
    }
  });
}

// data[offset + i stride] = from[i] for i < n; floating dtypes only.
template <class T>
void scatter(const T* from, int n, int32_t dtype, char* data, int64_t offset, int64_t stride) {
  with_floating_dtype(dtype, [&]<class S>(S*) __attribute__((always_inline)) {
    int i = 0;
    if (stride == 1) {
      S* const to = (S*)data + offset;
      if constexpr (kConverts<S, T>)
        for (; i + 2 * Float::kSize <= n; i += 2 * Float::kSize)
          put_pair(Float::load(from + i), Float::load(from + i + Float::kSize), to + i, false);
      for (; i < n; ++i) write(data, offset + i, narrow<S>(from[i]));
    } else {
      for (; i < n; ++i) write(data, offset + i * stride, narrow<S>(from[i]));
    }
  });
}

FL_INLINE int64_t offset_of(const Space& space, const Operand& x, int64_t index) {
  if (x.contiguous) return index;
  int64_t offset = 0;
  for (int d = space.ndim - 1; d > 0; --d) {
    offset += index % space.sizes[d] * x.strides[d];
    index /= space.sizes[d];
  }
  return space.ndim ? offset + index * x.strides[0] : 0;
}

// Cuts [begin, begin + n) of a space into runs along the innermost dimension: f(done, offset,
// length).
template <class F>
FL_INLINE void each_run(const Space& space, const Operand& x, int64_t begin, int n, F f) {
  if (x.contiguous || space.ndim == 0) return f(0, begin, n);
  const int64_t inner = space.sizes[space.ndim - 1];
  for (int done = 0; done < n;) {
    const int64_t left = inner - (begin + done) % inner;
    const int length = left < n - done ? int(left) : n - done;
    f(done, offset_of(space, x, begin + done), length);
    done += length;
  }
}

FL_INLINE int64_t inner_stride(const Space& space, const Operand& x) {
  return x.contiguous || space.ndim == 0 ? 1 : x.strides[space.ndim - 1];
}

// n elements from `begin` as numbers of type T: where they lie if they are such numbers already,
// otherwise converted into scratch. Absent operands stay absent.
template <class T>
const T* stage(const Space& space, const Operand& x, int64_t begin, int n, T* scratch) {
  if (!x) return nullptr;
  if (x.contiguous && x.dtype == kDtype<T>) return (const T*)x.data + begin;
  each_run(space, x, begin, n, [&](int done, int64_t offset, int length) {
    gather(x.dtype, x.data, offset, inner_stride(space, x), length, scratch + done);
  });
  return scratch;
}

FL_INLINE void stage_labels(const Space& rows, const Operand& labels, int64_t begin, int n,
                            int64_t* to) {
  each_run(rows, labels, begin, n, [&](int done, int64_t offset, int length) {
    gather(labels.dtype, labels.data, offset, inner_stride(rows, labels), length, to + done);
  });
}

// Where to compute n elements of an output: in place if possible, otherwise in scratch.
template <class T>
T* destination(const Operand& x, int64_t begin, T* scratch) {
  if (!x) return nullptr;
  return x.contiguous && x.dtype == kDtype<T> ? (T*)x.data + begin : scratch;
}

// Brings what was computed in scratch to its place.
template <class T>
void deliver(const Space& space, const Operand& x, int64_t begin, int n, const T* computed) {
  if (!x || (x.contiguous && x.dtype == kDtype<T>)) return;
  each_run(space, x, begin, n, [&](int done, int64_t offset, int length) {
    scatter(computed + done, length, x.dtype, x.data, offset, inner_stride(space, x));
  });
}

// Weights of n rows or elements: sample_weight, or 1, and 0 where the mask is 0. nullptr: all
// are 1.
template <class T>
const T* stage_weight(const Space& space, const Operand& weight, const Operand& mask, int64_t begin,
                      int n, T* scratch, T* scratch_mask) {
  const T* w = stage(space, weight, begin, n, scratch);
  const T* m = stage(space, mask, begin, n, scratch_mask);
  if (!m) return w;
  for (int i = 0; i < n; ++i) scratch[i] = m[i] == 0 ? T(0) : w ? w[i] : T(1);
  return scratch;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
