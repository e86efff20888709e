// Rows of few classes, turned so that a register holds the same class of many rows.
#pragma once

#include "simd/vec.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Of two rows `Step` apart: the blocks of `Step` numbers that stay or come from below, and the
// rest.
template <int Step, int Size>
struct Upper {
  static constexpr int from(int i) { return i & Step ? Size + i - Step : i; }
};
template <int Step, int Size>
struct Lower {
  static constexpr int from(int i) { return i & Step ? Size + i : i + Step; }
};

// Transposes V::kSize rows of V::kSize numbers in log2(V::kSize) rounds, which exchange blocks
// between rows that are 1, 2, 4, ... apart. A gather of single numbers takes three times as long.
template <int Step = 1, class V>
FL_INLINE void transpose_square(V* row) {
  constexpr int kSize = V::kSize;
  if constexpr (Step < kSize) {
#pragma GCC unroll 16
    for (int i = 0; i < kSize; ++i) {
      if (i & Step) continue;
      const V a = row[i], b = row[i + Step];
      row[i] = shuffle<Upper<Step, kSize>>(a, b);
      row[i + Step] = shuffle<Lower<Step, kSize>>(a, b);
    }
    transpose_square<Step * 2>(row);
  }
}

// to[c * width + i] = from[i][c] for i < rows and c < classes; 0 for rows <= i < width.
template <class V>
void transpose_in(const typename V::Scalar* const* from, int rows, int64_t classes, int width,
                  typename V::Scalar* to) {
  for (int i = 0; i < width; i += V::kSize)
    for (int64_t c = 0; c < classes; c += V::kSize) {
      const int left = classes - c < V::kSize ? int(classes - c) : V::kSize;
      V square[V::kSize];
      for (int k = 0; k < V::kSize; ++k)
        square[k] = i + k < rows ? load_first(from[i + k] + c, left, V(0.0)) : V(0.0);
      transpose_square(square);
      for (int k = 0; k < left; ++k) square[k].store(to + (c + k) * width + i);
    }
}

// to[i][c] = from[c * width + i] for i < rows and c < classes.
template <class V>
void transpose_out(const typename V::Scalar* from, int rows, int64_t classes, int width,
                   typename V::Scalar* const* to) {
  for (int i = 0; i < rows; i += V::kSize)
    for (int64_t c = 0; c < classes; c += V::kSize) {
      const int left = classes - c < V::kSize ? int(classes - c) : V::kSize;
      V square[V::kSize];
      for (int k = 0; k < V::kSize; ++k)
        square[k] = k < left ? V::load(from + (c + k) * width + i) : V(0.0);
      transpose_square(square);
      for (int k = 0; k < V::kSize && i + k < rows; ++k)
        store_first(square[k], to[i + k] + c, left);
    }
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
