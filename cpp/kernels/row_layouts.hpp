// What a register holds when a row loss is computed: classes of one row (Along), or the same class
// of many rows (Across), which also serves a class axis that is not last.
#pragma once

#include "kernels/convert.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Operands of one row, or of one group of rows. Pointers step from class to class by `stride`.
template <class T>
struct RowOperands {
  const T* y_true;  // nullptr for integer labels
  T* mass;          // scratch
  const T* x[kMaxPredictions];
  T* grad[kMaxPredictions];  // nullptr: not wanted
  int64_t x_stride[kMaxPredictions], grad_stride[kMaxPredictions];
  const T* class_weight;  // (classes) or nullptr
  int64_t classes;
  bool stream_grad;  // past the caches; its registers are aligned

  bool wants_grad() const {
    for (const T* g : grad)
      if (g) return true;
    return false;
  }
};

// Lanes run along the classes of one row; all strides are 1.
template <class V>
struct Along {
  using Vector = V;
  using T = typename V::Scalar;
  static constexpr int kParts = kLanes<T> / V::kSize;

  RowOperands<T> row;
  int64_t label;
  V weight;  // of the row, times the gradient's scale

  struct Place {
    int64_t first;  // class in lane 0
    int part;       // accumulator
    int count;      // lanes in use
    FL_INLINE bool whole() const { return count >= V::kSize; }
  };

  // Unrolled over the accumulators: for sweeps of a few instructions.
  template <class F>
  FL_INLINE void each(int64_t begin, int64_t end, F f) const {
    int64_t c = begin;
    for (; c + kLanes<T> <= end; c += kLanes<T>)
#pragma GCC unroll 8
      for (int part = 0; part < kParts; ++part) f(Place{c + part * V::kSize, part, V::kSize});
    each_singly(c, end, f);
  }
  template <class F>
  FL_INLINE void each_singly(int64_t begin, int64_t end, F f) const {
    int part = 0;
    for (int64_t c = begin; c < end; c += V::kSize, part = (part + 1) % kParts)
      f(Place{c, part, end - c < V::kSize ? int(end - c) : V::kSize});
  }

  static FL_INLINE V load(const T* p, Place at, V rest) {
    return at.whole() ? V::load(p + at.first) : load_first(p + at.first, at.count, rest);
  }
  static FL_INLINE void store(V v, T* p, Place at) {
    at.whole() ? v.store(p + at.first) : store_first(v, p + at.first, at.count);
  }
  FL_INLINE V y_pred(Place at, double absent) const { return load(row.x[0], at, V(absent)); }
  FL_INLINE V x(int k, Place at) const { return load(row.x[k], at, V(0.0)); }
  FL_INLINE V y_true(Place at) const {
    if (row.y_true) return load(row.y_true, at, V(0.0));
    typename V::Bits lane;
    for (int i = 0; i < V::kSize; ++i) lane[i] = i;
    // Compared relative to the first lane, so that the lane's integer cannot overflow.
    const int64_t hit = label - at.first;
    const auto here = typename V::Integer(hit < 0 || hit >= V::kSize ? -1 : hit);
    return select({lane == here - typename V::Bits{}}, V(1.0), V(0.0));
  }
  FL_INLINE V class_weight(Place at) const {
    return row.class_weight ? load(row.class_weight, at, V(0.0)) : V(1.0);
  }
  // Scratch is padded to whole registers.
  FL_INLINE V mass(Place at) const { return V::load(row.mass + at.first); }
  FL_INLINE void put_mass(V v, Place at) const { v.store(row.mass + at.first); }
  FL_INLINE void put_grad(V v, Place at, int k = 0) const {
    row.stream_grad&& at.whole() ? stream(v, row.grad[k] + at.first) : store(v, row.grad[k], at);
  }
  static FL_INLINE V keep(V added, V old, Place at) {  // what lanes without a class add is dropped
    return at.whole() ? added : select(first_lanes<V>(at.count), added, old);
  }
  FL_INLINE V silence(V v) const { return v; }  // rows without weight are not computed at all

  // The operands of the labelled class, in every lane, and its gradient.
  static FL_INLINE V broadcast(const T* p) { return V(double(read<T>((const char*)p, 0))); }
  FL_INLINE V label_y_pred() const { return broadcast(row.x[0] + label); }
  FL_INLINE V label_weight() const {
    return row.class_weight ? broadcast(row.class_weight + label) : V(1.0);
  }
  FL_INLINE void put_label_grad(V v) const { write<T>((char*)row.grad[0], label, v.raw[0]); }
  FL_INLINE V row_y_true() const { return V(double(label)); }

  // The operands of class c, in every lane.
  FL_INLINE V y_pred_of(int64_t c) const { return broadcast(row.x[0] + c); }
  FL_INLINE V y_true_of(int64_t c) const { return broadcast(row.y_true + c); }
  FL_INLINE V weight_of(int64_t c) const {
    return row.class_weight ? broadcast(row.class_weight + c) : V(1.0);
  }
  FL_INLINE bool absent(V y_true) const { return y_true.raw[0] == 0; }
  FL_INLINE void add_mass_of(int64_t c, V v) const { row.mass[c] += v.raw[0]; }

  template <class Fold>
  static FL_INLINE V fold(const V* parts, Fold f) {
    return fold_lanes(parts, f);
  }
  using Total = double;  // of many blocks of classes
  static FL_INLINE double block_total(V folded) { return folded.raw[0]; }

