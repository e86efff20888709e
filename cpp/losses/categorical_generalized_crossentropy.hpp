#pragma once
#include "losses/links.hpp"

namespace fl::losses {

// sum_c y_c (1 - p_c^q) / q: cross-entropy as q goes to 0, the probability of an error at q = 1.
// Zhang and Sabuncu 2018, Generalized cross entropy loss for training deep neural networks with
// noisy labels.
template <class Link>
struct CategoricalGeneralizedCrossentropy {
  static const LossInfo info;
  static constexpr bool kSkipsAbsentTargets = true;  // an exponential and a logarithm each
  double q;
  Link link{};

  enum { kValue, kSlope, kSums };

  FL_INLINE bool every_class() const { return false; }

  template <class V>
  FL_INLINE void update(V* sums, const Class<V>& c) const {
    const V y = c.weight * c.y_true;
    const V cost = -expm1(V(q) * c.log_prob) * V(1 / q);
    sums[kValue] = sums[kValue] + select(y == V(0.0), V(0.0), y * cost);
    sums[kSlope] = sums[kSlope] + slope(sums, c);
  }
  template <class V>
  FL_INLINE ValueGrad<V> finish(const V* sums) const {
    return {sums[kValue], sums[kSlope]};
  }
  // -y p^q, by the probability that the link keeps above 0: see Given.
  template <class V>
  FL_INLINE V slope(const V*, const Class<V>& c) const {
    return -c.weight * c.y_true * exp(V(q) * log(c.prob));
  }
};

template <>
inline constexpr LossInfo CategoricalGeneralizedCrossentropy<Softmax>::info{
    "categorical_generalized_crossentropy_from_logits",
    "Cross-entropy that mislabelled rows move less, given logits.",
    param::positive_fraction("q", 0.5)};

template <>
inline constexpr LossInfo CategoricalGeneralizedCrossentropy<Given>::info{
    "categorical_generalized_crossentropy",
    "Cross-entropy that mislabelled rows move less, given probabilities.",
    param::positive_fraction("q", 0.5)};

}  // namespace fl::losses
