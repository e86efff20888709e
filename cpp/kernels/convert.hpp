// Between numbers as they lie in memory (any dtype, any strides) and as they are computed with.
// Conversions are exact or round to nearest even, and the same on every instruction set.
#pragma once

#include "kernels/kernel.hpp"
#include "simd/vec.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

FL_INLINE float float_of_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
FL_INLINE uint32_t bits_of_float(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

template <class T, class S>
FL_INLINE T widen(S x) {
  return T(x);
}
template <class T>
FL_INLINE T widen(BFloat16 x) {
  return T(float_of_bits(uint32_t(x.bits) << 16));
}
template <class T>
FL_INLINE T widen(Half x) {
#if defined(__F16C__)
  return T(_cvtsh_ss(x.bits));
#else
  const uint32_t sign = uint32_t(x.bits & 0x8000) << 16, rest = uint32_t(x.bits & 0x7FFF) << 13;
  // Multiplying by 2^112 rebiases the exponent, also of subnormals, but not of infinity and NaN.
  const uint32_t scaled = bits_of_float(float_of_bits(rest) * 0x1p112f);
  return T(float_of_bits(sign | (rest >= 0x0F800000 ? rest | 0x7F800000 : scaled)));
#endif
}

template <class S, class T>
FL_INLINE S narrow(T x) {
  return S(x);
}
template <>
FL_INLINE BFloat16 narrow(float x) {
  const uint32_t bits = bits_of_float(x);
  const uint32_t rounded = bits + 0x7FFF + (bits >> 16 & 1);
  return {uint16_t((x == x ? rounded : bits | 0x00400000) >> 16)};
}
template <>
FL_INLINE Half narrow(float x) {
#if defined(__F16C__)
  return {uint16_t(_cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT))};
#else
  const uint32_t bits = bits_of_float(x), sign = bits >> 16 & 0x8000, size = bits & 0x7FFFFFFF;
  uint32_t half;
  if (size > 0x7F800000) {
    half = 0x7E00;  // NaN
  } else if (size >= 0x477FF000) {
    half = 0x7C00;  // rounds to infinity
  } else if (size < 0x38800000) {
    half = bits_of_float(float_of_bits(size) + 0.5f) - 0x3F000000;  // subnormal: the adder rounds
  } else {
    half = (size - 0x38000000 + 0xFFF + (size >> 13 & 1)) >> 13;
  }
  return {uint16_t(sign | half)};
#endif
}
template <>
FL_INLINE BFloat16 narrow(double x) {
  return narrow<BFloat16>(float(x));
}
template <>
FL_INLINE Half narrow(double x) {
  return narrow<Half>(float(x));
}

// Calls f with a null pointer of the C++ type of a dtype.
template <class F>
FL_INLINE void with_dtype(int32_t dtype, F f) {
  switch (dtype) {
    case FL_FLOAT32:
      return f((float*)nullptr);
    case FL_FLOAT64:
      return f((double*)nullptr);
    case FL_FLOAT16:
      return f((Half*)nullptr);
    case FL_BFLOAT16:
      return f((BFloat16*)nullptr);
    case FL_INT8:
      return f((int8_t*)nullptr);
    case FL_INT16:
      return f((int16_t*)nullptr);
    case FL_INT32:
      return f((int32_t*)nullptr);
    case FL_INT64:
      return f((int64_t*)nullptr);
    default:
      return f((uint8_t*)nullptr);  // FL_UINT8, FL_BOOL
  }
}

// Reads and writes through memcpy: memory need not be aligned.
template <class S>
FL_INLINE S read(const char* data, int64_t index) {
  S x;
  memcpy(&x, data + index * int64_t(sizeof(S)), sizeof x);
  return x;
}
template <class S>
FL_INLINE void write(char* data, int64_t index, S x) {
  memcpy(data + index * int64_t(sizeof(S)), &x, sizeof x);
}

// to[i] = data[offset + i stride] for i < n.
template <class T>
void gather(int32_t dtype, const char* data, int64_t offset, int64_t stride, int n, T* to) {
  with_dtype(dtype, [&]<class S>(S*) __attribute__((always_inline)) {
    int i = 0;
    if (stride == 1) {
#if defined(__F16C__)  // GCC does not vectorise the scalar conversion.
      if constexpr (__is_same(S, Half) && sizeof(T) == 4)
        for (; i + 8 <= n; i += 8)
          _mm256_storeu_ps(
              (float*)to + i,
              _mm256_cvtph_ps(_mm_loadu_si128((const __m128i_u*)(data + (offset + i) * 2))));
#endif
      for (; i < n; ++i) to[i] = widen<T>(read<S>(data, offset + i));
    } else {
      for (; i < n; ++i) to[i] = widen<T>(read<S>(data, offset + i * stride));
    }
  });
}

// data[offset + i stride] = from[i] for i < n; floating dtypes only.
template <class T>
void scatter(const T* from, int n, int32_t dtype, char* data, int64_t offset, int64_t stride) {
  const auto put = [&]<class S>(S*) __attribute__((always_inline)) {
    int i = 0;
    if (stride == 1) {
#if defined(__F16C__)
      if constexpr (__is_same(S, Half) && sizeof(T) == 4)
        for (; i + 8 <= n; i += 8)
          _mm_storeu_si128(
              (__m128i_u*)(data + (offset + i) * 2),
              _mm256_cvtps_ph(_mm256_loadu_ps((const float*)from + i), _MM_FROUND_TO_NEAREST_INT));
#endif
      for (; i < n; ++i) write(data, offset + i, narrow<S>(from[i]));
    } else {
      for (; i < n; ++i) write(data, offset + i * stride, narrow<S>(from[i]));
    }
  };
  switch (dtype) {
    case FL_FLOAT64:
      return put((double*)nullptr);
    case FL_FLOAT16:
      return put((Half*)nullptr);
    case FL_BFLOAT16:
      return put((BFloat16*)nullptr);
    default:
      return put((float*)nullptr);
  }
}

// The dtype of T, as computed with.
template <class T>
constexpr int32_t kDtype = sizeof(T) == 4 ? FL_FLOAT32 : FL_FLOAT64;

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
