// The loops of every row loss. One algorithm; two layouts say what a register holds: classes of one
// row (Along), or the same class of many rows (Across), which also serves a class axis that is not last.
#pragma once

#include "kernels/pointwise.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Sums over classes run in single precision over this many classes at a time, then in wider blocks.
constexpr int kClassBlock = 4096;

// Operands of one row, or of one group of rows. Pointers step from class to class by `stride`.
template <class T>
struct RowOperands {
  const T *y_pred, *y_true;  // y_true: nullptr for integer labels
  T *mass, *grad;            // grad: nullptr if not wanted; mass: scratch
  int64_t y_pred_stride, grad_stride;
  const T* class_weight;  // (classes) or nullptr
  int64_t classes;
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
  FL_INLINE V y_pred(Place at, double absent) const { return load(row.y_pred, at, V(absent)); }
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
  FL_INLINE void put_grad(V v, Place at) const { store(v, row.grad, at); }
  static FL_INLINE V keep(V added, V old, Place at) {  // what lanes without a class add is dropped
    return at.whole() ? added : select(first_lanes<V>(at.count), added, old);
  }
  FL_INLINE V silence(V v) const { return v; }  // rows without weight are not computed at all

  // The operands of the labelled class, in every lane, and its gradient.
  static FL_INLINE V broadcast(const T* p) { return V(double(read<T>((const char*)p, 0))); }
  FL_INLINE V label_y_pred() const { return broadcast(row.y_pred + label); }
  FL_INLINE V label_weight() const {
    return row.class_weight ? broadcast(row.class_weight + label) : V(1.0);
  }
  FL_INLINE void put_label_grad(V v) const { write<T>((char*)row.grad, label, v.raw[0]); }

  template <class Fold>
  static FL_INLINE V fold(const V* parts, Fold f) {
    return fold_lanes(parts, f);
  }
  using Total = double;  // of many blocks of classes
  static FL_INLINE double block_total(V folded) { return folded.raw[0]; }
};

// Lanes run across rows: V::kSize rows, the same class in each.
template <class V>
struct Across {
  using Vector = V;
  using T = typename V::Scalar;
  static constexpr int kParts = 1;

  RowOperands<T> row;
  const typename V::Integer* label;  // (V::kSize)
  V weight;

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
  FL_INLINE V y_pred(Place at, double) const {
    return V::load(row.y_pred + at.first * row.y_pred_stride);
  }
  FL_INLINE V y_true(Place at) const {
    if (row.y_true) return V::load(row.y_true + at.first * kRowGroup);
    typename V::Bits labels;
    memcpy(&labels, label, sizeof labels);
    return select({labels == typename V::Integer(at.first) - typename V::Bits{}}, V(1.0), V(0.0));
  }
  FL_INLINE V class_weight(Place at) const {
    return V(row.class_weight ? double(row.class_weight[at.first]) : 1.0);
  }
  FL_INLINE V mass(Place at) const { return V::load(row.mass + at.first * kRowGroup); }
  FL_INLINE void put_mass(V v, Place at) const { v.store(row.mass + at.first * kRowGroup); }
  FL_INLINE void put_grad(V v, Place at) const { v.store(row.grad + at.first * row.grad_stride); }
  static FL_INLINE V keep(V added, V, Place) { return added; }
  FL_INLINE V silence(V v) const { return select(weight == V(0.0), V(0.0), v); }

  FL_INLINE V label_y_pred() const {
    T x[V::kSize];
    for (int i = 0; i < V::kSize; ++i)
      x[i] = read<T>((const char*)row.y_pred, label[i] * row.y_pred_stride + i);
    return V::load(x);
  }
  FL_INLINE V label_weight() const {
    if (!row.class_weight) return V(1.0);
    T w[V::kSize];
    for (int i = 0; i < V::kSize; ++i) w[i] = row.class_weight[label[i]];
    return V::load(w);
  }
  FL_INLINE void put_label_grad(V v) const {
    T g[V::kSize];
    v.store(g);
    for (int i = 0; i < V::kSize; ++i)
      write<T>((char*)row.grad, label[i] * row.grad_stride + i, g[i]);
  }

