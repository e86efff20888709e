// How kernels read and write elements of an Operand: any dtype, any strides.
#pragma once

#include "cuda/device.hpp"
#include "cuda/packed.hpp"
#include "kernels/kernel.hpp"

namespace fl {

__extension__ typedef unsigned __int128 Uint128;

// A space whose indices are divided by its sizes through multiplication. GPUs have no instruction
// for division; the function in its place is long, and takes registers from whoever calls it.
struct DividedSpace : Space {
  uint64_t multiplier[FL_MAX_DIMS] = {};
  int shift[FL_MAX_DIMS] = {};

  DividedSpace() = default;
  explicit DividedSpace(const Space& space) : Space(space) {
    for (int d = 0; d < ndim; ++d) {
      // Sizes are at least 2. With 2^(s - 1) < size <= 2^s and m = floor(2^(63 + s) / size) + 1 the
      // quotient of every x < 2^63 is floor(x m / 2^(63 + s)).
      const uint64_t size = uint64_t(sizes[d]);
      shift[d] = 63 - __builtin_clzll(size - 1);
      multiplier[d] = uint64_t((Uint128(1) << (64 + shift[d])) / size) + 1;
    }
  }
};

inline namespace FL_ISA {
namespace {

FL_DEVICE uint64_t quotient(const DividedSpace& space, uint64_t x, int d) {
#if defined(__CUDA_ARCH__)
  return __umul64hi(x, space.multiplier[d]) >> space.shift[d];
#else
  return uint64_t(Uint128(x) * space.multiplier[d] >> 64) >> space.shift[d];
#endif
}

// Numbers that a function returns in registers.
template <class T, int K>
struct Elements {
  T of[K];
};

// Where an element of a space lies, in elements, and where it stands in the innermost dimension.
FL_DEVICE int64_t offset_at(const DividedSpace& space, const Operand& x, int64_t at,
                            int64_t& inner) {
  inner = 0;
  if (space.ndim == 0) return 0;
  uint64_t rest = uint64_t(at);
  int64_t offset = 0;
  FL_UNROLL(1)
  for (int d = space.ndim - 1; d >= 0; --d) {
    const uint64_t above = d > 0 ? quotient(space, rest, d) : 0;
    const int64_t place = int64_t(rest - above * uint64_t(space.sizes[d]));
    if (d == space.ndim - 1) inner = place;
    offset += place * x.strides[d];
    rest = above;
  }
  return offset;
}

// Neighbours that are the same way apart in memory.
struct Run {
  int64_t offset, stride, length;
};

FL_DEVICE Run run_at(const DividedSpace& space, const Operand& x, int64_t at) {
  if (x.contiguous || space.ndim == 0) return {at, 1, space.count - at};
  const int last = space.ndim - 1;
  int64_t inner;
  const int64_t offset = offset_at(space, x, at, inner);
  return {offset, x.strides[last], space.sizes[last] - inner};
}

template <class T>
FL_DEVICE T read_at(const Operand& x, int64_t offset) {
  T number;
  with_dtype(x.dtype, [&]<class S>(S*) __attribute__((always_inline)) {
    number = widen<T>(((const S*)x.data)[offset]);
  });
  return number;
}

// Elements [at, at + K) as numbers computed with, in place of those from `end` on `absent`. Loads
// of neighbours are under way together.
template <class T, int K>
FL_DEVICE Elements<T, K> read_elements(const DividedSpace& space, const Operand& x, int64_t at,
                                       int64_t end, T absent) {
  Elements<T, K> to;
  const Run run = run_at(space, x, at);
  if (at + K <= end && K <= run.length) {
    with_dtype(x.dtype, [&]<class S>(S*) __attribute__((always_inline)) {
      const S* const from = (const S*)x.data + run.offset;
      FL_UNROLL(8)
      for (int k = 0; k < K; ++k) to.of[k] = widen<T>(from[k * run.stride]);
    });
    return to;
  }
  // Into the last place, and each time on by one: registers have no index.
  FL_UNROLL(1)
  for (int k = 0; k < K; ++k) {
    FL_UNROLL(8)
    for (int i = 1; i < K; ++i) to.of[i - 1] = to.of[i];
    to.of[K - 1] = at + k < end ? read_at<T>(x, run_at(space, x, at + k).offset) : absent;
  }
  return to;
}

// Writes those of the elements [at, at + K) that are in [begin, end).
template <class T, int K>
FL_DEVICE void write_elements(const DividedSpace& space, const Operand& x, int64_t at,
                              int64_t begin, int64_t end, const T (&from)[K]) {
  T numbers[K];
  FL_UNROLL(8)
  for (int k = 0; k < K; ++k) numbers[k] = from[k];
  FL_UNROLL(1)
  for (int k = 0; k < K && at + k < end; ++k) {
    if (at + k >= begin) {
      const int64_t offset = run_at(space, x, at + k).offset;
      with_floating_dtype(x.dtype, [&]<class S>(S*) __attribute__((always_inline)) {
        ((S*)x.data)[offset] = narrow<S>(numbers[0]);
      });
    }
    FL_UNROLL(8)
    for (int i = 1; i < K; ++i) numbers[i - 1] = numbers[i];
  }
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
