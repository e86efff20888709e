// What y_pred means to a row loss: logits, probabilities, or logarithms of these.
//
// A link turns the predictions of a row into the probabilities and log-probabilities that the loss
// is written in, and the loss' slopes (d loss / d log_prob) into its gradient. The kernel calls
//   mass(x)            the unnormalised probability of a class; x is y_pred, less the row's maximum
//                      if kShifted
//   row(total)         what the row needs to know of the sum of all masses; without kTotal there is
//                      none, and a class is described by y_pred alone
//   describe(...)      the class
//   grad(...)          d loss / d y_pred of the class
// Of a link with kTargetsOnly, a class whose slope is 0 has the gradient 0.
// A link with kCurved sees y_pred through logit() first; curve() is its slope, and penalty() what
// the size of the row's masses adds to the loss.
#pragma once
#include "losses/logistic.hpp"

namespace fl::losses {

// prob = e^x / sum e^x, taken relative to the row's largest logit so that nothing overflows.
struct Softmax {
  static constexpr bool kShifted = true, kTotal = true, kCurved = false;
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

// Softmax of scaled logits: cap tanh(y_pred / cap), which keeps them within the cap (0: none), over
// the temperature. z_loss times the square of ln sum e^x holds the sum near 1.
// Gemma Team 2024, arXiv:2408.00118; Chowdhery et al. 2022, PaLM, arXiv:2204.02311.
struct ScaledSoftmax : Softmax {
  static constexpr bool kCurved = true;
  double temperature, softcap, z_loss;

  template <class V>
  FL_INLINE V logit(V y_pred) const {
    const V capped = softcap == 0 ? y_pred : V(softcap) * tanh(y_pred / V(softcap));
    return capped / V(temperature);
  }
  template <class V>
  FL_INLINE V curve(V y_pred) const {
    if (softcap == 0) return V(1 / temperature);
    // 1 - tanh^2 from e^-2|x|: the difference would cancel where the cap is near.
    const V decay = exp(abs(y_pred) * V(-2 / softcap)), sum = V(1.0) + decay;
    return V(4 / temperature) * decay / (sum * sum);
  }
  // Its value, and its slope towards every log-probability in sum, which is what slopes sum to.
  template <class V>
  FL_INLINE ValueGrad<V> penalty(V log_sum_exp) const {
    const V slope = V(z_loss) * log_sum_exp;
    return {slope * log_sum_exp, V(-2.0) * slope};
  }
};

// prob = y_pred / sum y_pred, clipped to [epsilon, 1 - epsilon], as Keras does.
struct Probability {
  static constexpr bool kShifted = false, kTotal = true, kCurved = false;
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

// prob = y_pred as it is. What divides by it takes it to be at least 1e-7, to stay finite.
struct Given {
  static constexpr bool kShifted = false, kTotal = false, kCurved = false;
  static constexpr double kAbsent = 0;

  template <class V>
  struct Row {};
  template <class V>
  FL_INLINE V mass(V x) const {
    return x;
  }
  template <class V>
  FL_INLINE Row<V> row(V) const {
    return {};
  }
  template <class V>
  FL_INLINE Class<V> describe(V y_true, V x, V, V weight, V uniform, const Row<V>&) const {
    return {y_true, log(x), max(V(1e-7), x), weight, V(1.0), uniform};
  }
  template <class V>
  FL_INLINE V grad(V slope, V, const Class<V>& c, const Row<V>&) const {
    return slope / c.prob;
  }
};

// log_prob = y_pred as it is; no loss of it may ask for prob.
struct LogProbability {
  static constexpr bool kShifted = false, kTotal = false, kCurved = false;
  static constexpr bool kTargetsOnly = true;
  static constexpr double kAbsent = 0;

  template <class V>
  struct Row {};
  template <class V>
  FL_INLINE V mass(V x) const {
    return x;
  }
  template <class V>
  FL_INLINE Row<V> row(V) const {
    return {};
  }
  template <class V>
  FL_INLINE Class<V> describe(V y_true, V x, V, V weight, V uniform, const Row<V>&) const {
    return {y_true, x, V(0.0), weight, V(1.0), uniform};
  }
  template <class V>
  FL_INLINE V grad(V slope, V, const Class<V>&, const Row<V>&) const {
    return slope;
  }
};

}  // namespace fl::losses
