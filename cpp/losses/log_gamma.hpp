// ln Gamma(x) for x > 0, and how it grows, from Stirling's series.
#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// The series is exact to rounding from here on; smaller arguments are raised by as much.
template <class V>
constexpr int kStirlingFrom = V::kEpsilon > 1e-10 ? 4 : 8;

// c[0] + c[1] x + ...
template <class V, int K>
FL_INLINE V series(V x, const double (&c)[K]) {
  V sum(c[K - 1]);
  for (int i = K - 2; i >= 0; --i) sum = fma(sum, x, V(c[i]));
  return sum;
}

// ln Gamma(z) = (z - 1/2) ln z - z + 1/2 ln(2 pi) + stirling(z)
template <class V>
FL_INLINE V stirling(V z) {
  const V inverse = V(1.0) / z;
  return inverse * series(inverse * inverse,
                          {1. / 12, -1. / 360, 1. / 1260, -1. / 1680, 1. / 1188, -691. / 360360,
                           1. / 156, -3617. / 122400, 43867. / 244188, -174611. / 125400});
}

// digamma(z) = ln z - 1 / (2 z) - stirling_slope(z)
template <class V>
FL_INLINE V stirling_slope(V z) {
  const V inverse = V(1.0) / z, square = inverse * inverse;
  return square * series(square, {1. / 12, -1. / 120, 1. / 252, -1. / 240, 1. / 132, -691. / 32760,
                                  1. / 12, -3617. / 8160, 43867. / 14364, -174611. / 6600});
}

// ln Gamma(x), x > 0: in single precision off by at most 2e-6 near its zeros 1 and 2.
template <class V>
FL_INLINE V log_gamma(V x) {
  constexpr int kFrom = kStirlingFrom<V>;
  const auto small = x < V(double(kFrom));
  const V z = select(small, x + V(double(kFrom)), x);
  V product(1.0);
  for (int k = 0; k < kFrom; ++k) product = product * (x + V(double(k)));
  const V raised = fma(z - V(0.5), log(z), V(0.91893853320467274) - z) + stirling(z);
  return raised - select(small, log(select(small, product, V(1.0))), V(0.0));
}

}  // namespace fl::losses
