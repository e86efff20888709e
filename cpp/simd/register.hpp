// Vec<T, N> in one register of a CPU. vec.hpp includes it, nobody else.
//
// A thin layer over GNU vector extensions. Only what the compiler does not do well by itself is an
// intrinsic: min, max, fma and sqrt.
#pragma once

#if defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

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

template <class T, int N>
struct VectorOf {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
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
  static FL_INLINE Bits difference(Bits a, Bits b) { return a - b; }  // wraps around
  static FL_INLINE Vec of_integers(Bits n) { return of(__builtin_convertvector(n, Raw)); }
  FL_INLINE Bits integers() const { return __builtin_convertvector(raw, Bits); }

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

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
