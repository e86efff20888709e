// Row losses over the probabilities of classes (Class in losses/loss.hpp): softmax and its kin.
#pragma once

#include "kernels/row_sums.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// What a pass finds beside the loss, lane i of row i; see fl_statistics.
template <class V>
struct Found {
  V log_sum_exp, label_log_prob, entropy;
  int64_t argmax[V::kSize];
};

// The first class with the largest y_pred of each row; where one is NaN, -1.
template <class V, class Layout>
FL_ROWS void find_largest(const Layout& layout, int64_t* to) {
  layout.each_row([&](const auto& line) __attribute__((always_inline)) {
    V largest[Layout::kParts], nan(0.0);
    typename V::Bits where[Layout::kParts];
    for (V& v : largest) v = V(-param::kInfinity);
    for (auto& w : where) w = typename V::Bits{};
    line.each_singly(0, line.classes, [&](auto at) __attribute__((always_inline)) {
      const V x = line.y_pred(at, V(-param::kInfinity));
      const auto better = x > largest[at.part];
      largest[at.part] = select(better, x, largest[at.part]);
      where[at.part] = better.bits ? line.indices(at) : where[at.part];
      nan = select(x == x, nan, x);
    });
    line.pick(largest, where, nan, to);
  });
}

// The V's of a struct, as they are in one row.
template <class V, class Line, class Struct>
FL_INLINE Struct spread_each(const Line& line, const Struct& of_rows) {
  constexpr int kCount = __is_empty(Struct) ? 0 : sizeof(Struct) / sizeof(V);
  Struct of_row = of_rows;
  for (int i = 0; i < kCount; ++i) {
    const V v = line.spread(((const V*)&of_rows)[i]);
    memcpy((char*)&of_row + i * sizeof(V), &v, sizeof(V));
  }
  return of_row;
}

// Whether a layout has memory for a mass of every class.
template <class Layout>
constexpr bool keeps_masses() {
  if constexpr (requires { Layout::kKeepsMasses; })
    return Layout::kKeepsMasses;
  else
    return true;
}

