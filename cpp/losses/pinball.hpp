#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// max(q r, (q - 1) r),  r = y_true - y_pred, q the quantile; slope 0 where they are equal.
// Koenker and Bassett 1978, Regression Quantiles.
struct Pinball {
  static constexpr LossInfo info{"pinball", "Absolute difference whose minimum is a quantile.",
                                 param::fraction("quantile", 0.5)};
  double quantile;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V zero(0.0), above(quantile), below(quantile - 1.0);
    const V r = y_true - y_pred;
    return {max(above * r, below * r),
            select(r > zero, -above, select(r < zero, -below, r))};  // NaN stays NaN
  }
};

}  // namespace fl::losses
