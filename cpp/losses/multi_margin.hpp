#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// sum over classes t of y_t w_t sum over classes j with y_j = 0 of max(0, margin - x_t + x_j)^p,
// over the number of classes; slope 0 at the margin. One label: torch's multi_margin_loss; several:
// with p = 1 and margin = 1 its multilabel_margin_loss. Crammer and Singer 2001.
struct MultiMargin {
  static constexpr LossInfo info{"multi_margin",
                                 "Every wrong class should be a margin below the right ones.",
                                 param::between("p", 1, 1, 2), param::real("margin", 1.0)};
  double p, margin;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V target, V other) const {
    const V zero(0.0), z = V(margin) - target + other, h = max(zero, z);
    if (p == 1) return {h, select(z > zero, V(1.0), h)};  // h: 0, or NaN
    if (p == 2) return {h * h, h + h};
    const V slope = exp(V(p - 1) * log(h));
    return {h * slope, V(p) * slope};
  }
};

}  // namespace fl::losses
