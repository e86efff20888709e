#pragma once
#include "losses/links.hpp"

namespace fl::losses {

// -sum_c w_c t_c ln p_c,  t = y_true (1 - s) + s / classes, s the label smoothing.
template <class Link>
struct CategoricalCrossentropy {
  static const LossInfo info;
  double label_smoothing;
  Link link{};

  enum { kValue, kSlope, kSums };

  FL_INLINE bool every_class() const { return label_smoothing != 0; }

  template <class V>
  FL_INLINE void update(V* sums, const Class<V>& c) const {
    const V t = target(c);
    // A class without a target costs nothing, also where its log-probability is -inf.
    sums[kValue] = sums[kValue] - select(t == V(0.0), V(0.0), t * c.log_prob);
    sums[kSlope] = sums[kSlope] - t * c.moves;
  }
  template <class V>
  FL_INLINE ValueGrad<V> finish(const V* sums) const {
    return {sums[kValue], sums[kSlope]};
  }
  template <class V>
  FL_INLINE V slope(const V*, const Class<V>& c) const {
    return -target(c) * c.moves;
  }

 private:
  template <class V>
  FL_INLINE V target(const Class<V>& c) const {
    return c.weight * fma(c.y_true, V(1.0 - label_smoothing), V(label_smoothing) * c.uniform);
  }
};

template <>
inline constexpr LossInfo CategoricalCrossentropy<Softmax>::info{
    "categorical_crossentropy_from_logits", "Cross-entropy of several classes, given their logits.",
    param::fraction("label_smoothing", 0.0)};

template <>
inline constexpr LossInfo CategoricalCrossentropy<ScaledSoftmax>::info{
    "categorical_crossentropy_from_scaled_logits",
    "Cross-entropy of several classes, given logits to be scaled, capped and kept small.",
    param::fraction("label_smoothing", 0.0),
    param::positive("temperature", 1.0),
    param::non_negative("softcap", 0.0),
    param::non_negative("z_loss", 0.0)};

template <>
inline constexpr LossInfo CategoricalCrossentropy<LogProbability>::info{
    "categorical_crossentropy_from_log_probs",
    "Cross-entropy of several classes, given the logarithms of their probabilities."};

template <>
inline constexpr LossInfo CategoricalCrossentropy<Probability>::info{
    "categorical_crossentropy", "Cross-entropy of several classes, given their probabilities.",
    param::fraction("label_smoothing", 0.0), param::positive("epsilon", 1e-7)};

}  // namespace fl::losses