  template <class Fold>
  static FL_INLINE V fold(const V* parts, Fold) {
    return parts[0];
  }
  using Total = V;
  static FL_INLINE V block_total(V folded) { return folded; }
};

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
    sum_classes<false>(layout, sums, [&](auto at, V(&sum)[Loss::kSums]) __attribute__((always_inline)) {
      loss.update(sum, describe(at));
    });
  } else {
    const V x = layout.label_y_pred() - shift;
    labelled = loss.link.describe(V(1.0), x, loss.link.mass(x), layout.label_weight(), uniform, of_row);
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

// What a block knows of its rows before it reads them.
template <class T>
struct RowHeads {
  const T* weight;        // (n), 0 for rows that do not count; nullptr: all are 1
  const int64_t* labels;  // (n), all within range; nullptr: dense targets
};

template <class T>
RowHeads<T> stage_heads(const RowCall& call, int64_t begin, int n, T* weight, T* mask,
                        int64_t* labels, Partial& partial) {
  const T* w = stage_weight(call.rows, call.sample_weight, call.mask, begin, n, weight, mask);
  if (call.dense) return {w, nullptr};
  each_run(call.rows, call.y_true, begin, n, [&](int done, int64_t offset, int length) {
    gather(call.y_true.dtype, call.y_true.data, offset, inner_stride(call.rows, call.y_true), length,
           labels + done);
  });
  bool every_row = !w;
  for (int i = 0; i < n; ++i) {
    const bool ignored = call.has_ignore_label && labels[i] == call.ignore_label;
    const bool valid = labels[i] >= 0 && labels[i] < call.classes;
    if (valid && !ignored && every_row) continue;
    if (every_row) {  // the first row that does not count: from here on rows have weights
      for (int k = 0; k < n; ++k) weight[k] = T(1);
      every_row = false;
    } else if (w && w != weight) {
      for (int k = 0; k < n; ++k) weight[k] = w[k];
    }
    w = weight;
    if (weight[i] != 0 && !ignored && !valid && partial.bad_labels++ == 0) {
      partial.first_bad_row = begin + i;
      partial.first_bad_label = labels[i];
    }
    if (ignored || !valid) weight[i] = 0, labels[i] = 0;
  }
  return {w, labels};
}

template <class Loss, class V>
void rows_along(const Loss& loss, const RowCall& call, int64_t begin, int n,
                const RowHeads<typename V::Scalar>& heads, double* value, typename V::Scalar* scratch) {
  using T = typename V::Scalar;
  const int64_t padded = (call.classes + kRowGroup - 1) / kRowGroup * kRowGroup;
  const auto in_place = [&](const Operand& x) {
    return x && x.class_stride == 1 && x.dtype == kDtype<T>;
  };
  const auto stage_row = [&](const Operand& x, int64_t row, T* to) -> const T* {
    if (!x) return nullptr;
    const int64_t offset = offset_of(call.rows, x, row);
    if (in_place(x)) return (const T*)x.data + offset;
    for (int64_t c = 0; c < call.classes; c += kChunk) {
      const int length = call.classes - c < kChunk ? int(call.classes - c) : kChunk;
      gather(x.dtype, x.data, offset + c * x.class_stride, x.class_stride, length, to + c);
    }
    return to;
  };
  const bool direct = in_place(call.grad);
  for (int i = 0; i < n; ++i) {
    const double w = heads.weight ? double(heads.weight[i]) : 1.0;
    const int64_t offset = call.grad ? offset_of(call.rows, call.grad, begin + i) : 0;
    T* const grad = !call.grad ? nullptr : direct ? (T*)call.grad.data + offset : scratch + 3 * padded;
    if (w == 0) {
      value[i] = 0;
      if (grad)
        for (int64_t c = 0; c < call.classes; ++c) grad[c] = 0;
    } else {
      const RowOperands<T> row{stage_row(call.y_pred, begin + i, scratch + padded),
                               call.dense ? stage_row(call.y_true, begin + i, scratch + 2 * padded) : nullptr,
                               scratch, grad, 1, 1, (const T*)call.class_weight, call.classes};
      const Along<V> layout{row, call.dense ? -1 : heads.labels[i], V(w * call.grad_scale)};
      value[i] = w * double(compute_rows(loss, layout).raw[0]);
    }
    if (grad && !direct)
      for (int64_t c = 0; c < call.classes; c += kChunk) {
        const int length = call.classes - c < kChunk ? int(call.classes - c) : kChunk;
        scatter(grad + c, length, call.grad.dtype, call.grad.data,
                offset + c * call.grad.class_stride, call.grad.class_stride);
      }
  }
}

// n <= kRowGroup rows. Operands whose rows are not neighbours in memory are transposed into scratch.
template <class Loss, class V>
void rows_across(const Loss& loss, const RowCall& call, int64_t begin, int n,
                 const RowHeads<typename V::Scalar>& heads, double* value, typename V::Scalar* scratch) {
  using T = typename V::Scalar;
  const int64_t area = call.classes * kRowGroup;
  int64_t at[kRowGroup];  // offsets of the rows
  const auto locate = [&](const Operand& x) {
    for (int i = 0; i < n; ++i) at[i] = offset_of(call.rows, x, begin + i);
    bool neighbours = n == kRowGroup && x.dtype == kDtype<T>;
    for (int i = 1; i < n; ++i) neighbours &= at[i] == at[0] + i;
    return neighbours;
  };
  const auto transpose = [&](const Operand& x, T* to) {
    for (int i = n; i < kRowGroup; ++i)
      for (int64_t c = 0; c < call.classes; ++c) to[c * kRowGroup + i] = 0;
    with_dtype(x.dtype, [&]<class S>(S*) __attribute__((always_inline)) {
      for (int i = 0; i < n; ++i)
        for (int64_t c = 0; c < call.classes; ++c)
          to[c * kRowGroup + i] = widen<T>(read<S>(x.data, at[i] + c * x.class_stride));
    });
  };
  RowOperands<T> row{};
  row.classes = call.classes;
  row.class_weight = (const T*)call.class_weight;
  row.mass = scratch;
  if (locate(call.y_pred)) {
    row.y_pred = (const T*)call.y_pred.data + at[0];
    row.y_pred_stride = call.y_pred.class_stride;
  } else {
    transpose(call.y_pred, scratch + area);
    row.y_pred = scratch + area;
    row.y_pred_stride = kRowGroup;
  }
  if (call.dense) {
    locate(call.y_true);
    transpose(call.y_true, scratch + 2 * area);
    row.y_true = scratch + 2 * area;
  }
  bool direct = false;
  if (call.grad) {
    direct = locate(call.grad);
    row.grad = direct ? (T*)call.grad.data + at[0] : scratch + 3 * area;
    row.grad_stride = direct ? call.grad.class_stride : kRowGroup;
  }

  T weight[kRowGroup], scaled[kRowGroup];
  typename V::Integer label[kRowGroup];
  for (int i = 0; i < kRowGroup; ++i) {
    weight[i] = i >= n ? T(0) : heads.weight ? heads.weight[i] : T(1);
    scaled[i] = T(double(weight[i]) * call.grad_scale);
    label[i] = i >= n || call.dense ? 0 : typename V::Integer(heads.labels[i]);
  }
  for (int i = 0; i < kRowGroup; i += V::kSize) {
    RowOperands<T> rows = row;
    rows.y_pred += i;
    rows.mass += i;
    if (call.dense) rows.y_true += i;
    if (call.grad) rows.grad += i;
    const V w = V::load(weight + i), zero(0.0);
    // A row counts by its weight alone: a scale of 0 must not hide that its loss is NaN.
    const Across<V> layout{rows, label + i, V::load(scaled + i)};
    const V v = compute_rows(loss, layout);
    T values[V::kSize];
    select(w == zero, zero, v * w).store(values);
    for (int k = 0; k < V::kSize && i + k < n; ++k) value[i + k] = double(values[k]);
  }
  if (!call.grad || direct) return;
  const auto put = [&]<class S>(S*) __attribute__((always_inline)) {
    for (int i = 0; i < n; ++i)
      for (int64_t c = 0; c < call.classes; ++c)
        write(call.grad.data, at[i] + c * call.grad.class_stride,
              narrow<S>(row.grad[c * kRowGroup + i]));
  };
  switch (call.grad.dtype) {
    case FL_FLOAT64: return put((double*)nullptr);
    case FL_FLOAT16: return put((Half*)nullptr);
    case FL_BFLOAT16: return put((BFloat16*)nullptr);
    default: return put((float*)nullptr);
  }
}

template <class Loss, class T>
void row_block(const RowCall& call, int64_t block, void* scratch, Partial& partial) {
  using V = Native<T>;
  const Loss loss = make_loss<Loss>(call.params);
  const int64_t first = block * call.block;
  const int64_t last = first + call.block < call.rows.count ? first + call.block : call.rows.count;
  for (int64_t begin = first; begin < last; begin += kRowGroup) {
    const int n = last - begin < kRowGroup ? int(last - begin) : kRowGroup;
    T weight[kRowGroup], mask[kRowGroup];
    int64_t labels[kRowGroup];
    double value[kRowGroup];
    const auto heads = stage_heads<T>(call, begin, n, weight, mask, labels, partial);
    if (call.across)
      rows_across<Loss, V>(loss, call, begin, n, heads, value, (T*)scratch);
    else
      rows_along<Loss, V>(loss, call, begin, n, heads, value, (T*)scratch);
    for (int i = 0; i < n; ++i) partial.loss += value[i];
    if (call.loss)
      for (int i = 0; i < n; ++i) write<T>(call.loss.data, begin + i, T(value[i]));
  }
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
