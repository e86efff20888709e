// The contract between a loss and everything that runs it. A loss knows this file and nothing else.
//
// A loss is a plain struct: its parameters are fields of type double, in the order of its LossInfo,
// and its mathematics is written once, over a type V that behaves like a number: one SIMD register
// on the CPU, one lane on a GPU. Functions of V (exp, log, fma, min, max, select, ...) are found by
// argument-dependent lookup, so V is always a class.
//
// - A pointwise loss is one call operator, (y_true, y_pred) -> value and d value / d y_pred.
// - A row loss is defined over the probabilities of the classes of one row; see Class below.
#pragma once

#if defined(__CUDACC__)
#define FL_INLINE __host__ __device__ __forceinline__
#else
#define FL_INLINE inline __attribute__((always_inline))
#endif

namespace fl {

// A parameter of a loss, its default and its domain.
struct Param {
  const char* name = nullptr;
  double value = 0;
  double low = 0, high = 0;
  bool low_excluded = false;
};

namespace param {
inline constexpr double kInfinity = __builtin_inf();
constexpr Param positive(const char* name, double value) {
  return {name, value, 0, kInfinity, true};
}
constexpr Param non_negative(const char* name, double value) {
  return {name, value, 0, kInfinity, false};
}
constexpr Param fraction(const char* name, double value) { return {name, value, 0, 1, false}; }
constexpr Param flag(const char* name) { return {name, 0, 0, 1, false}; }
// The weight of the positive class; any negative value (the default) switches balancing off.
constexpr Param balance(const char* name) { return {name, -1, -1, 1, false}; }
}  // namespace param

struct LossInfo {
  static constexpr int kMaxParams = 8;
  const char* name;
  const char* summary;
  Param params[kMaxParams] = {};
  int num_params = 0;

  template <class... P>
  constexpr LossInfo(const char* name, const char* summary, P... params)
      : name(name), summary(summary), params{params...}, num_params(sizeof...(P)) {}
};

template <class V>
struct ValueGrad {
  V value, grad;
};

// One class of one row, as a row loss sees it. A link (links.hpp) derives it from y_pred.
//
// A row loss describes itself by sums over the classes of its row:
//   every_class()          whether a class with y_true == 0 contributes to the sums or has a slope
//   kSums, update(s, c)    adds class c to the sums s[kSums]
//   finish(s)              the loss of the row, and the sum of all slopes
//   slope(s, c)            d loss / d log_prob of class c
// The link turns slopes into the gradient with respect to y_pred. An integer label is y_true == 1
// for one class and 0 for the others, so one definition serves dense and sparse targets.
template <class V>
struct Class {
  V y_true, log_prob, prob;
  V weight;   // of the class
  V moves;    // 1, or 0 where the prediction was clipped and log_prob is constant
  V uniform;  // 1 / number of classes
};

template <class... Loss>
struct List {
  static constexpr int size = sizeof...(Loss);
};

}  // namespace fl
