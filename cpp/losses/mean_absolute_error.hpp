#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// |y_pred - y_true|, with slope 0 where they are equal.
struct MeanAbsoluteError {
  static constexpr LossInfo info{"mean_absolute_error", "Absolute difference."};

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V r = y_pred - y_true;
    return {abs(r), sign(r)};
  }
};

}  // namespace fl::losses
