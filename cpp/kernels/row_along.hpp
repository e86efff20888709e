// Row losses with lanes along the classes of a row.
#pragma once

#include "kernels/convert.hpp"
#include "kernels/transpose.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Numbers of one row, side by side in memory: of the type computed with or, if Mixed, of any that
// registers are converted from and to.
template <class V, bool Mixed>
struct Cells {
  using T = typename V::Scalar;
  char* data = nullptr;  // nullptr: not given, or not wanted
  int32_t dtype = kDtype<T>;

  FL_INLINE explicit operator bool() const { return data != nullptr; }

  // Calls f with a pointer to the numbers. Mixed: by branches that always go the same way.
  template <class F>
  FL_INLINE void as(F f) const {
    if constexpr (Mixed && kConverts<BFloat16, T>)
      if (dtype == FL_BFLOAT16) return f((BFloat16*)data);
    if constexpr (Mixed && kConverts<Half, T>)
      if (dtype == FL_FLOAT16) return f((Half*)data);
    f((T*)data);
  }

  // The first n of a register's lanes, from number `first` on.
  FL_INLINE V load(int64_t first, int n, V rest) const {
    typename V::Raw raw;  // as it is: a V from one of several branches goes by memory
    as([&](const auto* p) __attribute__((always_inline)) {
      raw = n >= V::kSize ? load_as(p + first).raw : load_first(p + first, n, rest).raw;
    });
    return V::of(raw);
  }
  FL_INLINE void store(V v, int64_t first, int n) const {
    as([&](auto* p) __attribute__((always_inline)) {
      p += first;
      const auto bits = narrow_as(v, p);
      n < V::kSize ? store_first(bits, p, n) : (void)memcpy(p, &bits, sizeof bits);
    });
  }
  FL_INLINE void store_pair(V low, V high, int64_t first, bool streams) const {
    as([&](auto* p) __attribute__((always_inline)) { put_pair(low, high, p + first, streams); });
  }
  FL_INLINE T at(int64_t i) const {
    T x;
    as([&]<class S>(const S* p) { x = widen<T>(read<S>((const char*)p, i)); });
    return x;
  }
  FL_INLINE void put(T x, int64_t i) const {
    as([&]<class S>(S* p) { write((char*)p, i, narrow<S>(x)); });
  }
};

// A group of rows. What there is one of in a row (a logarithm, a division) is computed for all of
// them in one register, lane i for row i; what there is of every class, row by row, in Lines.
template <class V, int Predictions, bool Mixed>
struct Along {
  using Vector = V;
  using Numbers = Cells<V, Mixed>;
  using T = typename V::Scalar;
  static constexpr int kRows = V::kSize;
  static constexpr int kParts = kLanes<T> / V::kSize;
  // Sums over classes run in single precision over this many of them, then in double.
  static constexpr int64_t kBlock = 4096;

  int64_t classes;
  const T* class_weight;  // (classes) or nullptr
  T* masses;              // scratch, `pitch` a row, padded to whole registers
  int64_t pitch;
  bool stream_grad;  // past the caches
  int64_t ahead;     // bytes from a row of y_pred to the one that will be read next in its place
  int64_t ahead_stride;    // bytes from class to class there
  int64_t grad_item;       // ... in the first gradient
  int count = 0;           // rows
  V weight;                // of the rows, times the gradient's scale
  Numbers y_trues[kRows];  // not given for integer labels
  Numbers xs[Predictions][kRows];
  Numbers grads[Predictions][kRows];  // not given: not wanted
  const char* raw[kRows];             // y_pred as it lies in memory
  int64_t labels[kRows];

  enum Stored { kSingly, kFirst, kSecond };  // ... of two registers
  struct Place {
    int64_t first;  // class in lane 0
    int part;       // accumulator
    int count;      // lanes in use
    Stored of_pair = kSingly;
    FL_INLINE bool whole() const { return count >= V::kSize; }
  };

  // One row; made anew for each sweep, so that it stays in registers.
  struct Line {
    static constexpr int kParts = Along::kParts;
    static constexpr int64_t kBlock = Along::kBlock;

    int index;  // within its group
    int64_t classes, label;
    const T* class_weight;
    Numbers y_true;
    T* mass;
    Numbers x_[Predictions], grad[Predictions];
    const char* ahead;
    int64_t ahead_stride, grad_item;
    bool stream_grad;
    mutable V held[Predictions];  // gradients to be stored with the next register's

