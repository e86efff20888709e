#pragma once
#include "losses/logistic.hpp"

namespace fl::losses {

// -(w t ln p + (1 - t) ln(1 - p)), p = sigmoid(y_pred), t the smoothed target, w the weight of the
// positive class. Each tail of the gradient is a product, not a difference, so neither cancels.
struct BinaryCrossentropyFromLogits {
  static constexpr LossInfo info{
      "binary_crossentropy_from_logits",
      "Cross-entropy of two classes, given the logit of the positive one.",
      param::fraction("label_smoothing", 0.0)};
  double label_smoothing;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred, V positive_weight) const {
    const V t = smooth_binary(y_true, label_smoothing);
    const V on = positive_weight * t, off = V(1.0) - t;
    const auto p = logistic(y_pred);
    return {fma(on, p.cost_true, off * p.cost_false), fma(-on, p.complement, off * p.prob)};
  }
};

// -(t ln p + (1 - t) ln(1 - p)), p = y_pred clipped to [epsilon, 1 - epsilon] (Keras).
struct BinaryCrossentropy {
  static constexpr LossInfo info{
      "binary_crossentropy",
      "Cross-entropy of two classes, given the probability of the positive one.",
      param::fraction("label_smoothing", 0.0), param::positive("epsilon", 1e-7)};
  double label_smoothing, epsilon;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V t = smooth_binary(y_true, label_smoothing);
    const auto p = clip_probability(y_pred, epsilon);
    const V complement = V(1.0) - p.prob;
    const V value = -fma(t, log(p.prob), (V(1.0) - t) * log1p(-p.prob));
    return {value, p.moves * (p.prob - t) / (p.prob * complement)};
  }
};

// -(t max(ln p, -100) + (1 - t) max(ln(1 - p), -100)), NaN outside [0, 1] (torch).
struct BinaryCrossentropyClamped {
  static constexpr LossInfo info{
      "binary_crossentropy_clamped",
      "Cross-entropy of two classes from a probability, logs kept above -100."};

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V t, V p) const {
    const V zero(0.0), one(1.0), lowest(-100.0);
    const V complement = one - p;
    const V cost = -fma(t, max(lowest, log(p)), (one - t) * max(lowest, log1p(-p)));
    // Where p is 0 or 1 the slope stays finite: torch bounds p (1 - p) from below.
    const V slope = (p - t) / max(V(1e-12), p * complement);
    const V nan = (p - p) / zero;
    const auto outside = (p < zero) | (p > one) | (t < zero) | (t > one);
    return {select(outside, nan, cost), select(outside, nan, slope)};
  }
};

}  // namespace fl::losses
