// The loops of every row loss: one algorithm for all losses and both layouts.
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

// The loss of the rows of a layout. Three sweeps over a row that stays in the cache: its maximum,
// the masses and their sum (the only exp of each class), the gradient. A fourth one, over the
// targets, only where every class has one.
template <class Loss, class Layout>
typename Layout::Vector compute_rows(const Loss& loss, const Layout& layout) {
  using V = typename Layout::Vector;
  using Link = decltype(loss.link);
  const auto& row = layout.row;
  const V uniform(1.0 / double(row.classes));
  const bool every_class = row.y_true || loss.every_class(), keep_mass = row.grad || every_class;
  constexpr double kAbsent = Link::kAbsent;

  V shift(0.0);
  if constexpr (Link::kShifted) {
    V largest[Layout::kParts];
    for (V& v : largest) v = V(-param::kInfinity);
    layout.each(0, row.classes, [&](auto at) __attribute__((always_inline)) {
      largest[at.part] = max(largest[at.part], layout.y_pred(at, kAbsent));
    });
    shift = layout.fold(largest, [](V a, V b) { return max(a, b); });
  }

  V total[1];
  sum_classes<true>(layout, total, [&](auto at, V(&sum)[1]) __attribute__((always_inline)) {
    const V mass = loss.link.mass(layout.y_pred(at, kAbsent) - shift);
    if (keep_mass) layout.put_mass(mass, at);
    sum[0] = sum[0] + mass;
  });
  const auto of_row = loss.link.row(total[0]);

  const auto describe = [&](auto at) __attribute__((always_inline)) {
    return loss.link.describe(layout.y_true(at), layout.y_pred(at, kAbsent) - shift,
                              layout.mass(at), layout.class_weight(at), uniform, of_row);
  };
  V sums[Loss::kSums];
  Class<V> labelled;
  if (every_class) {
    sum_classes<false>(layout, sums,
                       [&](auto at, V(&sum)[Loss::kSums])
                           __attribute__((always_inline)) { loss.update(sum, describe(at)); });
  } else {
    const V x = layout.label_y_pred() - shift;
    labelled =
        loss.link.describe(V(1.0), x, loss.link.mass(x), layout.label_weight(), uniform, of_row);
    for (V& s : sums) s = V(0.0);
    loss.update(sums, labelled);
  }
  const ValueGrad<V> result = loss.finish(sums);

  if (row.grad) {
    const V slope_sum = result.grad * layout.weight;
    const auto grad = [&](V slope, const Class<V>& c) __attribute__((always_inline)) {
      return layout.silence(loss.link.grad(slope * layout.weight, slope_sum, c, of_row));
    };
    if (every_class) {
      layout.each_singly(0, row.classes, [&](auto at) __attribute__((always_inline)) {
        const Class<V> c = describe(at);
        layout.put_grad(grad(loss.slope(sums, c), c), at);
      });
    } else {
      const V label_grad = grad(loss.slope(sums, labelled), labelled);
      layout.each(0, row.classes, [&](auto at) __attribute__((always_inline)) {
        // Without a target only the mass of a class matters; y_pred is not read again.
        const V mass = layout.mass(at);
        const auto c = loss.link.describe(V(0.0), mass, mass, V(1.0), uniform, of_row);
        layout.put_grad(grad(V(0.0), c), at);
      });
      layout.put_label_grad(label_grad);
    }
  }
  return result.value;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
