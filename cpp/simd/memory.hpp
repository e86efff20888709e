// Between registers and memory: parts of a register, and what goes past the caches or ahead of
// them.
#pragma once

#include "simd/vec.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

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

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
