// Vec<T, N>: N numbers in one register, the type a loss computes with.
//
// A thin layer over GNU vector extensions. Only what the compiler does not do well by itself is an
// intrinsic: min, max, fma, sqrt, stores past the caches, and loads and stores of part of a
// register. Everything lives in an anonymous namespace inside a namespace named after the
// instruction set, so no symbol of one set can be linked into another's code.
#pragma once

#include <stdint.h>
#include <string.h>

#include "losses/loss.hpp"

#if defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

// Code that all losses share, and that is called too rarely to stand in each.
#define FL_NOINLINE __attribute__((noinline))

namespace fl {
inline namespace FL_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kRegisterBytes = 64;
#elif defined(__AVX2__)
constexpr int kRegisterBytes = 32;
#else
constexpr int kRegisterBytes = 16;
#endif

// The accumulators a sum runs in, as many on every instruction set, so that sums agree bit by bit.
template <class T>
constexpr int kLanes = 128 / sizeof(T);

template <class T, int N>
struct VectorOf {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
};

template <class T>
struct IntegerLike;  // the integer as wide as T
template <>
struct IntegerLike<float> {
  using type = int32_t;
  static constexpr int mantissa_bits = 23, bias = 127;
};
template <>
struct IntegerLike<double> {
  using type = int64_t;
  static constexpr int mantissa_bits = 52, bias = 1023;
};

template <class T, int N>
struct Mask {  // all bits of a lane set, or none
  typename VectorOf<typename IntegerLike<T>::type, N>::type bits;

  friend FL_INLINE Mask operator|(Mask a, Mask b) { return {a.bits | b.bits}; }
  friend FL_INLINE Mask operator&(Mask a, Mask b) { return {a.bits & b.bits}; }
};

template <class T, int N>
struct Vec {
  using Scalar = T;
  using Integer = typename IntegerLike<T>::type;
  using Raw = typename VectorOf<T, N>::type;
  using Bits = typename VectorOf<Integer, N>::type;
  static constexpr int kSize = N;
  static constexpr double kEpsilon = sizeof(T) == 4 ? 0x1p-23 : 0x1p-52;

  Raw raw;

  Vec() = default;
  // x - 0 rather than x + 0: it keeps the sign of -0.
  FL_INLINE explicit Vec(double x) : raw(T(x) - Raw{}) {}
  static FL_INLINE Vec of(Raw raw) {
    Vec v;
    v.raw = raw;
    return v;
  }
  static FL_INLINE Vec of_bits(Bits bits) { return of((Raw)bits); }
  FL_INLINE Bits bits() const { return (Bits)raw; }

  static FL_INLINE Vec load(const T* p) {
    Vec v;
    memcpy(&v.raw, p, sizeof v.raw);
    return v;
  }
  FL_INLINE void store(T* p) const { memcpy(p, &raw, sizeof raw); }

  friend FL_INLINE Vec operator+(Vec a, Vec b) { return of(a.raw + b.raw); }
  friend FL_INLINE Vec operator-(Vec a, Vec b) { return of(a.raw - b.raw); }
  friend FL_INLINE Vec operator*(Vec a, Vec b) { return of(a.raw * b.raw); }
  friend FL_INLINE Vec operator/(Vec a, Vec b) { return of(a.raw / b.raw); }
  friend FL_INLINE Vec operator-(Vec a) { return of(-a.raw); }

  using M = Mask<T, N>;
  friend FL_INLINE M operator<(Vec a, Vec b) { return {a.raw < b.raw}; }
  friend FL_INLINE M operator>(Vec a, Vec b) { return {a.raw > b.raw}; }
  friend FL_INLINE M operator<=(Vec a, Vec b) { return {a.raw <= b.raw}; }
  friend FL_INLINE M operator>=(Vec a, Vec b) { return {a.raw >= b.raw}; }
  friend FL_INLINE M operator==(Vec a, Vec b) { return {a.raw == b.raw}; }
  friend FL_INLINE M operator!=(Vec a, Vec b) { return {a.raw != b.raw}; }

