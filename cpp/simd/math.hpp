// Elementary functions of Vec<float, N> and Vec<double, N>: own polynomials, so that every
// instruction set gives the same bits. NaN stays NaN everywhere.
//
// Beside each function stands its largest error, in units in the last place, over all 2^32 floats
// and 2^26 doubles (tests/cpp/math_accuracy.cpp, last run in full on 2026-11-22); without FMA no
// more, unless it says so. The polynomials of float are minimax fits (Remez) made for this file,
// those of double series.
#pragma once

#include "simd/vec.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// c[0] + c[1] x + ... by Horner's rule.
template <class V, int K>
FL_INLINE V polynomial(V x, const double (&c)[K]) {
  V sum(c[K - 1]);
  FL_UNROLL(16)
  for (int i = K - 2; i >= 0; --i) sum = fma(sum, x, V(c[i]));
  return sum;
}

// The same, the even and the odd powers each by Horner's rule: half the wait for as many
// operations where x^2 is there anyway. It is not for exp: short, and 0.05 units less accurate.
template <class V, int K>
FL_INLINE V polynomial(V x, V square, const double (&c)[K]) {
  V last(c[K - 1]), other(c[K - 2]);
  FL_UNROLL(16)
  for (int i = K - 3; i >= 0; --i) {
    const V next = fma(last, square, V(c[i]));
    last = other;
    other = next;
  }
  return fma(last, x, other);
}

// e^x = 2^n e^r with |r| <= ln 2 / 2.
template <class V>
struct Reduced {
  V rounded;           // n as a number
  typename V::Bits n;  // and as an integer
  V expm1_r;           // e^r - 1
};

template <int N>
FL_INLINE Vec<float, N> expm1_kernel(Vec<float, N> r) {
  const auto q =
      polynomial(r, {0.4999999337, 0.1666651952, 0.04166840108, 0.008368851068, 0.00138143207});
  return fma(r * r, q, r);
}

template <int N>
FL_INLINE Vec<double, N> expm1_kernel(Vec<double, N> r) {  // 1 / k!
  const auto q =
      polynomial(r, {1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320,
                     1. / 362880, 1. / 3628800, 1. / 39916800, 1. / 479001600, 1. / 6227020800});
  return fma(r * r, q, r);
}

template <class V>
FL_INLINE Reduced<V> reduce_exp(V x) {
  constexpr bool kSingle = sizeof(typename V::Scalar) == 4;
  // Adding 1.5 2^mantissa_bits rounds to the nearest integer and leaves it in the low bits.
  const V magic(kSingle ? 0x1.8p23 : 0x1.8p52);
  const V shifted = fma(x, V(1.4426950408889634), magic);
  const V n = shifted - magic;
  // ln 2 in two parts; n times the first is exact also without FMA.
  const V r = fma(n, V(kSingle ? -0.693359375 : -0x1.62e42feep-1), x);
  return {n, shifted.bits() - magic.bits(),
          expm1_kernel(fma(n, V(kSingle ? 2.12194440054690583e-4 : -0x1.a39ef35793c76p-33), r))};
}

// 2^n for n in the exponent range of normal numbers.
template <class V>
FL_INLINE V power_of_two(typename V::Bits n) {
  using I = IntegerLike<typename V::Scalar>;
  return V::of_bits((n + I::bias) << I::mantissa_bits);
}

// x 2^n, rounded once. 2^n itself overflows, or is subnormal, at both ends of the range.
template <class V>
FL_INLINE V times_power_of_two(V x, const Reduced<V>& e) {
#if defined(__AVX512F__)
  if constexpr (sizeof(typename V::Scalar) == 4)
    return V::of(_mm512_maskz_scalef_ps(0xFFFF, x.raw, e.rounded.raw));
  else
    return V::of(_mm512_maskz_scalef_pd(0xFF, x.raw, e.rounded.raw));
#else
  const auto half = e.n >> 1;
  return x * power_of_two<V>(half) * power_of_two<V>(e.n - half);
#endif
}

// Where e^x does not round to 0, or is NaN. Elsewhere none is computed: it would be subnormal on
// its way, which takes a hundred times as long, and logits of -inf are common.
template <class T, int N>
FL_INLINE Mask<T, N> has_exp(Vec<T, N> x) {
  return {~(x < Vec<T, N>(sizeof(T) == 4 ? -104 : -746)).bits};
}

