// Vec<T, N>: N numbers that a loss computes with as if they were one. On a CPU they are a register,
// on a GPU a thread has one.
//
// Everything lives in an anonymous namespace inside a namespace named after the instruction set, so
// no symbol of one set can be linked into another's code.
#pragma once

#include <stdint.h>
#include <string.h>

#include "losses/loss.hpp"

// Code that all losses share, and that is called too rarely to stand in each.
#define FL_NOINLINE __attribute__((noinline))

namespace fl {
inline namespace FL_ISA {
namespace {

// The accumulators a sum runs in, as many on every instruction set, so that sums agree bit by bit.
template <class T>
constexpr int kLanes = 128 / sizeof(T);

template <class T>
struct IntegerLike;  // the integer as wide as T
template <>
struct IntegerLike<float> {
  using type = int32_t;
  static constexpr int mantissa_bits = 23, bias = 127;
};
template <>
struct IntegerLike<double> {
  using type = int64_t;
  static constexpr int mantissa_bits = 52, bias = 1023;
};

template <class T, int N>
struct Mask;  // of a lane everything, or nothing
template <class T, int N>
struct Vec;

}  // namespace
}  // namespace FL_ISA
}  // namespace fl

// A thread of a GPU computes with one lane. The headers of the kernels for it, compiled for a CPU
// that emulates one, must not meet registers either.
#if defined(__CUDACC__) || defined(FL_EMULATED)
#define FL_ONE_LANE 1
#include "simd/lane.hpp"
#else
#include "simd/register.hpp"
#endif

namespace fl {
inline namespace FL_ISA {
namespace {

template <class T, int N>
FL_INLINE Vec<T, N> clamp(Vec<T, N> x, Vec<T, N> low, Vec<T, N> high) {
  return min(high, max(low, x));
}

// -1, 0 or 1; NaN stays NaN.
template <class T, int N>
FL_INLINE Vec<T, N> sign(Vec<T, N> x) {
  using V = Vec<T, N>;
  const V zero(0.0);
  return select(x > zero, V(1.0), select(x < zero, V(-1.0), x + zero));
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