  friend FL_INLINE Vec select(M m, Vec a, Vec b) { return of(m.bits ? a.raw : b.raw); }
  friend FL_INLINE Vec abs(Vec a) { return of_bits(a.bits() & ~Vec(-0.0).bits()); }
};

using Float = Vec<float, kRegisterBytes / 4>;
using Double = Vec<double, kRegisterBytes / 8>;
template <class T>
using Native = Vec<T, kRegisterBytes / sizeof(T)>;

// fma: a b + c, rounded once wherever the instruction set can. sqrt: rounded correctly.
// min, max: the second argument if either is NaN (the x86 rule), so data goes last.
#if defined(__AVX512F__)
FL_INLINE Float fma(Float a, Float b, Float c) {
  return Float::of(_mm512_fmadd_ps(a.raw, b.raw, c.raw));
}
FL_INLINE Double fma(Double a, Double b, Double c) {
  return Double::of(_mm512_fmadd_pd(a.raw, b.raw, c.raw));
}
// The masked forms with every lane on: GCC 12 warns that the plain ones read an undefined register.
FL_INLINE Float min(Float a, Float b) {
  return Float::of(_mm512_maskz_min_ps(0xFFFF, a.raw, b.raw));
}
FL_INLINE Float max(Float a, Float b) {
  return Float::of(_mm512_maskz_max_ps(0xFFFF, a.raw, b.raw));
}
FL_INLINE Double min(Double a, Double b) {
  return Double::of(_mm512_maskz_min_pd(0xFF, a.raw, b.raw));
}
FL_INLINE Double max(Double a, Double b) {
  return Double::of(_mm512_maskz_max_pd(0xFF, a.raw, b.raw));
}
FL_INLINE Float sqrt(Float a) { return Float::of(_mm512_maskz_sqrt_ps(0xFFFF, a.raw)); }
FL_INLINE Double sqrt(Double a) { return Double::of(_mm512_maskz_sqrt_pd(0xFF, a.raw)); }
#elif defined(__AVX2__)
FL_INLINE Float fma(Float a, Float b, Float c) {
  return Float::of(_mm256_fmadd_ps(a.raw, b.raw, c.raw));
}
FL_INLINE Double fma(Double a, Double b, Double c) {
  return Double::of(_mm256_fmadd_pd(a.raw, b.raw, c.raw));
}
FL_INLINE Float min(Float a, Float b) { return Float::of(_mm256_min_ps(a.raw, b.raw)); }
FL_INLINE Float max(Float a, Float b) { return Float::of(_mm256_max_ps(a.raw, b.raw)); }
FL_INLINE Double min(Double a, Double b) { return Double::of(_mm256_min_pd(a.raw, b.raw)); }
FL_INLINE Double max(Double a, Double b) { return Double::of(_mm256_max_pd(a.raw, b.raw)); }
FL_INLINE Float sqrt(Float a) { return Float::of(_mm256_sqrt_ps(a.raw)); }
FL_INLINE Double sqrt(Double a) { return Double::of(_mm256_sqrt_pd(a.raw)); }
#elif defined(__SSE2__)
FL_INLINE Float fma(Float a, Float b, Float c) { return a * b + c; }
FL_INLINE Double fma(Double a, Double b, Double c) { return a * b + c; }
FL_INLINE Float min(Float a, Float b) { return Float::of(_mm_min_ps(a.raw, b.raw)); }
FL_INLINE Float max(Float a, Float b) { return Float::of(_mm_max_ps(a.raw, b.raw)); }
FL_INLINE Double min(Double a, Double b) { return Double::of(_mm_min_pd(a.raw, b.raw)); }
FL_INLINE Double max(Double a, Double b) { return Double::of(_mm_max_pd(a.raw, b.raw)); }
FL_INLINE Float sqrt(Float a) { return Float::of(_mm_sqrt_ps(a.raw)); }
FL_INLINE Double sqrt(Double a) { return Double::of(_mm_sqrt_pd(a.raw)); }
#elif defined(__ARM_NEON)
FL_INLINE Float fma(Float a, Float b, Float c) { return Float::of(vfmaq_f32(c.raw, a.raw, b.raw)); }
FL_INLINE Double fma(Double a, Double b, Double c) {
  return Double::of(vfmaq_f64(c.raw, a.raw, b.raw));
}
// Not vminq/vmaxq: they return NaN if either argument is, and x86 must agree bit by bit.
FL_INLINE Float min(Float a, Float b) { return select(a < b, a, b); }
FL_INLINE Float max(Float a, Float b) { return select(a > b, a, b); }
FL_INLINE Double min(Double a, Double b) { return select(a < b, a, b); }
FL_INLINE Double max(Double a, Double b) { return select(a > b, a, b); }
FL_INLINE Float sqrt(Float a) { return Float::of(vsqrtq_f32(a.raw)); }
FL_INLINE Double sqrt(Double a) { return Double::of(vsqrtq_f64(a.raw)); }
#else
#error "fusedloss has no vector layer for this processor"
#endif

// Whether a mask has no lane.
template <class T, int N>
FL_INLINE bool none(Mask<T, N> m) {
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask((__m512i)m.bits, (__m512i)m.bits) == 0;
#elif defined(__AVX2__)
  return _mm256_movemask_ps((__m256)m.bits) == 0;
#elif defined(__SSE2__)
  return _mm_movemask_ps((__m128)m.bits) == 0;
#else
  return vmaxvq_u32((uint32x4_t)m.bits) == 0;
#endif
}

template <class T, int N>
FL_INLINE Vec<T, N> clamp(Vec<T, N> x, Vec<T, N> low, Vec<T, N> high) {
  return min(high, max(low, x));
}

// -1, 0 or 1; NaN stays NaN.
template <class T, int N>
FL_INLINE Vec<T, N> sign(Vec<T, N> x) {
  using V = Vec<T, N>;
  const V zero(0.0);
  return select(x > zero, V(1.0), select(x < zero, V(-1.0), x + zero));
}

// The first n numbers at p, and `rest` in the other lanes. n may be negative or exceed the lanes.
template <class V>
FL_INLINE V load_first(const typename V::Scalar* p, int n, V rest) {
  if (n >= V::kSize) return V::load(p);
  if (n <= 0) return rest;
  memcpy(&rest.raw, p, unsigned(n) * sizeof(typename V::Scalar));
  return rest;
}

template <class V>
FL_INLINE void store_first(V v, typename V::Scalar* p, int n) {
  if (n >= V::kSize) return v.store(p);
  if (n > 0) memcpy(p, &v.raw, unsigned(n) * sizeof(typename V::Scalar));
}

// n numbers at p in lanes [first, first + n), the other lanes of v as they are; and the way back.
template <class V>
FL_INLINE V load_lanes(V v, const typename V::Scalar* p, int first, int n) {
  for (int i = 0; i < n; ++i) v.raw[first + i] = p[i];
  return v;
}
template <class V>
FL_INLINE void store_lanes(V v, typename V::Scalar* p, int first, int n) {
  for (int i = 0; i < n; ++i) p[i] = v.raw[first + i];
}

// A memcpy of variable length is a call, which rows of 2 to 100 classes notice. What a mask leaves
// out is not touched, also where it lies outside of the array.
#if defined(__AVX512F__)
FL_INLINE __mmask16 first_16(int n) { return __mmask16(n >= 16 ? 0xFFFF : (1 << n) - 1); }
FL_INLINE __mmask8 first_8(int n) { return __mmask8(n >= 8 ? 0xFF : (1 << n) - 1); }

template <>
FL_INLINE Float load_first(const float* p, int n, Float rest) {
  return n <= 0 ? rest : Float::of(_mm512_mask_loadu_ps(rest.raw, first_16(n), p));
}
template <>
FL_INLINE void store_first(Float v, float* p, int n) {
  if (n > 0) _mm512_mask_storeu_ps(p, first_16(n), v.raw);
}
template <>
FL_INLINE Double load_first(const double* p, int n, Double rest) {
  return n <= 0 ? rest : Double::of(_mm512_mask_loadu_pd(rest.raw, first_8(n), p));
}
template <>
FL_INLINE void store_first(Double v, double* p, int n) {
  if (n > 0) _mm512_mask_storeu_pd(p, first_8(n), v.raw);
}
template <>
FL_INLINE Float load_lanes(Float v, const float* p, int first, int n) {
  return Float::of(_mm512_mask_loadu_ps(v.raw, __mmask16(first_16(n) << first), p - first));
}
template <>
FL_INLINE void store_lanes(Float v, float* p, int first, int n) {
  _mm512_mask_storeu_ps(p - first, __mmask16(first_16(n) << first), v.raw);
}
#elif defined(__AVX2__)
FL_INLINE __m256i lanes_8(int first, int n) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(first), lane),
                             _mm256_cmpgt_epi32(_mm256_set1_epi32(first + n), lane));
}

