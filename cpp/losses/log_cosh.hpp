#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// ln cosh r,  r = y_pred - y_true.
struct LogCosh {
  static constexpr LossInfo info{"log_cosh",
                                 "Like a squared error near zero, like an absolute one far away."};

  template <class V>
  FL_INLINE ValueGrad<V> operator()(V y_true, V y_pred) const {
    const V one(1.0), zero(0.0), ln_2(0.69314718055994531);
    const V r = y_pred - y_true, size = abs(r);
    // t = e^-|r| - 1. Near zero cosh r - 1 = t^2 / (2 (1 + t)) keeps its relative precision, which
    // |r| - ln 2 + ln(1 + e^-2|r|) would lose: in single precision it is 0 below 2e-4.
    const V t = expm1(-size), decay = one + t;
    const auto near = size < one;
    const V tail = log1p(select(near, t * t / (decay + decay), decay * decay));
    const V square = decay * decay;
    const V tanh_size = -t * (decay + one) / (one + square);
    return {select(near, zero, size - ln_2) + tail, select(r < zero, -tanh_size, tanh_size)};
  }
};

}  // namespace fl::losses
