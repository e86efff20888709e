#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// 1/2 r^2 / beta for |r| < beta, |r| - 1/2 beta beyond;  r = y_pred - y_true. beta = 0 leaves |r|.
struct SmoothL1 {
  static constexpr LossInfo info{"smooth_l1", "Absolute difference, rounded off near zero.",
                                 param::non_negative("beta", 1.0)};
  double beta;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V r = y_pred - y_true;
    if (beta == 0) return {abs(r), sign(r)};
    const V c = clamp(r / V(beta), V(-1.0), V(1.0));
    return {c * fma(V(-0.5 * beta), c, r), c};
  }
};

}  // namespace fl::losses