template <>
FL_INLINE Float load_lanes(Float v, const float* p, int first, int n) {
  const __m256i lanes = lanes_8(first, n);
  return Float::of(_mm256_blendv_ps(v.raw, _mm256_maskload_ps(p - first, lanes), (__m256)lanes));
}
template <>
FL_INLINE void store_lanes(Float v, float* p, int first, int n) {
  _mm256_maskstore_ps(p - first, lanes_8(first, n), v.raw);
}
template <>
FL_INLINE Float load_first(const float* p, int n, Float rest) {
  return load_lanes(rest, p, 0, n);
}
template <>
FL_INLINE void store_first(Float v, float* p, int n) {
  store_lanes(v, p, 0, n);
}
#endif

// Lanes 0 .. n - 1.
template <class V>
FL_INLINE Mask<typename V::Scalar, V::kSize> first_lanes(int n) {
  typename V::Bits lane;
  for (int i = 0; i < V::kSize; ++i) lane[i] = i;
  return {lane < typename V::Integer(n) - typename V::Bits{}};
}

// Stores that pass by the caches, for results larger than these: the memory is not read first. p is
// aligned to the register; stream_fence() makes the stores visible to other threads.
template <class V = Float>
FL_INLINE bool can_stream(const void* p) {
  return (uintptr_t)p % kRegisterBytes == 0;
}
#if defined(__AVX512F__)
FL_INLINE void stream(Float v, float* p) { _mm512_stream_ps(p, v.raw); }
FL_INLINE void stream(Double v, double* p) { _mm512_stream_pd(p, v.raw); }
#elif defined(__AVX2__)
FL_INLINE void stream(Float v, float* p) { _mm256_stream_ps(p, v.raw); }
FL_INLINE void stream(Double v, double* p) { _mm256_stream_pd(p, v.raw); }
#elif defined(__SSE2__)
FL_INLINE void stream(Float v, float* p) { _mm_stream_ps(p, v.raw); }
FL_INLINE void stream(Double v, double* p) { _mm_stream_pd(p, v.raw); }
#else
FL_INLINE void stream(Float v, float* p) { v.store(p); }
FL_INLINE void stream(Double v, double* p) { v.store(p); }
#endif
FL_INLINE void stream_fence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

