// Row losses over pairs of a target class and another one: margins.
#pragma once

#include "kernels/row_sums.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// A sweep over the row for every target class, and one for the gradient, which is added up in
// scratch.
template <class Loss, class Layout, class V = typename Layout::Vector>
V compute_pairs(const Loss& loss, const Layout& layout) {
  const auto& row = layout.row;
  const V zero(0.0);
  V value = zero;
  if (row.grad[0])
    layout.each(0, row.classes,
                [&](auto at) __attribute__((always_inline)) { layout.put_mass(zero, at); });

  // Adds the pairs of one target class; returns the sum of the slopes towards their other classes.
  const auto add_pairs = [&](V target, V weight) __attribute__((always_inline)) {
    V sums[2];  // values, slopes
    sum_classes<false>(layout, sums, [&](auto at, V(&sum)[2]) __attribute__((always_inline)) {
      // Neither a pair of two targets nor one whose weight is 0 costs anything.
      const auto none = layout.y_true(at) == zero;
      const ValueGrad<V> pair = loss(target, layout.y_pred(at, 0));
      const V cost = select(none, select(weight == zero, zero, weight * pair.value), zero);
      const V slope = select(none, select(weight == zero, zero, weight * pair.grad), zero);
      sum[0] = sum[0] + cost;
      sum[1] = sum[1] + slope;
      if (row.grad[0]) layout.put_mass(layout.mass(at) + slope, at);
    });
    value = value + sums[0];
    return sums[1];
  };

  V label_slope = zero;
  if (row.y_true) {
    for (int64_t c = 0; c < row.classes; ++c) {
      const V y_true = layout.y_true_of(c);
      if (layout.absent(y_true)) continue;
      const V slope = add_pairs(layout.y_pred_of(c), y_true * layout.weight_of(c));
      if (row.grad[0]) layout.add_mass_of(c, -slope);
    }
  } else {
    label_slope = -add_pairs(layout.label_y_pred(), layout.label_weight());
  }

  const V share(1.0 / double(row.classes));
  if (row.grad[0])
    layout.each_singly(0, row.classes, [&](auto at) __attribute__((always_inline)) {
      V slope = layout.mass(at);
      if (!row.y_true) slope = select(layout.y_true(at) == zero, slope, label_slope);
      layout.put_grad(layout.silence(slope * share * layout.weight), at);
    });
  return value * share;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
