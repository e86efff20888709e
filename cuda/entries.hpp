// The entries of one row of an operand: any dtype, any stride.
#pragma once

#include "cuda/operand.hpp"

// Once, and not in every sweep of every loss.
#if defined(__CUDACC__)
#define FL_OUT_OF_LINE __device__ __noinline__
#else
#define FL_OUT_OF_LINE FL_NOINLINE
#endif

namespace fl {
inline namespace FL_ISA {
namespace {

// Neighbours in a row that a thread reads together: their loads are on the way at the same time,
// and the choice among dtypes is made once for them.
constexpr int kTogether = 4;

template <class T>
using Quad = Elements<T, kTogether>;

// The others, moved to the front.
template <class T>
FL_DEVICE Quad<T> without_first(const Quad<T>& quad) {
  Quad<T> rest = quad;
  FL_UNROLL(kTogether)
  for (int i = 1; i < kTogether; ++i) rest.of[i - 1] = quad.of[i];
  return rest;
}

struct RowEntries {
  char* data = nullptr;  // entry 0; nullptr: not given
  int32_t dtype = FL_FLOAT32;
  int64_t stride = 0;  // in elements

  explicit FL_DEVICE operator bool() const { return data != nullptr; }
};

FL_DEVICE RowEntries entries_of(const DividedSpace& rows, const Operand& x, int64_t row) {
  if (!x) return {};
  return {x.data + run_at(rows, x, row).offset * item_size(x.dtype), x.dtype, x.class_stride};
}

// As they are moved together: in one piece, or two of a pack each.
template <class S>
struct alignas(kTogether * sizeof(S) < kPack ? kTogether * sizeof(S) : kPack) AlignedQuad {
  S of[kTogether];
};

// Entries before the row, if its first quad has some, so that those after it are aligned.
FL_DEVICE int entries_before(const RowEntries& x) {
  const int item = int(item_size(x.dtype)), aligned = item > 4 ? kPack / item : kTogether;
  return x.stride == 1 ? int(uintptr_t(x.data) / item % aligned) : 0;
}

// Whether entries from `first` are a quad in memory.
template <class S>
FL_DEVICE bool is_quad(const RowEntries& x, int64_t first, int64_t entries) {
  return x.stride == 1 && first >= 0 && first + kTogether <= entries &&
         uintptr_t(x.data + int64_t(first) * int64_t(sizeof(S))) % alignof(AlignedQuad<S>) == 0;
}

// Entries from `first`, which may lie before the row; 0 where there is none.
template <class T>
FL_OUT_OF_LINE Quad<T> read_entries(RowEntries x, int64_t first, int64_t entries) {
  Quad<T> to;
  with_dtype(x.dtype, [&]<class S>(S*) __attribute__((always_inline)) {
    if (is_quad<S>(x, first, entries)) {
      const auto quad = *(const AlignedQuad<S>*)(x.data + int64_t(first) * int64_t(sizeof(S)));
      FL_UNROLL(kTogether)
      for (int i = 0; i < kTogether; ++i) to.of[i] = widen<T>(quad.of[i]);
      return;
    }
    FL_UNROLL(kTogether)
    for (int i = 0; i < kTogether; ++i) {
      const bool inside = first + i >= 0 && first + i < entries;
      to.of[i] = inside ? widen<T>(read<S>(x.data, (first + i) * x.stride)) : T(0);
    }
  });
  return to;
}

template <class T>
FL_OUT_OF_LINE void write_entries(RowEntries x, int64_t first, int64_t entries, Quad<T> from) {
  with_floating_dtype(x.dtype, [&]<class S>(S*) __attribute__((always_inline)) {
    AlignedQuad<S> quad;
    FL_UNROLL(kTogether)
    for (int i = 0; i < kTogether; ++i) quad.of[i] = narrow<S>(from.of[i]);
    if (is_quad<S>(x, first, entries)) {
      *(AlignedQuad<S>*)(x.data + int64_t(first) * int64_t(sizeof(S))) = quad;
      return;
    }
    FL_UNROLL(kTogether)
    for (int i = 0; i < kTogether; ++i)
      if (first + i >= 0 && first + i < entries) write(x.data, (first + i) * x.stride, quad.of[i]);
  });
}

// One entry.
template <class T>
FL_DEVICE T read_entry(const RowEntries& x, int64_t entry) {
  T to;
  with_dtype(x.dtype, [&]<class S>(S*) __attribute__((always_inline)) {
    to = widen<T>(read<S>(x.data, entry * x.stride));
  });
  return to;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
