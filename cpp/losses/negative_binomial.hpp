#pragma once
#include "losses/log_gamma.hpp"

namespace fl::losses {

// u / (1 + u) - ln(1 + u), over u^2. Near 0 the difference cancels: there its series.
template <class V>
FL_INLINE V excess(V u, V log1p_u) {
  const V direct = (u / (V(1.0) + u) - log1p_u) / (u * u);
  const V near = series(
      u, {-1. / 2, 2. / 3, -3. / 4, 4. / 5, -5. / 6, 6. / 7, -7. / 8, 8. / 9, -9. / 10, 10. / 11,
          -11. / 12, 12. / 13, -13. / 14, 14. / 15, -15. / 16, 16. / 17, -17. / 18, 18. / 19});
  return select(u < V(0.125), near, direct);
}

// Counts of mean m and variance m + a m^2, a the dispersion, r = 1 / a (negative binomial, type 2):
//   (y + r) ln(1 + a m) - y ln m - y ln a - ln Gamma(y + r) + ln Gamma(r)      full: plus ln y!
// a = 0 is Poisson's loss. Hilbe 2011, Negative Binomial Regression.
//
// Given are log_m and spread = ln(1 + a m), so that both links keep the tails they can. The slope
// towards ln m is (m - y) / (1 + a m), which the caller knows best.
template <class V>
FL_INLINE ValueGrads<V> negative_binomial(V y, V m, V log_m, V spread, V log_slope, V a,
                                          bool full) {
  constexpr int kFrom = kStirlingFrom<V>;
  const V zero(0.0), half(0.5), one(1.0), from{double(kFrom)};
  const V r = one / a;
  const auto raise = r < from;
  const V big = select(raise, r + from, r), sum = big + y;

  // ln Gamma(r + y) - ln Gamma(r) is that of the raised arguments less ln of the factors between,
  // in two parts, since their product may overflow.
  V ratio[2] = {one, one};
  V inverses = zero;
  for (int k = 0; k < kFrom; ++k) {
    const V low = r + V(double(k)), high = low + y;
    ratio[k % 2] = ratio[k % 2] * (high / low);
    inverses = inverses + y / (low * high);  // 1 / low - 1 / high
  }
  const V factors = select(raise, log(ratio[0]) + log(ratio[1]) - y * log1p(a * from), zero);
  const V growth = log1p(y / big);
  V value = fma(y, spread - log_m, r * spread) - fma(sum - half, growth, -y) -
            (stirling(sum) - stirling(big)) + factors;
  if (full) value = value + log_gamma(y + one);

  // For a below 1 / kFrom, in a form whose terms do not grow while a falls; see excess.
  const V u = a * m, v = a * y, one_v = one + v;
  const V small_slope = m * m * excess(u, spread) - y * y * excess(v, growth) +
                        y * log_slope / one_v + half * y / one_v +
                        (stirling_slope(big) - stirling_slope(sum)) * r * r;
  const V digamma = growth + half * y / (big * sum) + stirling_slope(big) - stirling_slope(sum) +
                    inverses;  // of r + y, less that of r
  const V large_slope = r * (log_slope - r * (spread - digamma));
  return {value, log_slope, select(raise, large_slope, small_slope)};
}

// A dispersion of 0 is as good as one that is tiny; below 0 there is no such distribution.
template <class V>
FL_INLINE V dispersion_of(V a) {
  const V zero(0.0);
  return select(a < zero, zero / zero, max(V(1e-30), a));
}

// Of the mean itself, m = y_pred + epsilon.
struct NegativeBinomial {
  static constexpr LossInfo info{"negative_binomial",
                                 "Likelihood of overdispersed counts, given their mean.",
                                 param::non_negative("epsilon", 1e-7), param::flag("full")};
  static constexpr const char* kMore[] = {"dispersion"};
  double epsilon, full;

  template <class V>
  FL_INLINE ValueGrads<V> operator()(V y_true, V y_pred, V dispersion) const {
    const V m = y_pred + V(epsilon), a = dispersion_of(dispersion);
    const V log_slope = (m - y_true) / fma(a, m, V(1.0));
    auto r = negative_binomial(y_true, m, log(m), log1p(a * m), log_slope, a, full != 0);
    r.grad = log_slope / m;
    return r;
  }
};

// Of the logarithm of the mean.
struct NegativeBinomialLogInput {
  static constexpr LossInfo info{"negative_binomial_log_input",
                                 "Likelihood of overdispersed counts, given the log of their mean.",
                                 param::flag("full")};
  static constexpr const char* kMore[] = {"dispersion"};
  double full;

  template <class V>
  FL_INLINE ValueGrads<V> operator()(V y_true, V y_pred, V dispersion) const {
    const V zero(0.0), one(1.0), a = dispersion_of(dispersion);
    const V decay = exp(-abs(y_pred)), mean = exp(y_pred), u = a * mean;
    const auto large = y_pred > zero;
    // ln(1 + a e^x) = x + ln(a + e^-x) does not overflow, but cancels where a e^x is small.
    const V spread = select(u < V(1e30), log1p(u), y_pred + log(a + decay));
    const V log_slope = select(large, fma(-y_true, decay, one), decay - y_true) /
                        select(large, a + decay, fma(a, decay, one));
    const V m = min(V(1e18), mean);  // its square stays finite
    return negative_binomial(y_true, m, y_pred, spread, log_slope, a, full != 0);
  }
};

}  // namespace fl::losses
