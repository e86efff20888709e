#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// ln y! for y > 1 by Stirling's series, y ln y - y + 1/2 ln(2 pi y), as torch approximates it; else
// 0.
template <class V>
FL_INLINE V log_factorial(V y) {
  const V counted = max(V(1.0), y);  // where the logarithm is wanted; NaN stays NaN
  const V stirling =
      fma(counted, log(counted), V(0.5) * log(V(6.283185307179586) * counted)) - counted;
  return select(y <= V(1.0), V(0.0), stirling);
}

// p - y ln(p + epsilon), p the predicted rate: negative log-likelihood of counts.
// full: plus ln y!, which does not depend on the prediction.
struct Poisson {
  static constexpr LossInfo info{"poisson", "Negative log-likelihood of counts, given their rate.",
                                 param::non_negative("epsilon", 1e-7), param::flag("full")};
  double epsilon, full;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V rate = y_pred + V(epsilon);
    V value = fma(-y_true, log(rate), y_pred);
    if (full != 0) value = value + log_factorial(y_true);
    return {value, V(1.0) - y_true / rate};
  }
};

// e^x - y x, x the logarithm of the predicted rate.
struct PoissonLogInput {
  static constexpr LossInfo info{"poisson_log_input",
                                 "Negative log-likelihood of counts, given the log of their rate.",
                                 param::flag("full")};
  double full;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V rate = exp(y_pred);
    V value = fma(-y_true, y_pred, rate);
    if (full != 0) value = value + log_factorial(y_true);
    return {value, rate - y_true};
  }
};

}  // namespace fl::losses
