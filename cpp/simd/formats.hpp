// float16 and bfloat16: formats that numbers are kept in, never computed with. Conversions are
// exact or round to nearest even, keep NaN, and are the same on every instruction set; on a GPU NaN
// stays NaN, but not its payload.
//
// The bfloat16 instructions of AVX-512 are not used: they flush subnormal numbers.
#pragma once

#include "simd/vec.hpp"

#if defined(__F16C__)
#include <immintrin.h>
#endif

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
#if defined(__CUDA_ARCH__)
  float wide;
  asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(x.bits));
  return T(wide);
#elif defined(__F16C__)
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
#if defined(__CUDA_ARCH__)
  BFloat16 y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
#else
  const uint32_t bits = bits_of_float(x);
  const uint32_t rounded = bits + 0x7FFF + (bits >> 16 & 1);
  return {uint16_t((x == x ? rounded : bits | 0x00400000) >> 16)};
#endif
}
template <>
FL_INLINE Half narrow(float x) {
#if defined(__CUDA_ARCH__)
  Half y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
#elif defined(__F16C__)
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

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