// A copy past the caches to any address: its registers are aligned, those it comes from are not.
inline void stream_copy(char* to, const char* from, int64_t bytes) {
  const int64_t past = int64_t((uintptr_t)to % kRegisterBytes);
  int64_t at = past ? kRegisterBytes - past : 0;
  if (at > bytes) at = bytes;
  memcpy(to, from, size_t(at));
  for (; at + kRegisterBytes <= bytes; at += kRegisterBytes)
    stream(Float::load((const float*)(from + at)), (float*)(to + at));
  memcpy(to + at, from + at, size_t(bytes - at));
}

// Bytes between what is computed with and what is fetched into the caches meanwhile. The hardware
// fetches ahead as well, but not past the end of a page of 4 KiB: Huber's loss and gradient of
// 3 x 64 MB take 0.9 of the time. 512 to 8192 bytes are equally good, a hint that the data is not
// used again makes it twice as slow. Past the end of the memory nothing happens.
constexpr int kPrefetchBytes = 4096;
FL_INLINE void prefetch(const void* p) { __builtin_prefetch((const char*)p + kPrefetchBytes); }

template <int... I>
struct Indices {};
template <int N, int... I>
struct FirstIndices : FirstIndices<N - 1, N - 1, I...> {};
template <int... I>
struct FirstIndices<0, I...> : Indices<I...> {};

// Lane i of the result is lane Pick::from(i) of a followed by b.
template <class Pick, class V, int... I>
FL_INLINE V shuffle(V a, V b, Indices<I...>) {
#if defined(__clang__)
  return V::of(__builtin_shufflevector(a.raw, b.raw, Pick::from(I)...));
#else
  return V::of(__builtin_shuffle(a.raw, b.raw, typename V::Bits{Pick::from(I)...}));
#endif
}
template <class Pick, class V>
FL_INLINE V shuffle(V a, V b) {
  return shuffle<Pick>(a, b, FirstIndices<V::kSize>{});
}

template <int Distance>
struct Exchange {  // lanes that are `Distance` apart
  static constexpr int from(int i) { return i ^ Distance; }
};

template <int Half, class V, class Fold>
FL_INLINE V fold_register(V v, Fold fold) {
  if constexpr (Half == 0)
    return v;
  else
    return fold_register<Half / 2>(fold(v, shuffle<Exchange<Half>>(v, v)), fold);
}

// Sum and maximum over kLanes numbers held in kLanes / V::kSize registers. The tree folds halves,
// so it is the same on every instruction set: first registers, then lanes.
template <class V, class Fold>
FL_INLINE V fold_parts(const V* part, Fold fold) {
  constexpr int kParts = kLanes<typename V::Scalar> / V::kSize;
  V v[kParts];
  for (int i = 0; i < kParts; ++i) v[i] = part[i];
#pragma GCC unroll 8
  for (int half = kParts / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) v[i] = fold(v[i], v[i + half]);
  return v[0];
}

// The result stands in every lane.
template <class V, class Fold>
FL_INLINE V fold_lanes(const V* part, Fold fold) {
  return fold_register<V::kSize / 2>(fold_parts(part, fold), fold);
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
