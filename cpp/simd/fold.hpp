// Lanes exchanged between registers, and sums and maxima over them.
#pragma once

#include "simd/vec.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

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
