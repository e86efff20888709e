// Vec<T, 1>: one number, with the operations of a register and the same bits. vec.hpp includes it,
// nobody else.
//
// A class and not the number itself: a loss finds the functions of its numbers by their type.
#pragma once

#include <math.h>

#if defined(__AVX512F__)
#error "math.hpp would use registers: compile for one lane without AVX-512"
#endif
#if defined(__USE_FAST_MATH__) || defined(__FAST_MATH__)
#error "one lane must round as a CPU's register does: compile without fast mathematics"
#endif

namespace fl {
inline namespace FL_ISA {
namespace {

// The bits of a number as another one. Not by __builtin_bit_cast: nvcc 13.0 ends with an internal
// error where the result is a constant.
template <class To, class From>
FL_INLINE To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

template <class T>
struct Mask<T, 1> {  // all bits set, or none, as in a register
  typename IntegerLike<T>::type bits;

  static FL_INLINE Mask of(bool set) { return {set ? -1 : 0}; }
  friend FL_INLINE Mask operator|(Mask a, Mask b) { return {a.bits | b.bits}; }
  friend FL_INLINE Mask operator&(Mask a, Mask b) { return {a.bits & b.bits}; }
};

// Division and square root are rounded correctly on GPUs as well, unless nvcc is told otherwise;
// products and sums are contracted unless it is told not to (-fmad=false).
template <class T>
struct Vec<T, 1> {
  using Scalar = T;
  using Integer = typename IntegerLike<T>::type;
  using Raw = T;
  using Bits = Integer;
  static constexpr int kSize = 1;
  static constexpr double kEpsilon = sizeof(T) == 4 ? 0x1p-23 : 0x1p-52;

  Raw raw;

  Vec() = default;
  FL_INLINE explicit Vec(double x) : raw(T(x)) {}
  static FL_INLINE Vec of(Raw raw) {
    Vec v;
    v.raw = raw;
    return v;
  }
  static FL_INLINE Vec of_bits(Bits bits) { return of(bits_as<Raw>(bits)); }
  FL_INLINE Bits bits() const { return bits_as<Bits>(raw); }
  static FL_INLINE Bits difference(Bits a, Bits b) {  // wraps around
    return Bits(uint64_t(a) - uint64_t(b));
  }
  static FL_INLINE Vec of_integers(Bits n) { return of(Raw(n)); }
  FL_INLINE Bits integers() const { return Bits(raw); }

  static FL_INLINE Vec load(const T* p) { return of(*p); }
  FL_INLINE void store(T* p) const { *p = raw; }

  friend FL_INLINE Vec operator+(Vec a, Vec b) { return of(a.raw + b.raw); }
  friend FL_INLINE Vec operator-(Vec a, Vec b) { return of(a.raw - b.raw); }
  friend FL_INLINE Vec operator*(Vec a, Vec b) { return of(a.raw * b.raw); }
  friend FL_INLINE Vec operator/(Vec a, Vec b) { return of(a.raw / b.raw); }
  friend FL_INLINE Vec operator-(Vec a) { return of(-a.raw); }

  using M = Mask<T, 1>;
  friend FL_INLINE M operator<(Vec a, Vec b) { return M::of(a.raw < b.raw); }
  friend FL_INLINE M operator>(Vec a, Vec b) { return M::of(a.raw > b.raw); }
  friend FL_INLINE M operator<=(Vec a, Vec b) { return M::of(a.raw <= b.raw); }
  friend FL_INLINE M operator>=(Vec a, Vec b) { return M::of(a.raw >= b.raw); }
  friend FL_INLINE M operator==(Vec a, Vec b) { return M::of(a.raw == b.raw); }
  friend FL_INLINE M operator!=(Vec a, Vec b) { return M::of(a.raw != b.raw); }

  // By hand, not by the minimum of the GPU: that one drops NaN, and x86 must agree bit by bit.
  friend FL_INLINE Vec min(Vec a, Vec b) { return of(a.raw < b.raw ? a.raw : b.raw); }
  friend FL_INLINE Vec max(Vec a, Vec b) { return of(a.raw > b.raw ? a.raw : b.raw); }
  friend FL_INLINE Vec select(M m, Vec a, Vec b) { return of(m.bits ? a.raw : b.raw); }
};

using Float = Vec<float, 1>;
using Double = Vec<double, 1>;
template <class T>
using Native = Vec<T, 1>;

// A number about whose origin the compiler knows nothing. GCC would make one instruction of
// -fma(a, b, c) where there is one, and it has the other sign where the result is 0.
template <class T>
FL_INLINE T of_unknown_origin(T x) {
#if defined(__CUDACC__)
#elif defined(__FMA__)
  asm("" : "+x"(x));
#elif defined(__aarch64__)
  asm("" : "+w"(x));
#endif
  return x;
}
FL_INLINE Float fma(Float a, Float b, Float c) {
  return Float::of(of_unknown_origin(::fmaf(a.raw, b.raw, c.raw)));
}
FL_INLINE Double fma(Double a, Double b, Double c) {
  return Double::of(of_unknown_origin(::fma(a.raw, b.raw, c.raw)));
}
FL_INLINE Float sqrt(Float a) { return Float::of(::sqrtf(a.raw)); }
FL_INLINE Double sqrt(Double a) { return Double::of(::sqrt(a.raw)); }
FL_INLINE Float abs(Float a) { return Float::of(::fabsf(a.raw)); }
FL_INLINE Double abs(Double a) { return Double::of(::fabs(a.raw)); }

template <class T>
FL_INLINE bool none(Mask<T, 1> m) {
  return !m.bits;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