    // Unrolled over the accumulators: for sweeps of a few instructions.
    template <class F>
    FL_INLINE void each(int64_t begin, int64_t end, F f) const {
      int64_t c = begin;
      for (; c + kLanes<T> <= end; c += kLanes<T>)
#pragma GCC unroll 8
        for (int part = 0; part < kParts; ++part) f(Place{c + part * V::kSize, part, V::kSize});
      // With a number for `part`, or the accumulators would lie in memory and wait for each other.
      if constexpr (kParts > 4) return each_singly(c, end, f);  // that would be a lot of code
#pragma GCC unroll 4
      for (int part = 0; part < kParts; ++part) {
        const int64_t first = c + part * V::kSize;
        if (first < end)
          f(Place{first, part, end - first < V::kSize ? int(end - first) : V::kSize});
      }
    }
    template <class F>
    FL_INLINE void each_singly(int64_t begin, int64_t end, F f) const {
      int part = 0;
      for (int64_t c = begin; c < end; c += V::kSize, part = (part + 1) % kParts)
        f(Place{c, part, end - c < V::kSize ? int(end - c) : V::kSize});
    }
    // Every class, for stores: in whole registers where these are aligned in memory; two that are
    // narrowed make one.
    template <class F>
    FL_INLINE void each_stored(F f) const {
      constexpr int64_t kStep = Mixed ? 2 * V::kSize : V::kSize;
      const auto each_single = [&](int64_t begin, int64_t end) __attribute__((always_inline)) {
        for (int64_t c = begin; c < end; c += V::kSize)
          f(Place{c, 0, end - c < V::kSize ? int(end - c) : V::kSize});
      };
      int64_t c = 0;
      if (stream_grad) {
        const int64_t past = int64_t((uintptr_t)grad[0].data) / grad_item % kStep;
        c = past ? kStep - past : 0;
        if (c > classes) c = classes;
        each_single(0, c);
      }
      for (; c + kStep <= classes; c += kStep) {
        if constexpr (Mixed) {
          f(Place{c, 0, V::kSize, kFirst});
          f(Place{c + V::kSize, 0, V::kSize, kSecond});
        } else {
          f(Place{c, 0, V::kSize});
        }
      }
      each_single(c, classes);
    }

    FL_INLINE V y_pred(Place at, V absent) const { return x_[0].load(at.first, at.count, absent); }
    FL_INLINE V x(int k, Place at) const { return x_[k].load(at.first, at.count, V(0.0)); }
    FL_INLINE V y_true_at(Place at) const {
      if (y_true) return y_true.load(at.first, at.count, V(0.0));
      typename V::Bits lane;
      for (int i = 0; i < V::kSize; ++i) lane[i] = i;
      // Compared relative to the first lane, so that the lane's integer cannot overflow.
      const int64_t hit = label - at.first;
      const auto here = typename V::Integer(hit < 0 || hit >= V::kSize ? -1 : hit);
      return select({lane == here - typename V::Bits{}}, V(1.0), V(0.0));
    }
    FL_INLINE V class_weight_at(Place at) const {
      if (!class_weight) return V(1.0);
      const T* const w = class_weight + at.first;
      return at.whole() ? V::load(w) : load_first(w, at.count, V(0.0));
    }
    FL_INLINE V mass_at(Place at) const { return V::load(mass + at.first); }
    FL_INLINE void put_mass(V v, Place at) const { v.store(mass + at.first); }
    FL_INLINE void put_grad(V v, Place at, int k = 0) const {
      if (at.of_pair == kFirst)
        held[k] = v;
      else if (at.of_pair == kSecond)
        grad[k].store_pair(held[k], v, at.first - V::kSize, stream_grad);
      else if (!Mixed && stream_grad && at.whole())
        stream(v, (T*)grad[k].data + at.first);
      else
        grad[k].store(v, at.first, at.count);
    }
    // Asks for what will be read by the next group, and written by this one, while it computes: a
    // fifth less time from 100 classes up.
    FL_INLINE void prefetch(Place at) const {
      __builtin_prefetch(ahead + at.first * ahead_stride);
      if (grad[0] && !stream_grad) __builtin_prefetch(grad[0].data + at.first * grad_item, 1);
    }
    static FL_INLINE V keep(V added, V old,
                            Place at) {  // what lanes without a class add is dropped
      return at.whole() ? added : select(first_lanes<V>(at.count), added, old);
    }
    FL_INLINE V silence(V v) const { return v; }  // rows without weight are not computed at all
    FL_INLINE V or_labelled(V v, V, Place) const { return v; }  // put_label_grad writes it
    // Of the row, in every lane.
    FL_INLINE V spread(const V& of_rows) const {
      return broadcast(read<T>((const char*)&of_rows, index));
    }
    static FL_INLINE V broadcast(T x) { return V(double(x)); }
    FL_INLINE void put(V v, V& of_rows) const { of_rows.raw[index] = v.raw[0]; }

