#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// 1/2 r^2 for |r| <= delta, delta (|r| - 1/2 delta) beyond;  r = y_pred - y_true.
struct Huber {
  static constexpr LossInfo info{"huber", "Quadratic near zero, linear in the tails.",
                                 param::positive("delta", 1.0)};
  double delta;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V r = y_pred - y_true;
    const V c = clamp(r, V(-delta), V(delta));  // the gradient; NaN stays NaN
    return {c * (r - V(0.5) * c), c};
  }
};

}  // namespace fl::losses
