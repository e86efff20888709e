// Pair<V>: two registers computed with as if they were one.
//
// A loss is a long chain of operations, each of which waits for the last, and a core looks too few
// instructions ahead to fill the waits from the next turn of the loop. Two chains side by side fill
// them: losses with logarithms take 0.8 to 0.9 of the time, and what the loop asks of its operands
// it asks half as often. The functions of math.hpp do one half after the other, which is close
// enough.
#pragma once

#include "simd/math.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

template <class M>
struct PairMask {
  M low, high;

  friend FL_INLINE PairMask operator|(PairMask a, PairMask b) {
    return {a.low | b.low, a.high | b.high};
  }
  friend FL_INLINE PairMask operator&(PairMask a, PairMask b) {
    return {a.low & b.low, a.high & b.high};
  }
};

template <class V>
struct Pair {
  using Scalar = typename V::Scalar;
  using M = PairMask<typename V::M>;
  static constexpr int kSize = 2 * V::kSize;
  static constexpr double kEpsilon = V::kEpsilon;

  V low, high;

  Pair() = default;
  FL_INLINE explicit Pair(double x) : low(x), high(x) {}
  FL_INLINE Pair(V low, V high) : low(low), high(high) {}

  static FL_INLINE Pair load(const Scalar* p) { return {V::load(p), V::load(p + V::kSize)}; }
  FL_INLINE void store(Scalar* p) const { low.store(p), high.store(p + V::kSize); }

  friend FL_INLINE Pair operator+(Pair a, Pair b) { return {a.low + b.low, a.high + b.high}; }
  friend FL_INLINE Pair operator-(Pair a, Pair b) { return {a.low - b.low, a.high - b.high}; }
  friend FL_INLINE Pair operator*(Pair a, Pair b) { return {a.low * b.low, a.high * b.high}; }
  friend FL_INLINE Pair operator/(Pair a, Pair b) { return {a.low / b.low, a.high / b.high}; }
  friend FL_INLINE Pair operator-(Pair a) { return {-a.low, -a.high}; }

  friend FL_INLINE M operator<(Pair a, Pair b) { return {a.low < b.low, a.high < b.high}; }
  friend FL_INLINE M operator>(Pair a, Pair b) { return {a.low > b.low, a.high > b.high}; }
  friend FL_INLINE M operator<=(Pair a, Pair b) { return {a.low <= b.low, a.high <= b.high}; }
  friend FL_INLINE M operator>=(Pair a, Pair b) { return {a.low >= b.low, a.high >= b.high}; }
  friend FL_INLINE M operator==(Pair a, Pair b) { return {a.low == b.low, a.high == b.high}; }
  friend FL_INLINE M operator!=(Pair a, Pair b) { return {a.low != b.low, a.high != b.high}; }

  friend FL_INLINE Pair select(M m, Pair a, Pair b) {
    return {select(m.low, a.low, b.low), select(m.high, a.high, b.high)};
  }
  friend FL_INLINE Pair min(Pair a, Pair b) { return {min(a.low, b.low), min(a.high, b.high)}; }
  friend FL_INLINE Pair max(Pair a, Pair b) { return {max(a.low, b.low), max(a.high, b.high)}; }
  friend FL_INLINE Pair clamp(Pair x, Pair low, Pair high) { return min(high, max(low, x)); }
  friend FL_INLINE Pair fma(Pair a, Pair b, Pair c) {
    return {fma(a.low, b.low, c.low), fma(a.high, b.high, c.high)};
  }
  friend FL_INLINE Pair abs(Pair a) { return {abs(a.low), abs(a.high)}; }
  friend FL_INLINE Pair sqrt(Pair a) { return {sqrt(a.low), sqrt(a.high)}; }
  friend FL_INLINE Pair sign(Pair a) { return {sign(a.low), sign(a.high)}; }
  friend FL_INLINE Pair exp(Pair a) { return {exp(a.low), exp(a.high)}; }
  friend FL_INLINE Pair expm1(Pair a) { return {expm1(a.low), expm1(a.high)}; }
  friend FL_INLINE Pair tanh(Pair a) { return {tanh(a.low), tanh(a.high)}; }
  friend FL_INLINE Pair log(Pair a) { return {log(a.low), log(a.high)}; }
  friend FL_INLINE Pair log1p(Pair a) { return {log1p(a.low), log1p(a.high)}; }
  friend FL_INLINE Pair decay(Pair a) { return {decay(a.low), decay(a.high)}; }
  friend FL_INLINE Pair log1p_of_fraction(Pair a) {
    return {log1p_of_fraction(a.low), log1p_of_fraction(a.high)};
  }
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