    // The operands of class c, in every lane.
    FL_INLINE V y_pred_of(int64_t c) const { return broadcast(x_[0].at(c)); }
    FL_INLINE V y_true_of(int64_t c) const { return broadcast(y_true.at(c)); }
    FL_INLINE V weight_of(int64_t c) const {
      return class_weight ? broadcast(class_weight[c]) : V(1.0);
    }
    FL_INLINE V label_y_pred() const { return y_pred_of(label); }
    FL_INLINE V label_weight() const { return weight_of(label); }
    FL_INLINE bool absent(V y_true) const { return y_true.raw[0] == 0; }
    FL_INLINE void add_mass_of(int64_t c, V v) const { mass[c] += v.raw[0]; }

    // A sum over classes on its way: lanes of one block, or the total of several.
    struct Sum {
      V lanes{0.0};
      double total = 0;
      FL_INLINE void add(V block, int64_t classes) {
        if (classes <= kBlock)
          lanes = block;
        else
          total += sum_of(block).raw[0];
      }
      FL_INLINE V open(int64_t classes) const {
        return classes <= kBlock ? lanes : select(first_lanes<V>(1), V(total), V(0.0));
      }
    };
    static FL_INLINE V sum_of(V lanes) {
      return fold_register<V::kSize / 2>(lanes, [](V a, V b) { return a + b; });
    }
    template <class Fold>
    static FL_INLINE V fold_accumulators(const V* parts, Fold fold) {
      return fold_parts(parts, fold);
    }

    static FL_INLINE typename V::Bits indices(Place at) {
      typename V::Bits lane;
      for (int i = 0; i < V::kSize; ++i) lane[i] = i;
      return lane + typename V::Integer(at.first);
    }
    // Of the largest entry in each lane, and its class, those of the row; -1 if one is NaN.
    FL_INLINE void pick(const V* largest, const typename V::Bits* where, V nan, int64_t* to) const {
      T best = -T(param::kInfinity);
      int64_t found = 0;
      for (int part = 0; part < kParts; ++part)
        for (int i = 0; i < V::kSize; ++i) {
          const T x = largest[part].raw[i];
          const int64_t c = where[part][i];
          if (x > best || (x == best && c < found && x != -T(param::kInfinity)))
            best = x, found = c;
        }
      for (int i = 0; i < V::kSize; ++i)
        if (nan.raw[i] != 0) found = -1;
      to[index] = found;
    }
  };

  FL_INLINE Line line(int i) const {
    Line line{i,  classes, labels[i],      class_weight, y_trues[i], masses + i * pitch,
              {}, {},      raw[i] + ahead, ahead_stride, grad_item,  stream_grad,
              {}};
    for (int k = 0; k < Predictions; ++k) line.x_[k] = xs[k][i], line.grad[k] = grads[k][i];
    return line;
  }
  template <class F>
  FL_INLINE void each_row(F f) const {
    for (int i = 0; i < count; ++i) f(line(i));
  }
  FL_INLINE V silence(V v) const { return v; }
  FL_INLINE bool dense() const { return bool(y_trues[0]); }
  FL_INLINE bool wants_grad() const {
    for (const auto& grad : grads)
      if (grad[0]) return true;
    return false;
  }

  // From accumulators for each row to a register of rows.
  template <class Fold>
  FL_INLINE V fold(V (&rows)[kRows], Fold f) const {
    if (count == 1) return fold_register<V::kSize / 2>(rows[0], f);
    for (int i = count; i < kRows; ++i) rows[i] = V(0.0);
    return fold_rows<V::kSize / 2>(rows, f);
  }

  // The operands of the labelled classes, and their gradients.
  FL_INLINE V label_y_pred() const {
    T x[kRows] = {};
    for (int i = 0; i < count; ++i) x[i] = xs[0][i].at(labels[i]);
    return V::load(x);
  }
  FL_INLINE V label_weight() const {
    if (!class_weight) return V(1.0);
    T w[kRows] = {};
    for (int i = 0; i < count; ++i) w[i] = class_weight[labels[i]];
    return V::load(w);
  }
  FL_INLINE void put_label_grad(V v) const {
    for (int i = 0; i < count; ++i) grads[0][i].put(v.raw[i], labels[i]);
  }
  // Fills the gradient with 0, unless that is to go past the caches: half the time of storing it
  // register by register.
  FL_INLINE bool clear_grad() const {
    if (stream_grad) return false;
    for (int i = 0; i < count; ++i) memset(grads[0][i].data, 0, size_t(classes * grad_item));
    return true;
  }
  FL_INLINE V row_y_true() const {
    T y[kRows] = {};
    for (int i = 0; i < count; ++i) y[i] = T(labels[i]);
    return V::load(y);
  }
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
