// Row losses over entries as they are (Entry in losses/loss.hpp): hinge, divergence, directions.
#pragma once

#include "kernels/row_sums.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Two sweeps over rows that stay in the cache: their sums, and the gradients. One more before them
// for the maximum of a key, where the loss has one.
template <class Loss, class Layout, class V = typename Layout::Vector>
FL_ROWS V compute_entries(const Loss& loss, const Layout& layout) {
  constexpr int kPredictions = predictions_of<Loss>();
  constexpr Targets kTargets = targets_of<Loss>();
  Entry<V> of_rows{};
  if constexpr (kTargets == Targets::kRows) of_rows.y_true = layout.row_y_true();

  // Gives the entry at a place of a line.
  const auto entries = [&](const auto& line) __attribute__((always_inline)) {
    Entry<V> of_row = of_rows;
    of_row.y_true = line.spread(of_rows.y_true);
    of_row.largest = line.spread(of_rows.largest);
    return [of_row, &line](auto at) __attribute__((always_inline)) {
      Entry<V> e = of_row;
      if constexpr (kTargets == Targets::kElements) e.y_true = line.y_true_at(at);
      for (int k = 0; k < kPredictions; ++k) e.x[k] = line.x(k, at);
      return e;
    };
  };
  if constexpr (requires { loss.key(of_rows); })
    of_rows.largest =
        largest_of_rows<V>(layout, [&](const auto& line) __attribute__((always_inline)) {
          return [&, entry = entries(line)](auto at) __attribute__((always_inline)) {
            return line.keep(loss.key(entry(at)), V(-param::kInfinity), at);
          };
        });

  V sums[Loss::kSums];
  sum_rows<false>(layout, sums, [&](const auto& line) __attribute__((always_inline)) {
    return [&, entry = entries(line)](auto at, V(&sum)[Loss::kSums])
               __attribute__((always_inline)) { loss.update(sum, entry(at)); };
  });
  const V value = loss.finish(sums, of_rows);

  if (layout.wants_grad())
    layout.each_row([&](const auto& line) __attribute__((always_inline)) {
      const auto entry = entries(line);
      const V weight = line.spread(layout.weight);
      V of_row[Loss::kSums];
      for (int k = 0; k < Loss::kSums; ++k) of_row[k] = line.spread(sums[k]);
      line.each_stored([&](auto at) __attribute__((always_inline)) {
        V slope[kPredictions];
        loss.slope(of_row, entry(at), slope);
        for (int k = 0; k < kPredictions; ++k)
          if (line.grad[k]) line.put_grad(line.silence(slope[k] * weight), at, k);
      });
    });
  return value;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
