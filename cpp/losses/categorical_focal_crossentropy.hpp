#pragma once
#include "losses/focal.hpp"
#include "losses/links.hpp"

namespace fl::losses {

// sum_c y_c a_c (-(1 - s) ln p_c - s / classes sum_k ln p_k),  a_c = alpha w_c (1 - p_c)^gamma.
//
// The modulating factor a_c belongs to the label as it was given; smoothing s enters the
// cross-entropy only. For a hard label c that is a_c times its smoothed cross-entropy.
// smoothed_focus = 1 smooths y first and then takes sum_c -y_c a_c ln p_c, as Keras does.
template <class Link>
struct CategoricalFocalCrossentropy {
  static const LossInfo info;
  static constexpr bool kSkipsAbsentTargets = true;  // an exponential and a logarithm each
  double alpha, gamma, label_smoothing, smoothed_focus;
  Link link{};

  enum { kValue, kSlope, kFactor, kFactorSlope, kCost, kCostSlope, kSums };

  FL_INLINE bool every_class() const { return label_smoothing != 0; }

  template <class V>
  FL_INLINE void update(V* sums, const Class<V>& c) const {
    const V y = target(c);
    const auto a = factor(y, c);
    const V own = V(own_share());
    sums[kValue] = sums[kValue] - select(y == V(0.0), V(0.0), own * a.value * c.log_prob);
    sums[kSlope] = sums[kSlope] - own * (a.value * c.moves + a.grad * finite_log(c));
    if (own_share() == 1) return;
    sums[kFactor] = sums[kFactor] + a.value;
    sums[kFactorSlope] = sums[kFactorSlope] + a.grad;
    sums[kCost] = sums[kCost] - c.uniform * c.log_prob;
    sums[kCostSlope] = sums[kCostSlope] - c.uniform * c.moves;
  }
  template <class V>
  FL_INLINE ValueGrad<V> finish(const V* sums) const {
    if (own_share() == 1) return {sums[kValue], sums[kSlope]};
    const V rest = V(label_smoothing);
    return {fma(rest * sums[kFactor], sums[kCost], sums[kValue]),
            sums[kSlope] +
                rest * (sums[kFactor] * sums[kCostSlope] + sums[kFactorSlope] * sums[kCost])};
  }
  template <class V>
  FL_INLINE V slope(const V* sums, const Class<V>& c) const {
    const auto a = factor(target(c), c);
    const V own = V(-own_share()) * fma(a.grad, finite_log(c), a.value * c.moves);
    if (own_share() == 1) return own;
    return fma(V(label_smoothing), fma(a.grad, sums[kCost], -c.uniform * c.moves * sums[kFactor]),
               own);
  }

 private:
  // The share of the cross-entropy that stays with the class of the label.
  FL_INLINE double own_share() const { return smoothed_focus != 0 ? 1.0 : 1.0 - label_smoothing; }

  template <class V>
  FL_INLINE V target(const Class<V>& c) const {
    if (smoothed_focus == 0) return c.y_true;
    return fma(c.y_true, V(1.0 - label_smoothing), V(label_smoothing) * c.uniform);
  }
  // y_c a_c and its derivative with respect to ln p_c, -gamma y_c a_c p_c / (1 - p_c). The quotient
  // is bounded by what V resolves next to p = 1: the pole for gamma < 1 would swamp the other sums.
  template <class V>
  FL_INLINE ValueGrad<V> factor(V y, const Class<V>& c) const {
    const V miss = -expm1(c.log_prob);  // 1 - p without cancellation
    const V a = y * c.weight * V(alpha) * focal_factor(miss, gamma);
    return {a, V(-gamma) * a * c.moves * c.prob / max(V(V::kEpsilon), miss)};
  }
  // ln p, kept finite: its factor is 0 wherever it is not.
  template <class V>
  FL_INLINE V finite_log(const Class<V>& c) const {
    return max(V(-1e30), c.log_prob);
  }
};

template <>
inline constexpr LossInfo CategoricalFocalCrossentropy<Softmax>::info{
    "categorical_focal_crossentropy_from_logits",
    "Cross-entropy of several classes that fades easy examples, given logits.",
    param::non_negative("alpha", 0.25),
    param::non_negative("gamma", 2.0),
    param::fraction("label_smoothing", 0.0),
    param::flag("smoothed_focus")};

template <>
inline constexpr LossInfo CategoricalFocalCrossentropy<Probability>::info{
    "categorical_focal_crossentropy",
    "Cross-entropy of several classes that fades easy examples, given probabilities.",
    param::non_negative("alpha", 0.25),
    param::non_negative("gamma", 2.0),
    param::fraction("label_smoothing", 0.0),
    param::flag("smoothed_focus"),
    param::positive("epsilon", 1e-7)};

}  // namespace fl::losses
