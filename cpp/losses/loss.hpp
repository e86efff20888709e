// The contract between a loss and everything that runs it. A loss knows this file and nothing else.
//
// A loss is a plain struct: its parameters are fields of type double, in the order of its LossInfo,
// and its mathematics is written once, over a type V that behaves like a number: one SIMD register
// on the CPU, one lane on a GPU. Functions of V (exp, log, fma, min, max, select, ...) are found by
// argument-dependent lookup, so V is always a class.
//
// - A pointwise loss is one call operator, (y_true, y_pred) -> value and d value / d y_pred. It may
//   take a third argument: a weight for positive targets, 1 if none is given, or, if it names one
//   in kMore, a further prediction with a gradient of its own.
// - A row loss describes a row of numbers in one of three ways: over the probabilities of its
//   classes (Class below), over pairs of a target class and another one, or over its entries as
//   they are (Entry).
#pragma once

// What also a GPU runs is marked FL_INLINE, or FL_HOST_DEVICE if it is too long to stand in its
// callers. FL_UNROLL(n) before a loop unrolls it n times.
#define FL_PRAGMA(text) _Pragma(#text)
#if defined(__CUDACC__)
#define FL_INLINE __host__ __device__ __forceinline__
#define FL_HOST_DEVICE __host__ __device__
#else
#define FL_INLINE inline __attribute__((always_inline))
#define FL_HOST_DEVICE
#endif
#if defined(__CUDA_ARCH__)
#define FL_UNROLL(n) FL_PRAGMA(unroll n)
#elif defined(__CUDACC__) || defined(FL_EMULATED)
#define FL_UNROLL(n)  // in what the CPU's compiler sees, where no time depends on it
#else
#define FL_UNROLL(n) FL_PRAGMA(GCC unroll n)
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
constexpr Param positive_fraction(const char* name, double value) {
  return {name, value, 0, 1, true};
}
constexpr Param between(const char* name, double value, double low, double high) {
  return {name, value, low, high, false};
}
constexpr Param real(const char* name, double value) {
  return {name, value, -kInfinity, kInfinity, false};
}
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

// Of a pointwise loss with a further prediction.
template <class V>
struct ValueGrads {
  V value, grad, more_grad;
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

// One entry of one row, as a loss of whole rows of numbers sees it.
//
// Such a loss names its predictions beside y_pred in kMore, if it has any, and says by kTargets
// what y_true is. It describes itself by
//   key(e)                 optional: its maximum over the row is `largest` from then on
//   kSums, update(s, e)    adds entry e to the sums s[kSums]
//   finish(s, row)         the loss of the row; may turn the sums into what slope needs
//   slope(s, e, slope)     d loss / d x[k] of entry e for every prediction k
constexpr int kMaxPredictions = 3;

template <class V>
struct Entry {
  V y_true;              // of the entry, or of the row
  V x[kMaxPredictions];  // y_pred and the further predictions
  V largest;
};

enum class Targets {
  kElements,  // in the shape of y_pred; for row losses also an integer label for each row
  kRows,      // one integer for each row, of any value
  kNone
};

// A row loss over pairs is a call operator (x of a target class, x of a class that is none) ->
// value and slope towards the second, which is the negative of that towards the first. The loss of
// a row is the sum over its pairs, each weighted by target and class weight, over the number of
// classes.

// What a loss says of itself, or leaves unsaid.
template <class Loss>
constexpr int predictions_of() {
  if constexpr (requires { Loss::kMore; })
    return 1 + int(sizeof(Loss::kMore) / sizeof(Loss::kMore[0]));
  else
    return 1;
}

template <class Loss>
constexpr Targets targets_of() {
  if constexpr (requires { Loss::kTargets; })
    return Loss::kTargets;
  else
    return Targets::kElements;
}

// Whether it pays to ask if a register of dense targets is all 0 before a class is evaluated.
template <class Loss>
constexpr bool skips_absent_targets() {
  if constexpr (requires { Loss::kSkipsAbsentTargets; })
    return Loss::kSkipsAbsentTargets;
  else
    return false;
}

// Whether the sweep over a row's logits finds the statistics of fl_statistics.
template <class Loss>
constexpr bool has_statistics() {
  if constexpr (requires(const Loss& loss) { loss.link; })
    return decltype(Loss::link)::kCurved;
  else
    return false;
}

// Of the three kinds of row losses, the one over pairs of classes.
template <class Loss>
constexpr bool is_over_pairs() {
  return !requires(const Loss& loss) { loss.link; } && !requires { Loss::kSums; };
}

template <class... Loss>
struct List {
  static constexpr int size = sizeof...(Loss);
};

}  // namespace fl
