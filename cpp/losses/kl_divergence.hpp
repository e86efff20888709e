// Divergence of a distribution from another.
#pragma once
#include "losses/logistic.hpp"

namespace fl::losses {

// sum y ln(y / p), both clipped to [epsilon, 1] (Keras).
struct KLDivergence {
  static constexpr LossInfo info{"kl_divergence",
                                 "Divergence of a distribution, given its probabilities.",
                                 param::positive("epsilon", 1e-7)};
  double epsilon;

  enum { kValue, kSums };

  template <class V>
  FL_INLINE void update(V* sums, const Entry<V>& e) const {
    const V y = clip(e.y_true), p = clip(e.x[0]);
    sums[kValue] = fma(y, log(y / p), sums[kValue]);
  }
  template <class V>
  FL_INLINE V finish(V* sums, const Entry<V>&) const {
    return sums[kValue];
  }
  template <class V>
  FL_INLINE void slope(const V*, const Entry<V>& e, V* slope) const {
    const auto outside = (e.x[0] < V(epsilon)) | (e.x[0] > V(1.0));
    slope[0] = select(outside, V(0.0), -clip(e.y_true) / clip(e.x[0]));
  }

 private:
  template <class V>
  FL_INLINE V clip(V x) const {
    return clamp(x, V(epsilon), V(1.0));
  }
};

// t (ln t - y_pred), y_pred the logarithm of a probability; t = y_true, or e^y_true with
// log_target. What has no probability costs nothing, whatever was predicted for it.
struct KLDivergenceFromLogProbs {
  static constexpr LossInfo info{"kl_divergence_from_log_probs",
                                 "Divergence of a distribution, given its log-probabilities.",
                                 param::flag("log_target")};
  double log_target;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V zero(0.0), t = log_target != 0 ? exp(y_true) : y_true;
    const V log_t = log_target != 0 ? y_true : log(y_true);
    const V absent = select(y_pred == y_pred, zero, y_pred);  // NaN stays NaN
    return {select(t == zero, absent, t * (log_t - y_pred)), -t};
  }
};

}  // namespace fl::losses
