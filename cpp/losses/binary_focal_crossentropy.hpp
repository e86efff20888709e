#pragma once
#include "losses/binary_crossentropy.hpp"
#include "losses/focal.hpp"
#include "losses/logistic.hpp"

namespace fl::losses {

// alpha_t (1 - p_t)^gamma times binary cross-entropy.
//
// p_t and alpha_t belong to the label as it was given; smoothing enters the cross-entropy only.
// smoothed_focus = 1 takes them from the smoothed label, as Keras does. alpha < 0: alpha_t = 1;
// otherwise alpha may differ from element to element by the factor `relative_alpha`.
struct BinaryFocalCrossentropyFromLogits {
  static constexpr LossInfo info{"binary_focal_crossentropy_from_logits",
                                 "Binary cross-entropy that fades easy examples, given the logit.",
                                 param::balance("alpha"),
                                 param::non_negative("gamma", 2.0),
                                 param::fraction("label_smoothing", 0.0),
                                 param::flag("smoothed_focus")};
  double alpha, gamma, label_smoothing, smoothed_focus;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred, V relative_alpha) const {
    const V one(1.0);
    const V t = smooth_binary(y_true, label_smoothing);
    const V y = smoothed_focus != 0 ? t : y_true;
    const auto p = logistic(y_pred);
    // An infinite logit makes one of the costs infinite, which is nothing to a target of 0.
    const V zero(0.0), cost = select(t == zero, zero, t * p.cost_true) +
                              select(t == one, zero, (one - t) * p.cost_false);
    const V cost_slope = fma(one - t, p.prob, -t * p.complement);
    const V miss = fma(y, p.complement, (one - y) * p.prob);
    const V factor = alpha_weight(y, alpha, relative_alpha) * focal_factor(miss, gamma);
    // d miss / d x relative to miss, so that neither underflows before the ratio is taken.
    const V miss_slope = (one - y - y) * p.prob * p.complement / max(V(1e-37), miss);
    return {factor * cost, factor * fma(V(gamma) * miss_slope, cost, cost_slope)};
  }

  template <class V>
  static FL_INLINE V alpha_weight(V y, double alpha, V relative_alpha) {
    if (alpha < 0) return V(1.0);
    const V a = V(alpha) * relative_alpha;
    return fma(y, a, (V(1.0) - y) * (V(1.0) - a));
  }
};

struct BinaryFocalCrossentropy {
  static constexpr LossInfo info{
      "binary_focal_crossentropy",
      "Binary cross-entropy that fades easy examples, given the probability.",
      param::balance("alpha"),
      param::non_negative("gamma", 2.0),
      param::fraction("label_smoothing", 0.0),
      param::flag("smoothed_focus"),
      param::positive("epsilon", 1e-7)};
  double alpha, gamma, label_smoothing, smoothed_focus, epsilon;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred, V relative_alpha) const {
    const V one(1.0);
    const auto bce = BinaryCrossentropy{label_smoothing, epsilon}(y_true, y_pred);
    const V y = smoothed_focus != 0 ? smooth_binary(y_true, label_smoothing) : y_true;
    const V miss = fma(y, one - y_pred, (one - y) * y_pred);  // of the prediction before clipping
    const V factor = BinaryFocalCrossentropyFromLogits::alpha_weight(y, alpha, relative_alpha) *
                     focal_factor(miss, gamma);
    // miss^(gamma - 1) has a pole at 0 for gamma < 1: bounded by what V resolves next to 1.
    const V miss_slope = (one - y - y) / max(V(V::kEpsilon), miss);
    return {factor * bce.value, factor * fma(V(gamma) * miss_slope, bce.value, bce.grad)};
  }
};

}  // namespace fl::losses
