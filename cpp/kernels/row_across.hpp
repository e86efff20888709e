// Row losses with lanes across rows: few classes, or a class axis that is not last.
#pragma once

#include "kernels/convert.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// V::kSize rows; a register holds the same class of each. Operands lie in scratch, `pitch` numbers
// from class to class.
template <class V, int Predictions>
struct Across {
  using Vector = V;
  using T = typename V::Scalar;
  using Line = Across;  // all rows are one
  static constexpr int kRows = 1, kParts = 1, index = 0;
  static constexpr int64_t kBlock = kFewClasses;

  int64_t classes, pitch;
  const T* class_weight;  // (classes) or nullptr
  const T* y_true;        // nullptr for integer labels
  T* mass;
  const T* x_[Predictions];
  T* grad[Predictions];  // nullptr: not wanted
  typename V::Bits labels;
  V row_weight;
  V weight;  // times the gradient's scale

  struct Place {
    int64_t first;
    static constexpr int part = 0;
  };

  template <class F>
  FL_INLINE void each_row(F f) const {
    f(*this);
  }
  template <class F>
  FL_INLINE void each(int64_t begin, int64_t end, F f) const {
    for (int64_t c = begin; c < end; ++c) f(Place{c});
  }
  template <class F>
  FL_INLINE void each_singly(int64_t begin, int64_t end, F f) const {
    each(begin, end, f);
  }
  template <class F>
  FL_INLINE void each_stored(F f) const {
    each(0, classes, f);
  }
  FL_INLINE bool dense() const { return y_true; }
  FL_INLINE bool wants_grad() const {
    for (const T* g : grad)
      if (g) return true;
    return false;
  }

  FL_INLINE V y_pred(Place at, V) const { return x(0, at); }
  FL_INLINE V x(int k, Place at) const { return V::load(x_[k] + at.first * pitch); }
  FL_INLINE V y_true_at(Place at) const {
    if (y_true) return V::load(y_true + at.first * pitch);
    return select(labelled(at), V(1.0), V(0.0));
  }
  FL_INLINE Mask<T, V::kSize> labelled(Place at) const {
    return {labels == typename V::Integer(at.first) - typename V::Bits{}};
  }
  FL_INLINE V class_weight_at(Place at) const { return weight_of(at.first); }
  FL_INLINE V mass_at(Place at) const { return V::load(mass + at.first * pitch); }
  FL_INLINE void put_mass(V v, Place at) const { v.store(mass + at.first * pitch); }
  FL_INLINE void put_grad(V v, Place at, int k = 0) const { v.store(grad[k] + at.first * pitch); }
  FL_INLINE void prefetch(Place) const {}
  static FL_INLINE V keep(V added, V, Place) { return added; }
  FL_INLINE V silence(V v) const { return select(row_weight == V(0.0), V(0.0), v); }
  FL_INLINE V spread(V of_rows) const { return of_rows; }
  FL_INLINE void put(V v, V& of_rows) const { of_rows = v; }

  // Of few classes the labelled one is selected: single numbers, stored and then loaded as a
  // register, would wait for each other.
  FL_INLINE bool selects() const { return classes <= kFewClasses; }
  FL_INLINE V or_labelled(V v, V of_label, Place at) const {
    return selects() ? select(labelled(at), of_label, v) : v;
  }

  FL_INLINE V label_y_pred() const {
    if (selects()) {
      V x(0.0);
      each(0, classes, [&](Place at) __attribute__((always_inline)) {
        x = select(labelled(at), y_pred(at, V(0.0)), x);
      });
      return x;
    }
    T x[V::kSize];
    for (int i = 0; i < V::kSize; ++i) x[i] = x_[0][labels[i] * pitch + i];
    return V::load(x);
  }
  FL_INLINE V label_weight() const {
    if (!class_weight) return V(1.0);
    T w[V::kSize];
    for (int i = 0; i < V::kSize; ++i) w[i] = class_weight[labels[i]];
    return V::load(w);
  }
  FL_INLINE void put_label_grad(V v) const {
    if (selects()) return;
    T g[V::kSize];
    v.store(g);
    for (int i = 0; i < V::kSize; ++i) grad[0][labels[i] * pitch + i] = g[i];
  }
  FL_INLINE V row_y_true() const { return V::of(__builtin_convertvector(labels, typename V::Raw)); }

  FL_INLINE V y_pred_of(int64_t c) const { return y_pred({c}, V(0.0)); }
  FL_INLINE V y_true_of(int64_t c) const { return y_true_at({c}); }
  FL_INLINE V weight_of(int64_t c) const { return V(class_weight ? double(class_weight[c]) : 1.0); }
  FL_INLINE bool absent(V) const { return false; }  // perhaps in some lanes only
  FL_INLINE void add_mass_of(int64_t c, V v) const { put_mass(mass_at({c}) + v, {c}); }

  struct Sum {
    V total{0.0};
    FL_INLINE void add(V block, int64_t) { total = total + block; }
    FL_INLINE V open(int64_t) const { return total; }
  };
  static FL_INLINE V sum_of(V lanes) { return lanes; }
  template <class Fold>
  static FL_INLINE V fold_accumulators(const V* parts, Fold) {
    return parts[0];
  }
  template <class Fold>
  FL_INLINE V fold(V (&rows)[kRows], Fold) const {
    return rows[0];
  }

  static FL_INLINE typename V::Bits indices(Place at) {
    return typename V::Integer(at.first) - typename V::Bits{};
  }
  FL_INLINE void pick(const V*, const typename V::Bits* where, V nan, int64_t* to) const {
    for (int i = 0; i < V::kSize; ++i) to[i] = nan.raw[i] != 0 ? -1 : int64_t(where[0][i]);
  }
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
