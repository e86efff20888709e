#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// (y_pred - y_true)^2
struct MeanSquaredError {
  static constexpr LossInfo info{"mean_squared_error", "Squared difference."};

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V r = y_pred - y_true;
    return {r * r, r + r};
  }
};

}  // namespace fl::losses
