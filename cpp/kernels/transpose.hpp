// Rows of few classes, turned so that a register holds the same class of many rows; and sums of
// many rows, turned so that a register holds one of each.
#pragma once

#include "kernels/kernel.hpp"
#include "simd/fold.hpp"
#include "simd/memory.hpp"

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

// Transposes squares of Width rows, as many side by side as a register holds, in log2(Width) rounds
// that exchange blocks between rows which are 1, 2, 4, ... apart. A gather of single numbers takes
// three times as long.
template <int Width, int Step = 1, class V>
FL_INLINE void transpose_squares(V* row) {
  if constexpr (Step < Width) {
#pragma GCC unroll 16
    for (int i = 0; i < Width; ++i) {
      if (i & Step) continue;
      const V a = row[i], b = row[i + Step];
      row[i] = shuffle<Upper<Step, V::kSize>>(a, b);
      row[i + Step] = shuffle<Lower<Step, V::kSize>>(a, b);
    }
    transpose_squares<Width, Step * 2>(row);
  }
}

// Lane i of the result is what fold_register makes of row[i], by the same tree. Two rows share a
// register from the first step on, so that V::kSize rows take as many folds as four do singly.
template <int Step, class V, class Fold>
FL_INLINE V fold_rows(V* row, Fold fold) {
  if constexpr (Step == 0) {
    return row[0];
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < Step; ++i) {
      const V a = row[i], b = row[i + Step];
      row[i] = fold(shuffle<Upper<Step, V::kSize>>(a, b), shuffle<Lower<Step, V::kSize>>(a, b));
    }
    return fold_rows<Step / 2>(row, fold);
  }
}

// V::kSize rows, `stride` apart, of at most Width classes: to[c * pitch + i] = from[i * stride +
// c]. Row i and row i + Width share a register.
template <int Width, class V, class T = typename V::Scalar>
__attribute__((noinline)) void turn_tile_in(const T* from, int64_t stride, int classes, T* to,
                                            int64_t pitch) {
  V row[Width];
#pragma GCC unroll 16
  for (int k = 0; k < Width; ++k) {
    row[k] = load_first(from + k * stride, classes, V(0.0));
#pragma GCC unroll 8
    for (int i = Width; i < V::kSize; i += Width)
      row[k] = load_lanes(row[k], from + (k + i) * stride, i, classes);
  }
  transpose_squares<Width>(row);
#pragma GCC unroll 16
  for (int c = 0; c < Width; ++c)
    if (c < classes) row[c].store(to + c * pitch);
}

// The way back.
template <int Width, class V, class T = typename V::Scalar>
__attribute__((noinline)) void turn_tile_out(const T* from, int64_t pitch, int classes, T* to,
                                             int64_t stride) {
  V row[Width];
#pragma GCC unroll 16
  for (int c = 0; c < Width; ++c) row[c] = c < classes ? V::load(from + c * pitch) : V(0.0);
  transpose_squares<Width>(row);
#pragma GCC unroll 16
  for (int k = 0; k < Width; ++k) {
    store_first(row[k], to + k * stride, classes);
#pragma GCC unroll 8
    for (int i = Width; i < V::kSize; i += Width)
      store_lanes(row[k], to + (k + i) * stride, i, classes);
  }
}

// Calls f with the least width of a square for so many classes, as the type of a number.
template <int N>
struct Number {
  static constexpr int value = N;
};
template <int Most, class F>
FL_INLINE void with_width(int classes, F f) {
  if constexpr (Most > 2) {
    if (classes <= Most / 2) return with_width<Most / 2>(classes, f);
  }
  f(Number<Most>{});
}

// A square that is not full, copied to or from where one would be: at the end of an array.
template <class V, class T = typename V::Scalar>
__attribute__((noinline)) void copy_rows(const T* from, int64_t from_stride, int rows, int classes,
                                         T* to, int64_t to_stride) {
  for (int k = 0; k < rows; ++k)
    memcpy(to + k * to_stride, from + k * from_stride, size_t(classes) * sizeof(T));
}

// n <= kRowGroup rows: to[c * pitch + i] = from[i * stride + c], and 0 for n <= i < kRowGroup.
template <class V, class T = typename V::Scalar>
void transpose_in(const T* from, int64_t stride, int n, int64_t classes, T* to, int64_t pitch) {
  for (int i = 0; i < kRowGroup; i += V::kSize)
    for (int64_t c = 0; c < classes; c += V::kSize) {
      const int left = classes - c < V::kSize ? int(classes - c) : V::kSize, rows = n - i;
      const auto turn = [&](const T* tile, int64_t tile_stride) {
        with_width<V::kSize>(left, [&](auto width) {
          turn_tile_in<width.value, V>(tile, tile_stride, left, to + c * pitch + i, pitch);
        });
      };
      if (rows >= V::kSize) {
        turn(from + i * stride + c, stride);
      } else {
        T few[V::kSize * V::kSize] = {};
        copy_rows<V>(from + i * stride + c, stride, rows, left, few, V::kSize);
        turn(few, V::kSize);
      }
    }
}

// to[i * stride + c] = from[c * pitch + i].
template <class V, class T = typename V::Scalar>
void transpose_out(const T* from, int64_t pitch, int n, int64_t classes, T* to, int64_t stride) {
  for (int i = 0; i < n; i += V::kSize)
    for (int64_t c = 0; c < classes; c += V::kSize) {
      const int left = classes - c < V::kSize ? int(classes - c) : V::kSize, rows = n - i;
      const auto turn = [&](T* tile, int64_t tile_stride) {
        with_width<V::kSize>(left, [&](auto width) {
          turn_tile_out<width.value, V>(from + c * pitch + i, pitch, left, tile, tile_stride);
        });
      };
      if (rows >= V::kSize) {
        turn(to + i * stride + c, stride);
      } else {
        T few[V::kSize * V::kSize];
        turn(few, V::kSize);
        copy_rows<V>((const T*)few, V::kSize, rows, left, to + i * stride + c, stride);
      }
    }
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
