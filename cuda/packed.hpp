// Numbers in the packs that a thread moves: as many as fit, in the format that they are kept in.
//
// Where i is not known to the compiler (in a loop that is not unrolled) a pack goes to memory:
// registers have no index.
#pragma once

#include "cuda/device.hpp"
#include "kernels/dtypes.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Numbers of a format in a pack.
template <class S>
constexpr int kPacked = kPack / int(sizeof(S));

// Number i of a pack.
template <class S>
FL_DEVICE S number_of(const Pack& pack, int i) {
  if constexpr (sizeof(S) == 8)
    return bits_as<S>(uint64_t(pack.words[2 * i + 1]) << 32 | pack.words[2 * i]);
  else if constexpr (sizeof(S) == 4)
    return bits_as<S>(pack.words[i]);
  else
    return bits_as<S>(uint16_t(pack.words[i / 2] >> i % 2 * 16));
}

// Two numbers of 16 bits in a word, the first one below.
template <class S>
FL_DEVICE uint32_t narrow_pair(float first, float second) {
#if defined(__CUDA_ARCH__)
  uint32_t word;
  if constexpr (__is_same(S, BFloat16))
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
  else
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
  return word;
#else
  return uint32_t(narrow<S>(second).bits) << 16 | narrow<S>(first).bits;
#endif
}

// The larger one of each two, which is the other one where one is NaN.
template <class S>
FL_DEVICE uint32_t larger_pair(uint32_t a, uint32_t b) {
#if defined(__CUDA_ARCH__)
  uint32_t word;
  if constexpr (__is_same(S, BFloat16))
    asm("max.bf16x2 %0, %1, %2;" : "=r"(word) : "r"(a), "r"(b));
  else
    asm("max.f16x2 %0, %1, %2;" : "=r"(word) : "r"(a), "r"(b));
  return word;
#else
  const auto larger = [](S x, S y) { return ::fmaxf(widen<float>(x), widen<float>(y)); };
  return narrow_pair<S>(larger({uint16_t(a)}, {uint16_t(b)}),
                        larger({uint16_t(a >> 16)}, {uint16_t(b >> 16)}));
#endif
}

// The K numbers of a pack from number `first` on, as numbers computed with; and the way back.
template <class S, class T, int K>
FL_DEVICE void unpack(const Pack& pack, int first, T (&to)[K]) {
  FL_UNROLL(8)
  for (int k = 0; k < K; ++k) to[k] = widen<T>(number_of<S>(pack, first + k));
}

template <class S, class T, int K>
FL_DEVICE void put_in_pack(const T (&from)[K], int first, Pack& pack) {
  if constexpr (sizeof(S) == 2) {
    static_assert(K % 2 == 0);
    FL_UNROLL(4)
    for (int k = 0; k < K; k += 2)
      pack.words[(first + k) / 2] = narrow_pair<S>(float(from[k]), float(from[k + 1]));
  } else {
    FL_UNROLL(4)
    for (int k = 0; k < K; ++k) {
      const S number = S(from[k]);
      if constexpr (sizeof(S) == 4) {
        pack.words[first + k] = bits_as<uint32_t>(number);
      } else {
        const uint64_t bits = bits_as<uint64_t>(number);
        pack.words[2 * (first + k)] = uint32_t(bits);
        pack.words[2 * (first + k) + 1] = uint32_t(bits >> 32);
      }
    }
  }
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
