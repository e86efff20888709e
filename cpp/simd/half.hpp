// Registers of float16 and bfloat16 (formats.hpp), and what of float goes in and out.
#pragma once

#include "simd/formats.hpp"
#include "simd/memory.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Whether a register is converted from and to float16 by an instruction.
#if defined(__F16C__) || defined(__ARM_NEON)
constexpr bool kConvertsHalf = true;
#else
constexpr bool kConvertsHalf = false;
#endif

using Raw16 = typename VectorOf<uint16_t, Float::kSize>::type;  // a register of floats, narrowed
using Raw32 = typename VectorOf<uint32_t, Float::kSize>::type;

// The lower halves of 32-bit lanes, and back. In words of its own GCC 12 takes four instructions.
FL_INLINE Raw32 widen_lanes(Raw16 x) {
#if defined(__AVX512F__)
  return (Raw32)_mm512_maskz_cvtepu16_epi32(0xFFFF, (__m256i)x);
#elif defined(__AVX2__)
  return (Raw32)_mm256_cvtepu16_epi32((__m128i)x);
#else
  return __builtin_convertvector(x, Raw32);
#endif
}
FL_INLINE Raw16 narrow_lanes(Raw32 x) {
#if defined(__AVX512F__)
  return (Raw16)_mm512_maskz_cvtepi32_epi16(0xFFFF, (__m512i)x);
#else
  return __builtin_convertvector(x, Raw16);
#endif
}

// A register from memory that need not be aligned, and what of a register goes there.
FL_INLINE Float load_as(const float* p) { return Float::load(p); }
FL_INLINE Double load_as(const double* p) { return Double::load(p); }
FL_INLINE Float narrow_as(Float v, const float*) { return v; }
FL_INLINE Double narrow_as(Double v, const double*) { return v; }

FL_INLINE Float load_as(const BFloat16* p) {
  Raw16 bits;
  memcpy(&bits, p, sizeof bits);
  return Float::of_bits((Float::Bits)(widen_lanes(bits) << 16));
}
FL_INLINE Raw16 narrow_as(Float v, const BFloat16*) {
  const Raw32 bits = (Raw32)v.bits(), rounded = bits + 0x7FFF + (bits >> 16 & 1);
  const Raw32 kept = v.raw == v.raw ? rounded : bits | 0x00400000;  // NaN: quiet, not rounded
  return narrow_lanes(kept >> 16);
}

#if defined(__AVX512F__)
FL_INLINE Float load_as(const Half* p) {
  return Float::of(_mm512_maskz_cvtph_ps(0xFFFF, _mm256_loadu_si256((const __m256i_u*)p)));
}
FL_INLINE Raw16 narrow_as(Float v, const Half*) {
  return (Raw16)_mm512_maskz_cvtps_ph(0xFFFF, v.raw, _MM_FROUND_TO_NEAREST_INT);
}
#elif defined(__F16C__)
FL_INLINE Float load_as(const Half* p) {
  return Float::of(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i_u*)p)));
}
FL_INLINE Raw16 narrow_as(Float v, const Half*) {
  return (Raw16)_mm256_cvtps_ph(v.raw, _MM_FROUND_TO_NEAREST_INT);
}
#elif defined(__ARM_NEON)
FL_INLINE Float load_as(const Half* p) {
  return Float::of(vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16((const uint16_t*)p))));
}
FL_INLINE Raw16 narrow_as(Float v, const Half*) {
  return (Raw16)vreinterpret_u16_f16(vcvt_f16_f32(v.raw));
}
#endif

// Past the caches, if p is aligned to the bits; see stream() of a register.
FL_INLINE void stream(Raw16 bits, void* p) {
#if defined(__AVX512F__)
  _mm256_stream_si256((__m256i*)p, (__m256i)bits);
#elif defined(__AVX2__)
  _mm_stream_si128((__m128i*)p, (__m128i)bits);
#else
  memcpy(p, &bits, sizeof bits);  // half of a register: there is no instruction
#endif
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
