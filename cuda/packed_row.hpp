// A row of neighbouring logits in packs: in the registers of its team, or read in each sweep.
#pragma once

#include "cuda/packed.hpp"
#include "cuda/team_layout.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Where a row lies: its body in aligned packs; before and after it a few logits that fill none,
// each held apart by one thread of the team's first warp.
template <class S>
struct RowParts {
  const S* x;  // the row
  S* grad;     // nullptr: not wanted
  int classes;
  int head;   // logits before the body
  int packs;  // of the body

  FL_DEVICE RowParts(const S* x, S* grad, int classes) : x(x), grad(grad), classes(classes) {
    const int past = int(uintptr_t(x) % kPack / sizeof(S));
    head = past == 0 ? 0 : kPacked<S> - past;
    if (head > classes) head = classes;
    packs = (classes - head) / kPacked<S>;
  }
  FL_DEVICE int tail() const { return head + packs * kPacked<S>; }  // the first one after the body
  // The logit that a thread holds apart; -1: none.
  FL_DEVICE int edge_of(int rank) const {
    constexpr int kHalf = kWarp / 2;
    if (rank < head) return rank;
    return rank >= kHalf && rank < kHalf + classes - tail() ? tail() + rank - kHalf : -1;
  }
  FL_DEVICE const Pack* body() const { return (const Pack*)(x + head); }
};

// A number in each place of a word.
template <class S>
FL_DEVICE uint32_t word_of(float x) {
  if constexpr (sizeof(S) == 2)
    return narrow_pair<S>(x, x);
  else
    return bits_of_float(x);
}
// In each place the larger one, which is the other one where one is NaN.
template <class S>
FL_DEVICE uint32_t larger_in_word(uint32_t a, uint32_t b) {
  if constexpr (sizeof(S) == 2)
    return larger_pair<S>(a, b);
  else
    return bits_of_float(::fmaxf(float_of_bits(a), float_of_bits(b)));
}

// Makes the compiler unpack a pack again in the next sweep: the logits of all packs, kept until
// then, would take more registers than there are.
FL_DEVICE void forget([[maybe_unused]] Pack& pack) {
#if defined(__CUDA_ARCH__)
  asm volatile(""
               : "+r"(pack.words[0]), "+r"(pack.words[1]), "+r"(pack.words[2]),
                 "+r"(pack.words[3]));
#endif
}

// Held: packs of the body that a thread keeps in registers, enough for the whole row; 0: none.
template <class S, int Held, class Team>
struct PackedRow : TeamLayout<float, Team> {
  using Base = TeamLayout<float, Team>;
  using Base::team, Base::classes, Base::label, Base::index;
  using typename Base::V;
  using Line = PackedRow;           // there is one row
  static constexpr int kAhead = 2;  // packs on their way at the same time where none are held

  RowParts<S> parts;
  int edge;  // class of the logit held apart, -1: none
  V edge_y_pred;
  mutable Pack held[Held > 0 ? Held : 1];

  struct Place {
    static constexpr int part = 0;
    int first;  // class
    V y_pred;
    V* gradient;  // where it is to be stored
  };

  FL_DEVICE PackedRow(Team& team, const RowCall& call, const RowParts<S>& parts)
      : Base{team, call, parts.classes}, parts(parts), edge(parts.edge_of(team.rank())) {
    if constexpr (Held > 0) {
      FL_UNROLL(8)
      for (int i = 0; i < Held; ++i)
        if (pack(i) < parts.packs) held[i] = load_streamed(parts.body() + pack(i));
    }
    edge_y_pred = V(-param::kInfinity);
    if (edge >= 0) edge_y_pred = V::of(widen<float>(parts.x[edge]));
  }

  FL_DEVICE int pack(int i) const { return team.rank() + i * team.size(); }

  // f(index, pack) for this thread's packs of the body.
  template <class F>
  FL_DEVICE void each_pack(F f) const {
    if constexpr (Held > 0) {
      FL_UNROLL(8)
      for (int i = 0, left = parts.packs - team.rank(); i < Held; ++i, left -= team.size()) {
        if (left <= 0) break;
        forget(held[i]);
        f(pack(i), held[i]);
      }
    } else {
      FL_UNROLL(1)
      for (int begin = 0; pack(begin) < parts.packs; begin += kAhead) {
        Pack ahead[kAhead];
        FL_UNROLL(kAhead)
        for (int i = 0; i < kAhead; ++i)
          if (pack(begin + i) < parts.packs) ahead[i] = load(parts.body() + pack(begin + i));
        FL_UNROLL(kAhead)
        for (int i = 0; i < kAhead; ++i)
          if (pack(begin + i) < parts.packs) f(pack(begin + i), ahead[i]);
      }
    }
  }
  // f(place) for the logits of a pack; gradient: [kPacked<S>] or nullptr.
  template <class F>
  FL_DEVICE void each_of_pack(int index, const Pack& pack, V* gradient, F f) const {
    FL_UNROLL(8)
    for (int k = 0; k < kPacked<S>; ++k)
      f(Place{parts.head + index * kPacked<S> + k, V::of(widen<float>(number_of<S>(pack, k))),
              gradient + k});
  }

