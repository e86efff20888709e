#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// 100 |y_pred - y_true| / max(|y_true|, epsilon), with slope 0 where they are equal.
struct MeanAbsolutePercentageError {
  static constexpr LossInfo info{"mean_absolute_percentage_error",
                                 "Absolute difference in percent of the target.",
                                 param::positive("epsilon", 1e-7)};
  double epsilon;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V r = y_pred - y_true;
    const V percent = V(100.0) / max(V(epsilon), abs(y_true));
    return {abs(r) * percent, sign(r) * percent};
  }
};

}  // namespace fl::losses