  static FL_INLINE typename V::Bits indices(Place at) {
    typename V::Bits lane;
    for (int i = 0; i < V::kSize; ++i) lane[i] = i;
    return lane + typename V::Integer(at.first);
  }
  // Of the largest entry in each lane, and its class, those of the row.
  static FL_INLINE void pick(const V* largest, const typename V::Bits* where, int64_t* to) {
    T best = -T(param::kInfinity);
    to[0] = 0;
    for (int part = 0; part < kParts; ++part)
      for (int i = 0; i < V::kSize; ++i) {
        const T x = largest[part].raw[i];
        const int64_t c = where[part][i];
        if (x > best || (x == best && c < to[0] && x != -T(param::kInfinity))) best = x, to[0] = c;
      }
  }
};

// Lanes run across rows: V::kSize rows, the same class in each.
template <class V>
struct Across {
  using Vector = V;
  using T = typename V::Scalar;
  static constexpr int kParts = 1;

  RowOperands<T> row;
  const typename V::Integer* label;  // (V::kSize)
  V row_weight;
  V weight;  // times the gradient's scale

  struct Place {
    int64_t first;
    static constexpr int part = 0;
  };

  template <class F>
  FL_INLINE void each(int64_t begin, int64_t end, F f) const {
    for (int64_t c = begin; c < end; ++c) f(Place{c});
  }
  template <class F>
  FL_INLINE void each_singly(int64_t begin, int64_t end, F f) const {
    each(begin, end, f);
  }
  FL_INLINE V y_pred(Place at, double) const { return x(0, at); }
  FL_INLINE V x(int k, Place at) const { return V::load(row.x[k] + at.first * row.x_stride[k]); }
  FL_INLINE V y_true(Place at) const {
    if (row.y_true) return V::load(row.y_true + at.first * kRowGroup);
    return select(labelled(at), V(1.0), V(0.0));
  }
  FL_INLINE Mask<T, V::kSize> labelled(Place at) const {
    typename V::Bits labels;
    memcpy(&labels, label, sizeof labels);
    return {labels == typename V::Integer(at.first) - typename V::Bits{}};
  }
  FL_INLINE V class_weight(Place at) const {
    return V(row.class_weight ? double(row.class_weight[at.first]) : 1.0);
  }
  FL_INLINE V mass(Place at) const { return V::load(row.mass + at.first * kRowGroup); }
  FL_INLINE void put_mass(V v, Place at) const { v.store(row.mass + at.first * kRowGroup); }
  // Never streamed: into as many places at once as there are classes, it takes 1.6 times as long.
  FL_INLINE void put_grad(V v, Place at, int k = 0) const {
    v.store(row.grad[k] + at.first * row.grad_stride[k]);
  }
  static FL_INLINE V keep(V added, V, Place) { return added; }
  FL_INLINE V silence(V v) const { return select(row_weight == V(0.0), V(0.0), v); }

  // Of few classes the labelled one is selected: single numbers, stored and then loaded as a
  // register, would wait for each other.
  FL_INLINE bool selects() const { return row.classes <= kFewClasses; }

  FL_INLINE V label_y_pred() const {
    if (selects()) {
      V x(0.0);
      each(0, row.classes, [&](Place at) __attribute__((always_inline)) {
        x = select(labelled(at), y_pred(at, 0), x);
      });
      return x;
    }
    T x[V::kSize];
    for (int i = 0; i < V::kSize; ++i)
      x[i] = read<T>((const char*)row.x[0], label[i] * row.x_stride[0] + i);
    return V::load(x);
  }
  FL_INLINE V label_weight() const {
    if (!row.class_weight) return V(1.0);
    T w[V::kSize];
    for (int i = 0; i < V::kSize; ++i) w[i] = row.class_weight[label[i]];
    return V::load(w);
  }
  FL_INLINE void put_label_grad(V v) const {
    if (selects()) {
      each(0, row.classes, [&](Place at) __attribute__((always_inline)) {
        put_grad(select(labelled(at), v, V::load(row.grad[0] + at.first * row.grad_stride[0])), at);
      });
      return;
    }
    T g[V::kSize];
    v.store(g);
    for (int i = 0; i < V::kSize; ++i)
      write<T>((char*)row.grad[0], label[i] * row.grad_stride[0] + i, g[i]);
  }

  FL_INLINE V row_y_true() const {
    typename V::Bits labels;
    memcpy(&labels, label, sizeof labels);
    return V::of(__builtin_convertvector(labels, typename V::Raw));
  }

  FL_INLINE V y_pred_of(int64_t c) const { return y_pred({c}, 0); }
  FL_INLINE V y_true_of(int64_t c) const { return y_true({c}); }
  FL_INLINE V weight_of(int64_t c) const { return class_weight({c}); }
  FL_INLINE bool absent(V) const { return false; }  // perhaps in some lanes only
  FL_INLINE void add_mass_of(int64_t c, V v) const { put_mass(mass({c}) + v, {c}); }

  template <class Fold>
  static FL_INLINE V fold(const V* parts, Fold) {
    return parts[0];
  }
  using Total = V;
  static FL_INLINE V block_total(V folded) { return folded; }

  static FL_INLINE typename V::Bits indices(Place at) {
    return typename V::Integer(at.first) - typename V::Bits{};
  }
  static FL_INLINE void pick(const V*, const typename V::Bits* where, int64_t* to) {
    for (int i = 0; i < V::kSize; ++i) to[i] = where[0][i];
  }
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
