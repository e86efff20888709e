#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// (ln(1 + p) - ln(1 + y))^2, p and y not below epsilon (Keras). At the bound itself the slope is
// halved, as that of a maximum between equals.
struct MeanSquaredLogarithmicError {
  static constexpr LossInfo info{"mean_squared_logarithmic_error",
                                 "Squared difference of logarithms.",
                                 param::positive("epsilon", 1e-7)};
  double epsilon;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V low(epsilon), p = max(low, y_pred);
    const V r = log1p(p) - log1p(max(low, y_true));
    const V slope = select(y_pred == low, V(1.0), V(2.0)) * r / (V(1.0) + p);
    return {r * r, select(y_pred < low, V(0.0), slope)};
  }
};

}  // namespace fl::losses
