// Row losses over the probabilities of classes (Class in losses/loss.hpp): softmax and its kin.
#pragma once

#include "kernels/row_sums.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// What a pass finds beside the loss; see fl_statistics.
template <class V>
struct Found {
  V log_sum_exp, label_log_prob, entropy;
  int64_t argmax[V::kSize];
};

// The first class with the largest y_pred of each row; where one is NaN, -1.
template <class V, class Layout>
void find_largest(const Layout& layout, int64_t* to) {
  V largest[Layout::kParts], nan(0.0);
  typename V::Bits where[Layout::kParts];
  for (V& v : largest) v = V(-param::kInfinity);
  for (auto& w : where) w = typename V::Bits{};
  layout.each_singly(0, layout.row.classes, [&](auto at) __attribute__((always_inline)) {
    const V x = layout.y_pred(at, -param::kInfinity);
    const auto better = x > largest[at.part];
    largest[at.part] = select(better, x, largest[at.part]);
    where[at.part] = better.bits ? layout.indices(at) : where[at.part];
    nan = select(x == x, nan, x);
  });
  layout.pick(largest, where, to);
  for (int i = 0; i < V::kSize; ++i)
    if (nan.raw[i] != 0) to[Layout::kParts == 1 ? i : 0] = -1;
}

// The loss of the rows of a layout. Three sweeps over a row that stays in the cache: its maximum,
// the masses and their sum (the only exp of each class), the gradient. A fourth one, over the
// targets, only where every class has one.
template <class Loss, class Layout, class V = typename Layout::Vector>
V compute_classes(const Loss& loss, const Layout& layout, [[maybe_unused]] Found<V>* found) {
  using Link = decltype(loss.link);
  const auto& row = layout.row;
  const V uniform(1.0 / double(row.classes));
  const bool every_class = row.y_true || loss.every_class(), keep_mass = row.grad[0] || every_class;
  constexpr double kAbsent = Link::kAbsent;

  const auto logit = [&](V y_pred) __attribute__((always_inline)) {
    if constexpr (Link::kCurved)
      return loss.link.logit(y_pred);
    else
      return y_pred;
  };
  V shift(0.0);
  if constexpr (Link::kShifted)
    shift = logit(largest_of<V>(layout, [&](auto at) __attribute__((always_inline)) {
      return layout.y_pred(at, kAbsent);
    }));
  const auto shifted = [&](auto at) __attribute__((always_inline)) {
    return logit(layout.y_pred(at, kAbsent)) - shift;
  };

  // The total, and where statistics may be asked for the sum of mass times logarithm.
  V total[Link::kCurved ? 2 : 1] = {V(0.0)};
  if constexpr (Link::kTotal)
    sum_classes<true>(layout, total, [&](auto at, auto& sum) __attribute__((always_inline)) {
      const V x = shifted(at), mass = loss.link.mass(x);
      if (keep_mass) layout.put_mass(mass, at);
      sum[0] = sum[0] + mass;
      if constexpr (Link::kCurved) sum[1] = sum[1] + select(mass == V(0.0), V(0.0), mass * x);
    });
  const auto of_row = loss.link.row(total[0]);
  const auto mass_at = [&](auto at) __attribute__((always_inline)) {
    if constexpr (Link::kTotal)
      return layout.mass(at);
    else
      return layout.y_pred(at, kAbsent);
  };

  const auto describe = [&](auto at) __attribute__((always_inline)) {
    return loss.link.describe(layout.y_true(at), shifted(at), mass_at(at), layout.class_weight(at),
                              uniform, of_row);
  };
  V sums[Loss::kSums];
  Class<V> labelled;
  // Of dense targets most registers hold none, as a rule.
  const auto idle = [&](auto at) __attribute__((always_inline)) {
    if constexpr (skips_absent_targets<Loss>())
      return !loss.every_class() && none(layout.y_true(at) != V(0.0));
    else
      return false;
  };
  if (every_class) {
    sum_classes<false>(layout, sums,
                       [&](auto at, V(&sum)[Loss::kSums]) __attribute__((always_inline)) {
                         if (!idle(at)) loss.update(sum, describe(at));
                       });
  } else {
    const V x = logit(layout.label_y_pred()) - shift;
    labelled =
        loss.link.describe(V(1.0), x, loss.link.mass(x), layout.label_weight(), uniform, of_row);
    for (V& s : sums) s = V(0.0);
    loss.update(sums, labelled);
  }
  ValueGrad<V> result = loss.finish(sums);
  if constexpr (Link::kCurved) {
    const V log_sum_exp = shift + of_row.log_total;
    const auto penalty = loss.link.penalty(log_sum_exp);
    result = {result.value + penalty.value, result.grad + penalty.grad};
    if (found) {
      found->log_sum_exp = log_sum_exp;
      if (!row.y_true)
        found->label_log_prob = logit(layout.label_y_pred()) - shift - of_row.log_total;
      found->entropy = of_row.log_total - total[1] * of_row.inverse_total;
      find_largest<V>(layout, found->argmax);
    }
  }

  if (row.grad[0]) {
    const V slope_sum = result.grad * layout.weight;
    const auto grad = [&](V slope, const Class<V>& c, [[maybe_unused]] V y_pred)
                          __attribute__((always_inline)) {
                            V g = loss.link.grad(slope * layout.weight, slope_sum, c, of_row);
                            if constexpr (Link::kCurved) g = g * loss.link.curve(y_pred);
                            return layout.silence(g);
                          };
    // Without a target only the mass of a class matters; y_pred is not read again, unless the link
    // bends it.
    const auto grad_without_target = [&](auto at) __attribute__((always_inline)) {
      const V mass = mass_at(at);
      const V x = Link::kCurved ? layout.y_pred(at, 0) : mass;
      return grad(V(0.0), loss.link.describe(V(0.0), mass, mass, V(1.0), uniform, of_row), x);
    };
    if (every_class) {
      layout.each_singly(0, row.classes, [&](auto at) __attribute__((always_inline)) {
        if (idle(at)) return layout.put_grad(grad_without_target(at), at);
        const Class<V> c = describe(at);
        // + 0 turns -0 into the 0 of an idle register, whose width is not the same everywhere.
        const V slope = loss.slope(sums, c) + V(0.0);
        layout.put_grad(grad(slope, c, layout.y_pred(at, 0)), at);
      });
    } else {
      const V label_grad = grad(loss.slope(sums, labelled), labelled, layout.label_y_pred());
      layout.each(0, row.classes, [&](auto at) __attribute__((always_inline)) {
        layout.put_grad(grad_without_target(at), at);
      });
      layout.put_label_grad(label_grad);
    }
  }
  return result.value;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
