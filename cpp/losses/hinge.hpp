// Losses of a margin between two classes, with y_true -1 or 1.
#pragma once
#include "losses/logistic.hpp"

namespace fl::losses {

// A slope, but NaN where the margin is: a comparison alone would take NaN for "outside".
template <class V>
FL_INLINE V unless_nan(V margin, V slope) {
  return select(margin == margin, slope, margin);
}

// max(0, 1 - y_true y_pred). At the margin itself the slope is halved, as that of a maximum between
// equals.
struct Hinge {
  static constexpr LossInfo info{"hinge", "How far a prediction is from the right side of 1."};

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V zero(0.0), z = fma(-y_true, y_pred, V(1.0));
    const V slope = select(z > zero, -y_true, select(z == zero, V(-0.5) * y_true, zero));
    return {max(zero, z), unless_nan(z, slope)};
  }
};

// max(0, 1 - y_true y_pred)^2
struct SquaredHinge {
  static constexpr LossInfo info{"squared_hinge", "Squared distance from the right side of 1."};

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V h = max(V(0.0), fma(-y_true, y_pred, V(1.0)));
    return {h * h, V(-2.0) * y_true * h};
  }
};

// y_pred for y_true = 1, max(0, margin - y_pred) for -1, and for any other y_true their sum
// (torch).
struct HingeEmbedding {
  static constexpr LossInfo info{"hinge_embedding",
                                 "A distance to be small for pairs alike, and large for others.",
                                 param::real("margin", 1.0)};
  double margin;

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V zero(0.0), one(1.0), z = V(margin) - y_pred;
    const auto alike = y_true == one, apart = y_true == -one;
    const V slope_near = select(apart, zero, one);
    const V slope_far = select(alike, zero, select(z < zero, zero, -one));
    return {select(apart, zero, y_pred) + select(alike, zero, max(zero, z)),
            unless_nan(z, slope_near + slope_far)};
  }
};

// ln(1 + e^(-y_true y_pred))
struct SoftMargin {
  static constexpr LossInfo info{"soft_margin", "A smooth hinge: logistic loss of -1 and 1."};

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const auto p = logistic(-y_true * y_pred);
    return {p.cost_false, -y_true * p.prob};
  }
};

// max(0, margin - y_true (y_pred - other)): y_true = 1 if y_pred should be the larger one, else -1.
struct MarginRanking {
  static constexpr LossInfo info{"margin_ranking", "Two scores that should be in a given order.",
                                 param::real("margin", 0.0)};
  static constexpr const char* kMore[] = {"other"};
  double margin;

  template <class V>
  FL_INLINE ValueGrads<V> operator()(V y_true, V y_pred, V other) const {
    const V zero(0.0), z = fma(-y_true, y_pred - other, V(margin));
    const V slope = unless_nan(z, select(z < zero, zero, y_true));
    return {max(zero, z), -slope, slope};
  }
};

}  // namespace fl::losses
