#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// 1/2 (ln v + (y_pred - y_true)^2 / v),  v the predicted variance, not below epsilon; its slope
// ignores that bound (torch). full: plus 1/2 ln(2 pi).
// Nix and Weigend 1994, Estimating the mean and variance of the target probability distribution.
struct GaussianNLL {
  static constexpr LossInfo info{"gaussian_nll", "Likelihood of numbers, given mean and variance.",
                                 param::non_negative("epsilon", 1e-6), param::flag("full")};
  static constexpr const char* kMore[] = {"variance"};
  double epsilon, full;

  template <class V>
  FL_INLINE ValueGrads<V> operator()(V y_true, V y_pred, V variance) const {
    const V half(0.5), v = max(V(epsilon), variance), r = y_pred - y_true;
    const V slope = r / v;
    V value = half * fma(r, slope, log(v));
    if (full != 0) value = value + V(0.91893853320467274);
    return {value, slope, half * (V(1.0) / v - slope * slope)};
  }
};

}  // namespace fl::losses
