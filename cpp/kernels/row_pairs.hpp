// Row losses over pairs of a target class and another one: margins.
#pragma once

#include "kernels/row_sums.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// A sweep over the row for every target class, and one for the gradient, which is added up in
// scratch.
template <class V, class Loss, class Line>
FL_ROWS V compute_pairs_of(const Loss& loss, const Line& line, V weight) {
  const V zero(0.0);
  V value = zero;
  if (line.grad[0])
    line.each(0, line.classes,
              [&](auto at) __attribute__((always_inline)) { line.put_mass(zero, at); });

  // Adds the pairs of one target class; returns the sum of the slopes towards their other classes.
  const auto add_pairs = [&](V target, V target_weight) __attribute__((always_inline)) {
    V sums[2];  // values, slopes
    sum_line<false>(line, sums, [&](auto at, V(&sum)[2]) __attribute__((always_inline)) {
      // Neither a pair of two targets nor one whose weight is 0 costs anything.
      const auto none = line.y_true_at(at) == zero;
      const ValueGrad<V> pair = loss(target, line.y_pred(at, zero));
      const auto weigh = [&](V v) __attribute__((always_inline)) {
        return select(none, select(target_weight == zero, zero, target_weight * v), zero);
      };
      const V slope = weigh(pair.grad);
      sum[0] = sum[0] + weigh(pair.value);
      sum[1] = sum[1] + slope;
      if (line.grad[0]) line.put_mass(line.mass_at(at) + slope, at);
    });
    value = value + line.sum_of(sums[0]);
    return line.sum_of(sums[1]);
  };

  V label_slope = zero;
  if (line.y_true) {
    for (int64_t c = 0; c < line.classes; ++c) {
      const V y_true = line.y_true_of(c);
      if (line.absent(y_true)) continue;
      const V slope = add_pairs(line.y_pred_of(c), y_true * line.weight_of(c));
      if (line.grad[0]) line.add_mass_of(c, -slope);
    }
  } else {
    label_slope = -add_pairs(line.label_y_pred(), line.label_weight());
  }

  const V share = share_of<V>(line.classes);
  if (line.grad[0])
    line.each_stored([&](auto at) __attribute__((always_inline)) {
      V slope = line.mass_at(at);
      if (!line.y_true) slope = select(line.y_true_at(at) == zero, slope, label_slope);
      line.put_grad(line.silence(slope * share * weight), at);
    });
  return value * share;
}

template <class Loss, class Layout, class V = typename Layout::Vector>
FL_ROWS V compute_pairs(const Loss& loss, const Layout& layout) {
  V values(0.0);
  layout.each_row([&](const auto& line) __attribute__((always_inline)) {
    line.put(compute_pairs_of<V>(loss, line, line.spread(layout.weight)), values);
  });
  return values;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