  // A thread adds up so few that a single sum is accurate.
  FL_DEVICE int64_t block() const { return INT64_MAX; }
  template <class F>
  FL_DEVICE void each(int64_t, int64_t, F f) const {
    each_pack([&](int index, const Pack& pack) __attribute__((always_inline)) {
      V unused[kPacked<S>];
      each_of_pack(index, pack, unused, f);
    });
    if (edge >= 0) f(Place{edge, edge_y_pred, nullptr});
  }
  template <class F>
  FL_DEVICE void each_singly(int64_t begin, int64_t end, F f) const {
    each(begin, end, f);
  }
  template <class F>
  FL_DEVICE void each_stored(F f) const {
    team.order_reads();
    const bool alike = uintptr_t(parts.grad + parts.head) % kPack == 0;
    each_pack([&](int index, const Pack& pack) __attribute__((always_inline)) {
      V gradient[kPacked<S>];
      each_of_pack(index, pack, gradient, f);
      float numbers[kPacked<S>];
      FL_UNROLL(8)
      for (int k = 0; k < kPacked<S>; ++k) numbers[k] = gradient[k].raw;
      Pack computed;
      put_in_pack<S>(numbers, 0, computed);
      S* const to = parts.grad + parts.head + index * kPacked<S>;
      if (alike) return store_streamed((Pack*)to, computed);
      FL_UNROLL(8)
      for (int k = 0; k < kPacked<S>; ++k) to[k] = number_of<S>(computed, k);
    });
    V gradient;
    if (edge < 0) return;
    f(Place{edge, edge_y_pred, &gradient});
    parts.grad[edge] = narrow<S>(gradient.raw);
  }
  template <class F>
  FL_DEVICE void each_row(F f) const {
    f(*this);
  }
  FL_DEVICE void fill_gradient(float value) const {
    each_stored([&](const Place& at)
                    __attribute__((always_inline)) { put_grad(V::of(value), at); });
  }

  static constexpr bool dense() { return false; }
  FL_DEVICE bool wants_grad() const { return parts.grad != nullptr; }
  // Without what is NaN, which the sums will find: an instruction for each word.
  FL_DEVICE V largest_y_pred() const {
    const float none = -float(param::kInfinity);
    uint32_t word = word_of<S>(none);
    each_pack([&](int, const Pack& pack) __attribute__((always_inline)) {
      FL_UNROLL(4)
      for (const uint32_t next : pack.words) word = larger_in_word<S>(word, next);
    });
    const Pack last{{word}};
    V largest = edge_y_pred;
    FL_UNROLL(2)
    for (int k = 0; k < 4 / int(sizeof(S)); ++k)
      largest = max(largest, V::of(widen<float>(number_of<S>(last, k))));
    return team.fold(largest, [](V a, V b) { return max(a, b); });
  }
  static FL_DEVICE V y_pred(const Place& at, V) { return at.y_pred; }
  FL_DEVICE V y_true_at(const Place& at) const { return V(at.first == label ? 1.0 : 0.0); }
  FL_DEVICE V class_weight_at(const Place& at) const { return this->weight_of(at.first); }
  static FL_DEVICE void put_grad(V v, const Place& at) { *at.gradient = v; }
  static FL_DEVICE V or_labelled(V v, V, const Place&) { return v; }
  FL_DEVICE V label_y_pred() const { return V::of(widen<float>(parts.x[label])); }
  // By the thread that has stored the pack, or the logit, which this is of.
  FL_DEVICE void put_label_grad(V v) const {
    const int c = int(label), body = c - parts.head;
    const bool in_body = body >= 0 && c < parts.tail();
    const bool mine = in_body ? this->is_mine(body / kPacked<S>) : edge == c;
    if (mine) parts.grad[c] = narrow<S>(v.raw);
  }
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