// e^x for x that does not overflow, and 0 in other lanes. In AVX-512 both selections are part of
// the instruction before them, min(x) and the last one.
template <class T, int N>
FL_INLINE Vec<T, N> exp_where(Mask<T, N> lanes, Vec<T, N> x) {
  using V = Vec<T, N>;
  const V zero(0.0);
  const auto e = reduce_exp(select(lanes, x, zero));
  return select(lanes, times_power_of_two(V(1.0) + e.expm1_r, e), zero);
}

// e^x: float 1.02, double 0.99. Subnormal results are rounded, not flushed.
template <class T, int N>
FL_INLINE Vec<T, N> exp(Vec<T, N> x) {
  return exp_where(has_exp(x), min(Vec<T, N>(sizeof(T) == 4 ? 90 : 711), x));
}

// e^-|x|: as exp.
template <class T, int N>
FL_INLINE Vec<T, N> decay(Vec<T, N> x) {
  using V = Vec<T, N>;
  const V y = V::of_bits(x.bits() | V(-0.0).bits());
  return exp_where(has_exp(y), y);
}

// e^x - 1 for x <= 0: float 0.96, double 1.15.
template <class T, int N>
FL_INLINE Vec<T, N> expm1(Vec<T, N> x) {
  using V = Vec<T, N>;
  const auto e = reduce_exp(max(V(sizeof(T) == 4 ? -80 : -700), x));
  const V scale = power_of_two<V>(e.n);
  return fma(scale, e.expm1_r, scale - V(1.0));
}

// tanh x: float 2.29, double 2.51. With e = e^-2|x| it is (1 - e) / (1 + e) near 0, where 1 - e
// comes from expm1, and 1 - 2 e / (1 + e) elsewhere, where an error of e would count twice.
template <class T, int N>
FL_INLINE Vec<T, N> tanh(Vec<T, N> x) {
  using V = Vec<T, N>;
  const V one(1.0), size = abs(x);
  const auto e = reduce_exp(max(V(sizeof(T) == 4 ? -80 : -700), V(-2.0) * size));
  const V scale = power_of_two<V>(e.n);
  const V decay = fma(scale, e.expm1_r, scale), rest = -fma(scale, e.expm1_r, scale - one);
  const auto near = size < V(0.55);
  const V quotient = select(near, rest, decay + decay) / (one + decay);
  const V result = select(near, quotient, one - quotient);
  return select(x < V(0.0), -result, result);
}

// x = 2^e (1 + f) with 1 + f in [3/4, 3/2), for x above 0 and below infinity.
template <class V>
struct Split {
  V e, f;
};

template <class V>
FL_INLINE Split<V> split_log(V x) {
  constexpr bool kSingle = sizeof(typename V::Scalar) == 4;
#if defined(__AVX512F__)
  // Two instructions take numbers apart, subnormal ones as well.
  if constexpr (kSingle) {
    const auto m = _mm512_maskz_getmant_ps(0xFFFF, x.raw, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_src);
    return {V::of(_mm512_maskz_getexp_ps(0xFFFF, x.raw) - _mm512_maskz_getexp_ps(0xFFFF, m)),
            V::of(m) - V(1.0)};
  } else {
    const auto m = _mm512_maskz_getmant_pd(0xFF, x.raw, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_src);
    return {V::of(_mm512_maskz_getexp_pd(0xFF, x.raw) - _mm512_maskz_getexp_pd(0xFF, m)),
            V::of(m) - V(1.0)};
  }
#else
  using I = IntegerLike<typename V::Scalar>;
  using Bits = typename V::Bits;
  const auto subnormal = x < V(kSingle ? 0x1p-126 : 0x1p-1022);
  x = select(subnormal, x * V(kSingle ? 0x1p23 : 0x1p52), x);
  const Bits lowest = V(0.75).bits();
  const Bits above = V::difference(x.bits(), lowest);
  const Bits mantissa = (above & ((typename V::Integer(1) << I::mantissa_bits) - 1)) + lowest;
  const V e = V::of_integers(above >> I::mantissa_bits);
  return {select(subnormal, e - V(I::mantissa_bits), e), V::of_bits(mantissa) - V(1.0)};
#endif
}

// 2^n for an integer n, rounded once where it is subnormal.
template <class V>
FL_INLINE V exp2_of_integer(V n) {
#if defined(__AVX512F__)
  return times_power_of_two(V(1.0), Reduced<V>{n, {}, n});
#else
  return times_power_of_two(V(1.0), Reduced<V>{n, n.integers(), n});
#endif
}

