// What y_pred means to a row loss: logits or probabilities.
//
// A link turns the predictions of a row into the probabilities and log-probabilities that the loss
// is written in, and the loss' slopes (d loss / d log_prob) into its gradient. The kernel calls
//   mass(x)            the unnormalised probability of a class; x is y_pred, less the row's maximum
//                      if kShifted
//   row(total)         what the row needs to know of the sum of all masses
//   describe(...)      the class
//   grad(...)          d loss / d y_pred of the class
#pragma once
#include "losses/logistic.hpp"

namespace fl::losses {

// prob = e^x / sum e^x, taken relative to the row's largest logit so that nothing overflows.
struct Softmax {
  static constexpr bool kShifted = true;
  static constexpr double kAbsent = -__builtin_inf();  // y_pred of a class with no mass

  template <class V>
  struct Row {
    V log_total, inverse_total;
  };
  template <class V>
  FL_INLINE V mass(V x) const {
    return exp(x);
  }
  template <class V>
  FL_INLINE Row<V> row(V total) const {
    return {log(total), V(1.0) / total};
  }
  template <class V>
  FL_INLINE Class<V> describe(V y_true, V x, V mass, V weight, V uniform, const Row<V>& row) const {
    return {y_true, x - row.log_total, mass * row.inverse_total, weight, V(1.0), uniform};
  }
  // d log_prob_c / d x_k = [c == k] - prob_k
  template <class V>
  FL_INLINE V grad(V slope, V slope_sum, const Class<V>& c, const Row<V>&) const {
    return fma(-slope_sum, c.prob, slope);
  }
};

// prob = y_pred / sum y_pred, clipped to [epsilon, 1 - epsilon], as Keras does.
struct Probability {
  static constexpr bool kShifted = false;
  static constexpr double kAbsent = 0;
  double epsilon;

  template <class V>
  struct Row {
    V total;
  };
  template <class V>
  FL_INLINE V mass(V x) const {
    return x;
  }
  template <class V>
  FL_INLINE Row<V> row(V total) const {
    return {total};
  }
  template <class V>
  FL_INLINE Class<V> describe(V y_true, V, V mass, V weight, V uniform, const Row<V>& row) const {
    const auto p = clip_probability(mass / row.total, epsilon);
    return {y_true, log(p.prob), p.prob, weight, p.moves, uniform};
  }
  // d ln(p_c / total) / d p_k = [c == k] / p_k - 1 / total
  template <class V>
  FL_INLINE V grad(V slope, V slope_sum, const Class<V>& c, const Row<V>& row) const {
    return (slope / c.prob - slope_sum) / row.total;
  }
};

}  // namespace fl::losses
