// A row of any dtypes and strides, read from memory in each sweep by a team of threads.
#pragma once

#include "cuda/entries.hpp"
#include "cuda/team_layout.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

template <class T, int Predictions>
struct TeamRow : TeamLayout<T, RowTeam> {
  using Base = TeamLayout<T, RowTeam>;
  using Base::team, Base::classes, Base::label, Base::index;
  using typename Base::V;
  using Line = TeamRow;  // there is one row

  RowEntries y_true{};  // not given: an integer label, or no target
  RowEntries x_[Predictions]{};
  RowEntries grad[Predictions]{};
  T* mass = nullptr;   // (classes), where pairs are added up
  int64_t before = 0;  // entries of the first quad that lie before the row

  // A class, and what was read of it.
  struct Place {
    static constexpr int part = 0;
    int64_t first;
    V x[Predictions], y_true;
    V* gradient;  // [Predictions], where it is to be stored
  };
  struct Read {
    Quad<T> x[Predictions], y_true;

    FL_DEVICE Place place(int i, int64_t c, V* gradient) const {
      Place at{c, {}, V::of(y_true.of[i]), gradient};
      FL_UNROLL(kMaxPredictions)
      for (int k = 0; k < Predictions; ++k) at.x[k] = V::of(x[k].of[i]);
      return at;
    }
    // The next entries come to the front: a loop that is not unrolled cannot index registers.
    FL_DEVICE void advance() {
      FL_UNROLL(kMaxPredictions)
      for (int k = 0; k < Predictions; ++k) x[k] = without_first(x[k]);
      y_true = without_first(y_true);
    }
  };
  FL_DEVICE Read read(int64_t first) const {
    Read r{};
    FL_UNROLL(kMaxPredictions)
    for (int k = 0; k < Predictions; ++k) r.x[k] = read_entries<T>(x_[k], first, classes);
    if (y_true) r.y_true = read_entries<T>(y_true, first, classes);
    return r;
  }

  // Each thread adds up as many as Across does, so that long rows stay as accurate.
  FL_DEVICE int64_t block() const { return kFewClasses * team.size(); }

  // The first class of each of this thread's quads in [begin, end), a part of the row in whole
  // blocks; of the row's first quad it may be negative.
  template <class F>
  FL_DEVICE void each_quad(int64_t begin, int64_t end, F f) const {
    const int64_t last = end == classes ? end : end - before, step = kTogether * team.size();
    FL_UNROLL(1)
    for (int64_t c = begin - before + kTogether * team.rank(); c < last; c += step) f(c);
  }
  FL_DEVICE bool inside(int64_t c) const { return c >= 0 && c < classes; }

  // Unrolled over a quad: for sweeps of a few instructions.
  template <class F>
  FL_DEVICE void each(int64_t begin, int64_t end, F f) const {
    each_quad(begin, end, [&](int64_t c) __attribute__((always_inline)) {
      const Read r = read(c);
      FL_UNROLL(kTogether)
      for (int i = 0; i < kTogether; ++i)
        if (inside(c + i)) f(r.place(i, c + i, nullptr));
    });
  }
  template <class F>
  FL_DEVICE void each_singly(int64_t begin, int64_t end, F f) const {
    each_quad(begin, end, [&](int64_t c) __attribute__((always_inline)) {
      Read r = read(c);
      FL_UNROLL(1)
      for (int i = 0; i < kTogether; ++i) {
        if (inside(c + i)) f(r.place(0, c + i, nullptr));
        r.advance();
      }
    });
  }
  template <class F>
  FL_DEVICE void each_stored(F f) const {
    team.order_reads();  // all have read the label's y_pred, which the gradient may overwrite
    each_quad(0, classes, [&](int64_t c) __attribute__((always_inline)) {
      Read r = read(c);
      Quad<T> computed[Predictions] = {};
      FL_UNROLL(1)
      for (int i = 0; i < kTogether; ++i) {
        V gradient[Predictions] = {};
        if (inside(c + i)) f(r.place(0, c + i, gradient));
        r.advance();
        FL_UNROLL(kMaxPredictions)
        for (int k = 0; k < Predictions; ++k) {
          computed[k] = without_first(computed[k]);
          computed[k].of[kTogether - 1] = gradient[k].raw;
        }
      }
      FL_UNROLL(kMaxPredictions)
      for (int k = 0; k < Predictions; ++k)
        if (grad[k]) write_entries(grad[k], c, classes, computed[k]);
    });
  }
  template <class F>
  FL_DEVICE void each_row(F f) const {
    f(*this);
  }
  FL_DEVICE void fill_gradients(T value) const {
    each_quad(0, classes, [&](int64_t c) __attribute__((always_inline)) {
      FL_UNROLL(kMaxPredictions)
      for (int k = 0; k < Predictions; ++k)
        if (grad[k]) write_entries(grad[k], c, classes, Quad<T>{{value, value, value, value}});
    });
  }

  FL_DEVICE bool dense() const { return bool(y_true); }
  FL_DEVICE bool wants_grad() const {
    bool any = false;
    FL_UNROLL(kMaxPredictions)
    for (int k = 0; k < Predictions; ++k) any |= bool(grad[k]);
    return any;
  }
  static FL_DEVICE V y_pred(const Place& at, V) { return at.x[0]; }
  static FL_DEVICE V x(int k, const Place& at) { return at.x[k]; }
  FL_DEVICE V y_true_at(const Place& at) const {
    return y_true ? at.y_true : V(at.first == label ? 1.0 : 0.0);
  }
  FL_DEVICE V class_weight_at(const Place& at) const { return this->weight_of(at.first); }
  FL_DEVICE V mass_at(const Place& at) const { return V::load(mass + at.first); }
  FL_DEVICE void put_mass(V v, const Place& at) const { v.store(mass + at.first); }
  static FL_DEVICE void put_grad(V v, const Place& at, int k = 0) { at.gradient[k] = v; }
  FL_DEVICE V or_labelled(V v, V of_label, const Place& at) const {
    return at.first == label ? of_label : v;
  }
  FL_DEVICE void put_label_grad(V) const {}

  // Of class c, for every thread.
  FL_DEVICE V y_pred_of(int64_t c) const { return V::of(read_entry<T>(x_[0], c)); }
  FL_DEVICE V y_true_of(int64_t c) const { return V::of(read_entry<T>(y_true, c)); }
  FL_DEVICE V label_y_pred() const { return y_pred_of(label); }
  FL_DEVICE V row_y_true() const { return V::of(T(label)); }
  static FL_DEVICE bool absent(V y_true) { return y_true.raw == T(0); }
  FL_DEVICE void add_mass_of(int64_t c, V v) const {
    if (this->is_mine(int((c + before) / kTogether))) mass[c] += v.raw;
  }

  using Bits = typename V::Bits;
  static FL_DEVICE Bits indices(const Place& at) { return Bits(at.first); }
  // Of each thread's largest entry, and its class, those of the row; -1 if one is NaN.
  FL_DEVICE void pick(const V* largest, const Bits* where, V nan, int64_t* to) const {
    constexpr Bits kNone = Bits(~(uint64_t(1) << (8 * sizeof(Bits) - 1)));  // the largest one
    const V best = team.fold(largest[0], [](V a, V b) { return max(a, b); });
    const Bits first = team.fold(largest[0].raw == best.raw ? where[0] : kNone,
                                 [](Bits a, Bits b) { return a < b ? a : b; });
    *to = this->sum_of(nan).raw != T(0) ? -1 : int64_t(first);
  }
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