// ln(1 + f) + e ln 2.
template <int N>
FL_INLINE Vec<float, N> log_kernel(Vec<float, N> e, Vec<float, N> f) {
  using V = Vec<float, N>;
  const V square = f * f;
  const V q = polynomial(f, square,
                         {0.3333344911, -0.2500009584, 0.1999086125, -0.1664731233, 0.1447839493,
                          -0.1316119201, 0.1046301919, -0.04507478347});
  V tail = fma(square * f, q, e * V(-2.12194440054690583e-4));
  tail = fma(V(-0.5), square, tail);
  return fma(e, V(0.693359375), f + tail);
}

template <int N>
FL_INLINE Vec<double, N> log_kernel(Vec<double, N> e, Vec<double, N> f) {
  using V = Vec<double, N>;
  const V s = f / (V(2.0) + f);  // ln(1 + f) = 2 artanh s = f - s (f - 2 s^2 / 3 - 2 s^4 / 5 - ...)
  const V z = s * s;
  const V series = z * polynomial(z, z * z,
                                  {2. / 3, 2. / 5, 2. / 7, 2. / 9, 2. / 11, 2. / 13, 2. / 15,
                                   2. / 17, 2. / 19, 2. / 21, 2. / 23});
  const V half_square = V(0.5) * f * f;
  const V tail = fma(s, half_square + series, e * V(0x1.a39ef35793c76p-33));
  return fma(e, V(0x1.62e42feep-1), f - (half_square - tail));
}

// The logarithm y of x, but that of 0, infinity and what has none in their places.
template <class V>
FL_INLINE V unless_special(V x, V y) {
#if defined(__AVX512F__)
  // By class of x, from right to left: quiet and signalling NaN: NaN; 0: -inf; 1: y;
  // -inf: NaN; inf: inf; negative: NaN; positive: y.
  constexpr int kResponses = 0x03530422;
  if constexpr (sizeof(typename V::Scalar) == 4)
    return V::of(_mm512_fixupimm_ps(y.raw, x.raw, _mm512_set1_epi32(kResponses), 0));
  else
    return V::of(_mm512_fixupimm_pd(y.raw, x.raw, _mm512_set1_epi64(kResponses), 0));
#else
  const V zero(0.0), infinity(param::kInfinity);
  y = select(x == infinity, infinity, y);
  y = select(x == zero, -infinity, y);
  return select((x >= zero), y, x - x + (zero / zero));
#endif
}

// ln x: float 0.99, double 0.87. -inf at 0, NaN below.
template <class T, int N>
FL_INLINE Vec<T, N> log(Vec<T, N> x) {
  const auto [e, f] = split_log(x);
  return unless_special(x, log_kernel(e, f));
}

// ln(1 + x): float 1.27, double 0.86. -inf at -1, NaN below.
template <class T, int N>
FL_INLINE Vec<T, N> log1p(Vec<T, N> x) {
  using V = Vec<T, N>;
  const V one(1.0), u = one + x;
  // u is rounded, which its exponent hardly notices; f comes from x itself.
  const V e = split_log(u).e, scale = exp2_of_integer(-e);
  return unless_special(u, log_kernel(e, fma(x, scale, scale - one)));
}

// ln(1 + x) for 0 <= x <= 1: float 1.86 (without FMA 2.48), double 0.86.
template <int N>
FL_INLINE Vec<float, N> log1p_of_fraction(Vec<float, N> x) {
  using V = Vec<float, N>;
  const V square = x * x;
  const V rest = polynomial(x, square,
                            {0.2495858674, -0.1969539724, 0.1535538738, -0.1068054138, 0.0576643135,
                             -0.02020451958, 0.003318458894});
  // The largest terms one by one: even and odd ones would cancel.
  const V q = fma(fma(rest, x, V(-0.3333051125)), x, V(0.4999993276));
  return fma(-square, q, x);
}

template <int N>
FL_INLINE Vec<double, N> log1p_of_fraction(Vec<double, N> x) {
  using V = Vec<double, N>;
  const auto large = x > V(0.5);
  const V zero(0.0), one(1.0), half(0.5);
  return log_kernel(select(large, one, zero), select(large, fma(half, x, -half), x));
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
