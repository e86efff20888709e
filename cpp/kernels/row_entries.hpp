// Row losses over entries as they are (Entry in losses/loss.hpp): hinge, divergence, directions.
#pragma once

#include "kernels/row_sums.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Two sweeps over a row that stays in the cache: its sums, and the gradients. One more before them
// for the maximum of a key, where the loss has one.
template <class Loss, class Layout, class V = typename Layout::Vector>
V compute_entries(const Loss& loss, const Layout& layout) {
  constexpr int kPredictions = predictions_of<Loss>();
  constexpr Targets kTargets = targets_of<Loss>();
  const auto& row = layout.row;
  Entry<V> of_row{};
  if constexpr (kTargets == Targets::kRows) of_row.y_true = layout.row_y_true();

  const auto entry = [&](auto at) __attribute__((always_inline)) {
    Entry<V> e = of_row;
    if constexpr (kTargets == Targets::kElements) e.y_true = layout.y_true(at);
    for (int k = 0; k < kPredictions; ++k) e.x[k] = layout.x(k, at);
    return e;
  };
  if constexpr (requires { loss.key(of_row); })
    of_row.largest = largest_of<V>(layout, [&](auto at) __attribute__((always_inline)) {
      return layout.keep(loss.key(entry(at)), V(-param::kInfinity), at);
    });

  V sums[Loss::kSums];
  sum_classes<false>(layout, sums,
                     [&](auto at, V(&sum)[Loss::kSums])
                         __attribute__((always_inline)) { loss.update(sum, entry(at)); });
  const V value = loss.finish(sums, of_row);

  if (row.wants_grad())
    layout.each_singly(0, row.classes, [&](auto at) __attribute__((always_inline)) {
      V slope[kPredictions];
      loss.slope(sums, entry(at), slope);
      for (int k = 0; k < kPredictions; ++k)
        if (row.grad[k]) layout.put_grad(layout.silence(slope[k] * layout.weight), at, k);
    });
  return value;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