// The losses of the rows of a layout. Three sweeps over rows that stay in the cache: their maxima,
// the masses and their sums (the only exp of each class, if they are kept), the gradients. A fourth
// one, over the targets, only where every class has one.
template <class Loss, class Layout, class V = typename Layout::Vector>
FL_ROWS V compute_classes(const Loss& loss, const Layout& layout,
                          [[maybe_unused]] Found<V>* found) {
  using Link = decltype(loss.link);
  const V uniform = share_of<V>(layout.classes);
  const bool every_class = layout.dense() || loss.every_class();
  const bool wants_grad = layout.wants_grad();
  [[maybe_unused]] const bool keep_mass = wants_grad || every_class;
  const V absent(Link::kAbsent);

  const auto logit = [&](V y_pred) __attribute__((always_inline)) {
    if constexpr (Link::kCurved)
      return loss.link.logit(y_pred);
    else
      return y_pred;
  };
  // Long before it is used: as single numbers it would make a register wait.
  const V label_y_pred = layout.dense() ? V(0.0) : layout.label_y_pred();
  V shift(0.0);
  if constexpr (Link::kShifted && requires { layout.largest_y_pred(); })
    shift = logit(layout.largest_y_pred());
  else if constexpr (Link::kShifted)
    shift = logit(largest_of_rows<V>(layout, [&](const auto& line) __attribute__((always_inline)) {
      return [&](auto at) __attribute__((always_inline)) { return line.y_pred(at, absent); };
    }));
  // Gives the shifted logit at a place of a line.
  const auto logits = [&](const auto& line) __attribute__((always_inline)) {
    return [&, here = line.spread(shift)](auto at)
               __attribute__((always_inline)) { return logit(line.y_pred(at, absent)) - here; };
  };

  // The total, and where statistics may be asked for the sum of mass times logarithm.
  V total[Link::kCurved ? 2 : 1] = {V(0.0)};
  if constexpr (Link::kTotal)
    sum_rows<true>(layout, total, [&](const auto& line) __attribute__((always_inline)) {
      return [&, shifted = logits(line)](auto at, auto& sum) __attribute__((always_inline)) {
        line.prefetch(at);
        const V x = shifted(at), mass = loss.link.mass(x);
        if constexpr (keeps_masses<Layout>())
          if (keep_mass) line.put_mass(mass, at);
        sum[0] = sum[0] + mass;
        if constexpr (Link::kCurved) sum[1] = sum[1] + select(mass == V(0.0), V(0.0), mass * x);
      };
    });
  const auto of_rows = loss.link.row(total[0]);
  const auto mass_at = [&](const auto& line, auto at) __attribute__((always_inline)) {
    if constexpr (!Link::kTotal)
      return line.y_pred(at, absent);
    else if constexpr (keeps_masses<Layout>())
      return line.mass_at(at);
    else
      return loss.link.mass(logits(line)(at));
  };

  // Gives the class at a place of a line.
  const auto classes = [&](const auto& line) __attribute__((always_inline)) {
    return [&, shifted = logits(line), of_row = spread_each<V>(line, of_rows)](auto at)
               __attribute__((always_inline)) {
                 return loss.link.describe(line.y_true_at(at), shifted(at), mass_at(line, at),
                                           line.class_weight_at(at), uniform, of_row);
               };
  };
  V sums[Loss::kSums];
  Class<V> labelled;
  // Of dense targets most registers hold none, as a rule.
  const auto idle = [&](const auto& line, auto at) __attribute__((always_inline)) {
    if constexpr (skips_absent_targets<Loss>())
      return !loss.every_class() && none(line.y_true_at(at) != V(0.0));
    else
      return false;
  };
  if (every_class) {
    sum_rows<false>(layout, sums, [&](const auto& line) __attribute__((always_inline)) {
      return [&, describe = classes(line)](auto at, V(&sum)[Loss::kSums])
                 __attribute__((always_inline)) {
                   if (!idle(line, at)) loss.update(sum, describe(at));
                 };
    });
  } else {
    const V x = logit(label_y_pred) - shift;
    labelled =
        loss.link.describe(V(1.0), x, loss.link.mass(x), layout.label_weight(), uniform, of_rows);
    for (V& s : sums) s = V(0.0);
    loss.update(sums, labelled);
  }
  ValueGrad<V> result = loss.finish(sums);
  if constexpr (Link::kCurved) {
    const V log_sum_exp = shift + of_rows.log_total;
    const auto penalty = loss.link.penalty(log_sum_exp);
    result = {result.value + penalty.value, result.grad + penalty.grad};
    if (found) {
      found->log_sum_exp = log_sum_exp;
      if (!layout.dense()) found->label_log_prob = logit(label_y_pred) - shift - of_rows.log_total;
      found->entropy = of_rows.log_total - total[1] * of_rows.inverse_total;
      find_largest<V>(layout, found->argmax);
    }
  }
  if (!wants_grad) return result.value;

  // d loss / d y_pred of a class, from its slope and what there is one of in a row.
  const auto grad = [&](V slope, V slope_sum, const Class<V>& c, const auto& of_row,
                        [[maybe_unused]] V y_pred) __attribute__((always_inline)) {
    V g = loss.link.grad(slope, slope_sum, c, of_row);
    if constexpr (Link::kCurved) g = g * loss.link.curve(y_pred);
    return g;
  };
  const V slope_sums = result.grad * layout.weight;
  V label_grad(0.0);
  if (!every_class) {
    const V slope = loss.slope(sums, labelled) * layout.weight;
    label_grad = layout.silence(grad(slope, slope_sums, labelled, of_rows, label_y_pred));
  }
  if constexpr (requires {
                  Link::kTargetsOnly;
                  layout.clear_grad();
                })
    if (!every_class && layout.clear_grad()) {
      layout.put_label_grad(label_grad);
      return result.value;
    }
  layout.each_row([&](const auto& line) __attribute__((always_inline)) {
    const V slope_sum = line.spread(slope_sums), weight = line.spread(layout.weight);
    const auto of_row = spread_each<V>(line, of_rows);
    // Without a target only the mass of a class matters; y_pred is not read again, unless the link
    // bends it.
    const auto grad_without_target = [&](auto at, V slope) __attribute__((always_inline)) {
      const V mass = mass_at(line, at), none(0.0);
      const V x = Link::kCurved ? line.y_pred(at, none) : mass;
      const auto c = loss.link.describe(none, mass, mass, V(1.0), uniform, of_row);
      return line.silence(grad(slope, slope_sum, c, of_row, x));
    };
    if (!every_class) {
      line.each_stored([&](auto at) __attribute__((always_inline)) {
        line.put_grad(line.or_labelled(grad_without_target(at, V(0.0)), label_grad, at), at);
      });
      return;
    }
    const auto describe = classes(line);
    const V no_slope = V(0.0) * weight;  // not 0 if the weight is negative or infinite
    V here[Loss::kSums];
    for (int k = 0; k < Loss::kSums; ++k) here[k] = line.spread(sums[k]);
    line.each_stored([&](auto at) __attribute__((always_inline)) {
      if (idle(line, at)) return line.put_grad(grad_without_target(at, no_slope), at);
      const Class<V> c = describe(at);
      // + 0 turns -0 into the 0 of an idle register, whose width is not the same everywhere.
      const V slope = (loss.slope(here, c) + V(0.0)) * weight;
      line.put_grad(line.silence(grad(slope, slope_sum, c, of_row, line.y_pred(at, V(0.0)))), at);
    });
  });
  if (!every_class) layout.put_label_grad(label_grad);
  return result.value;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
