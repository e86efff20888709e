// Softmax with quicker functions than math.hpp's.
#pragma once

#include "cuda/device.hpp"
#include "losses/links.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// 2^x: 2 units in the last place; what is subnormal becomes 0.
FL_DEVICE float quick_exp2(float x) {
#if defined(__CUDA_ARCH__)
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  const float y = ::exp2f(x);
  return y < 0x1p-126f ? 0 : y;
#endif
}

// max(x, -200), NaN for NaN.
FL_DEVICE float at_least_minus_200(float x) {
#if defined(__CUDA_ARCH__)
  float y;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(x), "f"(-200.f));
  return y;
#else
  return x < -200.f ? -200.f : x;
#endif
}

// e^x for x <= 0 in 5 instructions, where math.hpp takes 24: within 3 units in the last place of
// float; what is subnormal becomes 0. 2^t is taken of t = x log2 e as it is rounded, and e to what
// that leaves of x, a few millionths at most, is 1 + it.
FL_DEVICE Vec<float, 1> quick_exp(Vec<float, 1> x) {
  using V = Vec<float, 1>;
  const V bounded = V::of(at_least_minus_200(x.raw));  // or -inf would leave NaN
  const V t = bounded * V(1.4426950408889634), power = V::of(quick_exp2(t.raw));
  return fma(power, fma(t, V(-0.6931471805599453), bounded), power);
}

// 1 / x for normal x, whose reciprocal is normal: within one unit. The division of nvcc calls a
// function for others, and its registers are those that hold a row.
FL_DEVICE Vec<float, 1> quick_reciprocal(Vec<float, 1> x) {
  using V = Vec<float, 1>;
#if defined(__CUDA_ARCH__)
  V y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y.raw) : "f"(x.raw));
#else
  const V y = V(1.0) / x;
#endif
  return fma(y, fma(-x, y, V(1.0)), y);
}

struct HeldSoftmax : losses::Softmax {
  template <class V>
  FL_DEVICE Row<V> row(V total) const {  // between 1 and the number of classes, or NaN
    return {log(total), quick_reciprocal(total)};
  }
};

// For logits in 16 bits, whose gradient cannot tell the difference: the other exponential would
// make these kernels wait for their instructions instead of memory.
struct QuickSoftmax : HeldSoftmax {
  template <class V>
  FL_DEVICE V mass(V x) const {
    return quick_exp(x);
  }
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
