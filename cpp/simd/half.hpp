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

FL_INLINE Float widen_as(Raw16 bits, const BFloat16*) {
  return Float::of_bits((Float::Bits)(widen_lanes(bits) << 16));
}
// What of a register goes into the upper halves of its lanes.
FL_INLINE Raw32 round_to_bfloat16(Float v) {
  const Raw32 bits = (Raw32)v.bits();
#if defined(__AVX512F__)
  // NaN of both kinds: quiet; all others: rounded. An instruction less than to compare and select,
  // and one less again for the tie.
  constexpr int kResponses = 0x22;
  const __mmask16 odd = _mm512_test_epi32_mask((__m512i)bits, _mm512_set1_epi32(0x10000));
  const __m512i rounded = _mm512_mask_add_epi32((__m512i)(bits + 0x7FFF), odd, (__m512i)bits,
                                                _mm512_set1_epi32(0x8000));
  return (Raw32)_mm512_fixupimm_ps((__m512)rounded, v.raw, _mm512_set1_epi32(kResponses), 0);
#else
  const Raw32 rounded = bits + 0x7FFF + (bits >> 16 & 1);
  return v.raw == v.raw ? rounded : bits | 0x00400000;  // NaN: quiet, not rounded
#endif
}
FL_INLINE Raw16 narrow_as(Float v, const BFloat16*) {
  return narrow_lanes(round_to_bfloat16(v) >> 16);
}

#if defined(__AVX512F__)
FL_INLINE Float widen_as(Raw16 bits, const Half*) {
  return Float::of(_mm512_maskz_cvtph_ps(0xFFFF, (__m256i)bits));
}
FL_INLINE Raw16 narrow_as(Float v, const Half*) {
  return (Raw16)_mm512_maskz_cvtps_ph(0xFFFF, v.raw, _MM_FROUND_TO_NEAREST_INT);
}
#elif defined(__F16C__)
FL_INLINE Float widen_as(Raw16 bits, const Half*) {
  return Float::of(_mm256_cvtph_ps((__m128i)bits));
}
FL_INLINE Raw16 narrow_as(Float v, const Half*) {
  return (Raw16)_mm256_cvtps_ph(v.raw, _MM_FROUND_TO_NEAREST_INT);
}
#elif defined(__ARM_NEON)
FL_INLINE Float widen_as(Raw16 bits, const Half*) {
  return Float::of(vcvt_f32_f16(vreinterpret_f16_u16((uint16x4_t)bits)));
}
FL_INLINE Raw16 narrow_as(Float v, const Half*) {
  return (Raw16)vreinterpret_u16_f16(vcvt_f16_f32(v.raw));
}
#endif

template <class S>
  requires(sizeof(S) == 2)
FL_INLINE Float load_as(const S* p) {
  Raw16 bits;
  memcpy(&bits, p, sizeof bits);
  return widen_as(bits, p);
}

// Two registers, narrowed into one.
using Narrowed = typename VectorOf<uint16_t, 2 * Float::kSize>::type;

template <class S>
FL_INLINE Narrowed narrow_pair(Float low, Float high, const S* p) {
  const Raw16 parts[] = {narrow_as(low, p), narrow_as(high, p)};
  Narrowed bits;
  memcpy(&bits, parts, sizeof bits);
  return bits;
}
#if defined(__AVX512F__)
// One merges the halves of lanes, one brings them into their order; a register by itself takes two.
template <>
FL_INLINE Narrowed narrow_pair(Float low, Float high, const BFloat16*) {
  const __m512i merged = _mm512_mask_mov_epi16((__m512i)(round_to_bfloat16(low) >> 16), 0xAAAAAAAA,
                                               (__m512i)round_to_bfloat16(high));
  Narrowed order;
  for (int i = 0; i < 32; ++i) order[i] = uint16_t(i % 16 * 2 + i / 16);
  return (Narrowed)_mm512_maskz_permutexvar_epi16(~0u, (__m512i)order, merged);
}
#elif defined(__AVX2__)
template <>
FL_INLINE Narrowed narrow_pair(Float low, Float high, const BFloat16*) {
  const __m256i packed = _mm256_packus_epi32((__m256i)(round_to_bfloat16(low) >> 16),
                                             (__m256i)(round_to_bfloat16(high) >> 16));
  return (Narrowed)_mm256_permute4x64_epi64(packed, 0xD8);
}
#endif

// The first n numbers at p, and `rest` in the other lanes; and the way back. What is left out is
// not touched.
template <class S>
  requires(sizeof(S) == 2)
FL_INLINE Float load_first(const S* p, int n, Float rest) {
  if (n >= Float::kSize) return load_as(p);
  Raw16 bits{};
#if defined(__AVX512F__)
  bits = (Raw16)_mm256_maskz_loadu_epi16(first_16(n < 0 ? 0 : n), p);
#else
  if (n > 0) memcpy(&bits, p, unsigned(n) * sizeof(S));
#endif
  return select(first_lanes<Float>(n), widen_as(bits, p), rest);
}
FL_INLINE void store_first(Raw16 bits, void* p, int n) {
#if defined(__AVX512F__)
  if (n > 0) _mm256_mask_storeu_epi16(p, first_16(n), (__m256i)bits);
#else
  if (n > 0) memcpy(p, &bits, unsigned(n < Float::kSize ? n : Float::kSize) * sizeof bits[0]);
#endif
}

// Past the caches, if p is aligned to the register.
FL_INLINE void stream(Narrowed bits, void* p) { stream(Float::of((Float::Raw)bits), (float*)p); }

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
