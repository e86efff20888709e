// Sums and maxima along a row, the same in every layout.
#pragma once

#include "kernels/row_layouts.hpp"
#include "simd/math.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Sums over classes run in single precision over this many classes at a time, then in wider blocks.
constexpr int kClassBlock = 4096;

// K sums over the classes; f(place, sums) adds the terms of a place.
template <bool Unrolled, int K, class V, class Layout, class F>
FL_INLINE void sum_classes(const Layout& layout, V (&sums)[K], F f) {
  constexpr int kParts = Layout::kParts;
  typename Layout::Total total[K];
  for (auto& t : total) t = typename Layout::Total(0.0);
  const int64_t block = kParts == 1 ? kFewClasses : kClassBlock;
  for (int64_t begin = 0; begin < layout.row.classes; begin += block) {
    const int64_t end = begin + block < layout.row.classes ? begin + block : layout.row.classes;
    V part[kParts][K];
    for (auto& p : part)
      for (V& v : p) v = V(0.0);
    const auto step = [&](auto at) __attribute__((always_inline)) {
      V added[K];
      for (int k = 0; k < K; ++k) added[k] = part[at.part][k];
      f(at, added);
      for (int k = 0; k < K; ++k) part[at.part][k] = layout.keep(added[k], part[at.part][k], at);
    };
    if constexpr (Unrolled)
      layout.each(begin, end, step);
    else
      layout.each_singly(begin, end, step);
    for (int k = 0; k < K; ++k) {
      V column[kParts];
      for (int p = 0; p < kParts; ++p) column[p] = part[p][k];
      total[k] = total[k] + layout.block_total(layout.fold(column, [](V a, V b) { return a + b; }));
    }
  }
  for (int k = 0; k < K; ++k) sums[k] = V(total[k]);
}

// The maximum of f(place) over the row; f gives -infinity where there is no class.
template <class V, class Layout, class F>
FL_INLINE V largest_of(const Layout& layout, F f) {
  V largest[Layout::kParts];
  for (V& v : largest) v = V(-param::kInfinity);
  layout.each(0, layout.row.classes, [&](auto at) __attribute__((always_inline)) {
    largest[at.part] = max(largest[at.part], f(at));
  });
  return layout.fold(largest, [](V a, V b) { return max(a, b); });
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
