// Sums and maxima along rows, the same in every layout.
#pragma once

#include "simd/math.hpp"

// What computes the rows of a layout. On a GPU it has to be inlined: its arrays are registers
// there.
#if defined(__CUDACC__)
#define FL_ROWS FL_INLINE
#else
#define FL_ROWS
#endif

namespace fl {
inline namespace FL_ISA {
namespace {

// 1 / count. A GPU may take 32 times as long for double as for float.
template <class V>
FL_INLINE V share_of(int64_t count) {
#if defined(FL_ONE_LANE)
  return V(1.0) / V::of(typename V::Raw(count));
#else
  return V(1.0 / double(count));
#endif
}

// Classes whose sum is rounded in the type computed with before it is put away.
template <class Line>
FL_INLINE int64_t block_of(const Line& line) {
  if constexpr (requires { Line::kBlock; })
    return Line::kBlock;
  else
    return line.block();
}

// K sums over the classes of a line, whose lanes may still have to be added up; f(place, sums) adds
// the terms of a place.
template <bool Unrolled, int K, class V, class Line, class F>
FL_INLINE void sum_line(const Line& line, V (&sums)[K], F f) {
  constexpr int kParts = Line::kParts;
  typename Line::Sum sum[K];
  const int64_t block = block_of(line);
  for (int64_t begin = 0; begin < line.classes; begin += block) {
    const int64_t left = line.classes - begin;
    const int64_t end = begin + (left < block ? left : block);
    V part[kParts][K];
    for (auto& p : part)
      for (V& v : p) v = V(0.0);
    const auto step = [&](auto at) __attribute__((always_inline)) {
      V added[K];
      for (int k = 0; k < K; ++k) added[k] = part[at.part][k];
      f(at, added);
      for (int k = 0; k < K; ++k) part[at.part][k] = line.keep(added[k], part[at.part][k], at);
    };
    if constexpr (Unrolled)
      line.each(begin, end, step);
    else
      line.each_singly(begin, end, step);
    for (int k = 0; k < K; ++k) {
      V column[kParts];
      for (int p = 0; p < kParts; ++p) column[p] = part[p][k];
      sum[k].add(line.fold_accumulators(column, [](V a, V b) { return a + b; }), line.classes);
    }
  }
  for (int k = 0; k < K; ++k) sums[k] = sum[k].open(line.classes);
}

// The same for all rows of a layout, and added up. on(line) gives f of a line.
template <bool Unrolled, int K, class V, class Layout, class On>
FL_INLINE void sum_rows(const Layout& layout, V (&sums)[K], On on) {
  V rows[K][Layout::kRows];
  layout.each_row([&](const auto& line) __attribute__((always_inline)) {
    V of_line[K];
    sum_line<Unrolled>(line, of_line, on(line));
    for (int k = 0; k < K; ++k) rows[k][line.index] = of_line[k];
  });
  for (int k = 0; k < K; ++k) sums[k] = layout.fold(rows[k], [](V a, V b) { return a + b; });
}

// The maximum over each row of f(place), where on(line) gives f; f is -infinity where there is no
// class.
template <class V, class Layout, class On>
FL_INLINE V largest_of_rows(const Layout& layout, On on) {
  const auto larger = [](V a, V b) { return max(a, b); };
  V rows[Layout::kRows];
  layout.each_row([&](const auto& line) __attribute__((always_inline)) {
    const auto f = on(line);
    V largest[Layout::kParts];
    for (V& v : largest) v = V(-param::kInfinity);
    line.each(0, line.classes, [&](auto at) __attribute__((always_inline)) {
      largest[at.part] = max(largest[at.part], f(at));
    });
    rows[line.index] = line.fold_accumulators(largest, larger);
  });
  return layout.fold(rows, larger);
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
