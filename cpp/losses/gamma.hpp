// Likelihoods of positive amounts: gamma, and Tweedie, which knows zeros as well.
#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// y / m + ln m,  m = y_pred + epsilon the predicted mean.
struct Gamma {
  static constexpr LossInfo info{"gamma", "Likelihood of positive amounts, given their mean.",
                                 param::non_negative("epsilon", 1e-7)};
  double epsilon;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V inverse = V(1.0) / (y_pred + V(epsilon)), ratio = y_true * inverse;
    return {ratio - log(inverse), (V(1.0) - ratio) * inverse};
  }
};

// y e^-x + x,  x the logarithm of the predicted mean.
struct GammaLogInput {
  static constexpr LossInfo info{"gamma_log_input",
                                 "Likelihood of positive amounts, given the log of their mean."};

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V ratio = y_true * exp(-y_pred);
    return {ratio + y_pred, V(1.0) - ratio};
  }
};

// m^(2 - p) / (2 - p) - y m^(1 - p) / (1 - p),  m = e^x the predicted mean, p the power: Poisson's
// loss at p = 1, gamma's at 2, between them amounts with a mass at zero.
struct TweedieLogInput {
  static constexpr LossInfo info{"tweedie_log_input",
                                 "Likelihood of amounts with zeros, given the log of their mean.",
                                 param::between("power", 1.5, 1, 3)};
  double power;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V zero(0.0);
    const V mean = exp(V(2.0 - power) * y_pred);
    // 0 stays 0, also where the other factor is infinite.
    const V target = select(y_true == zero, zero, y_true * exp(V(1.0 - power) * y_pred));
    const V mean_term = power == 2 ? y_pred : mean * V(1 / (2 - power));
    const V target_term = power == 1 ? y_true * y_pred : target * V(1 / (1 - power));
    return {mean_term - target_term, mean - target};
  }
};

// The same of the mean itself, y_pred + epsilon.
struct Tweedie {
  static constexpr LossInfo info{"tweedie", "Likelihood of amounts with zeros, given their mean.",
                                 param::between("power", 1.5, 1, 3),
                                 param::non_negative("epsilon", 1e-7)};
  double power, epsilon;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V mean = y_pred + V(epsilon);
    const auto r = TweedieLogInput{power}(y_true, log(mean));
    return {r.value, r.grad / mean};
  }
};

}  // namespace fl::losses
