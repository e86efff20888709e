// What the binary losses share: a logit seen through the logistic function, and label smoothing.
#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// p = 1 / (1 + e^-x) and its complement, with their logarithms, from one exponential, one logarithm
// and one division. Every field keeps its relative precision in both tails; none overflows.
template <class V>
struct Logistic {
  V prob, complement;       // p, 1 - p
  V cost_true, cost_false;  // -ln p, -ln(1 - p)
};

template <class V>
FL_INLINE Logistic<V> logistic(V x) {
  const V zero(0.0), one(1.0);
  const V d = decay(x);
  const V larger = one / (one + d), smaller = d * larger;
  const V tail = log1p_of_fraction(d);
  const auto positive = x >= zero;
  return {select(positive, larger, smaller), select(positive, smaller, larger),
          max(zero, -x) + tail, max(zero, x) + tail};
}

// Targets pulled towards 1/2: y (1 - s) + s / 2.
template <class V>
FL_INLINE V smooth_binary(V y_true, double smoothing) {
  return fma(y_true, V(1.0 - smoothing), V(0.5 * smoothing));
}

// A probability kept inside [epsilon, 1 - epsilon], as Keras keeps it; NaN stays NaN.
template <class V>
struct Clipped {
  V prob;
  V moves;  // 1, or 0 where clipping made it constant; the bounds themselves move
};

template <class V>
FL_INLINE Clipped<V> clip_probability(V p, double epsilon) {
  const V low(epsilon), high(1.0 - epsilon);
  const auto outside = (p < low) | (p > high);
  return {clamp(p, low, high), select(outside, V(0.0), V(1.0))};
}

}  // namespace fl::losses
