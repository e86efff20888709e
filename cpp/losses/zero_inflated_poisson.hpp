#pragma once
#include "losses/log_gamma.hpp"
#include "losses/logistic.hpp"

namespace fl::losses {

// Counts that are 0 with probability sigmoid(z), and otherwise Poisson of rate m:
//   y = 0: softplus(z) - ln(e^z + e^-m)      y > 0: softplus(z) + m - y ln m
// full: plus ln y!. Lambert 1992, Zero-inflated Poisson regression.
// Returned is the slope towards m in the place of that towards y_pred.
template <class V>
FL_INLINE ValueGrads<V> zero_inflated(V y, V m, V log_m, V z, bool full) {
  const auto none = y == V(0.0);
  const auto always = logistic(z), given_zero = logistic(z + m);
  // The loss of a zero is -ln(1 - some), some = the probability of a count above 0. Where that is
  // small the logarithms cancel; elsewhere ln(e^z + e^-m) comes from its larger part.
  const V some = always.complement * -expm1(-m);
  const V tail = min(given_zero.cost_true, given_zero.cost_false);  // ln(1 + e^-|z + m|)
  const V of_none = select(some < V(0.5), -log1p(-some), always.cost_false - max(-m, z) - tail);
  V count = fma(-y, log_m, m);
  if (full) count = count + log_gamma(y + V(1.0));
  return {select(none, of_none, always.cost_false + count),
          select(none, given_zero.complement, V(1.0) - y / m),
          select(none, -given_zero.prob * some, always.prob)};
}

// Of the rate itself, m = y_pred + epsilon.
struct ZeroInflatedPoisson {
  static constexpr LossInfo info{"zero_inflated_poisson",
                                 "Likelihood of counts with surplus zeros, given their rate.",
                                 param::non_negative("epsilon", 1e-7), param::flag("full")};
  static constexpr const char* kMore[] = {"zero_logit"};
  double epsilon, full;

  template <class V>
  FL_INLINE ValueGrads<V> operator()(V y_true, V y_pred, V zero_logit) const {
    const V rate = y_pred + V(epsilon);
    return zero_inflated(y_true, rate, log(rate), zero_logit, full != 0);
  }
};

// Of the logarithm of the rate.
struct ZeroInflatedPoissonLogInput {
  static constexpr LossInfo info{"zero_inflated_poisson_log_input",
                                 "Likelihood of counts with surplus zeros, given the log rate.",
                                 param::flag("full")};
  static constexpr const char* kMore[] = {"zero_logit"};
  double full;

  template <class V>
  FL_INLINE ValueGrads<V> operator()(V y_true, V y_pred, V zero_logit) const {
    const V rate = exp(y_pred);
    auto r = zero_inflated(y_true, rate, y_pred, zero_logit, full != 0);
    // An infinite rate times a probability of 0 is 0.
    r.grad = select(y_true == V(0.0), r.grad * min(V(1e30), rate), rate - y_true);
    return r;
  }
};

}  // namespace fl::losses
