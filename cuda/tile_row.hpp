// Whole rows of few classes in shared memory, where a group of lanes computes each.
#pragma once

#include "cuda/packed.hpp"
#include "cuda/team_layout.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Neighbouring numbers, in shared memory as far from an aligned pack as where they come from.
template <class S>
class Tile {
 public:
  FL_DEVICE Tile(const S* from, int count)
      : from_(from), count_(count), past_(int(uintptr_t(from) % kPack / sizeof(S))) {}

  FL_DEVICE S* numbers() const { return (S*)shared_memory() + past_; }

  // The block copies it; not yet seen by other threads.
  FL_DEVICE void read() const {
    each_pack([&](int i, bool whole) __attribute__((always_inline)) {
      if (whole)
        store((Pack*)(numbers() + i), load_streamed((const Pack*)(from_ + i)));
      else
        each_inside(i, [&](int k) { numbers()[k] = from_[k]; });
    });
  }
  FL_DEVICE void write(S* to) const {
    const bool alike = (uintptr_t(to) - uintptr_t(from_)) % kPack == 0;
    each_pack([&](int i, bool whole) __attribute__((always_inline)) {
      if (whole && alike)
        store_streamed((Pack*)(to + i), load((const Pack*)(numbers() + i)));
      else
        each_inside(i, [&](int k) { to[k] = numbers()[k]; });
    });
  }

 private:
  // f(first, whole): packs, the first number of the first one perhaps before the tile.
  template <class F>
  FL_DEVICE void each_pack(F f) const {
    FL_UNROLL(4)
    for (int i = thread_index() * kPacked<S> - past_; i < count_; i += block_size() * kPacked<S>)
      f(i, i >= 0 && i + kPacked<S> <= count_);
  }
  template <class F>
  FL_DEVICE void each_inside(int first, F f) const {
    FL_UNROLL(1)
    for (int k = first; k < first + kPacked<S>; ++k)
      if (k >= 0 && k < count_) f(k);
  }

  const S* from_;
  int count_, past_;
};

// A row of it, overwritten by its gradient.
template <class S>
struct TileRow : TeamLayout<float, GroupTeam> {
  using Line = TileRow;  // there is one row

  S* numbers;
  bool wanted;   // the gradient
  int per_lane;  // classes
  int turn;      // where each lane begins, so that rows meet in few banks of shared memory

  struct Place {
    static constexpr int part = 0;
    int first;  // class
    V y_pred;
  };

  FL_DEVICE TileRow(GroupTeam& team, const RowCall& call, S* numbers, int classes, bool wanted,
                    int row)
      : TeamLayout{team, call, classes},
        numbers(numbers),
        wanted(wanted),
        per_lane((classes + team.size() - 1) / team.size()),
        turn(row % per_lane) {}

  FL_DEVICE int64_t block() const { return INT64_MAX; }
  template <class F>
  FL_DEVICE void each(int64_t, int64_t, F f) const {
    FL_UNROLL(1)
    for (int i = 0, at = turn; i < per_lane; ++i, at = at + 1 < per_lane ? at + 1 : 0) {
      const int c = team.rank() + at * team.size();
      if (c < classes) f(Place{c, V::of(widen<float>(numbers[c]))});
    }
  }
  template <class F>
  FL_DEVICE void each_singly(int64_t begin, int64_t end, F f) const {
    each(begin, end, f);
  }
  template <class F>
  FL_DEVICE void each_stored(F f) const {
    team.order_reads();
    each(0, classes, f);
  }
  template <class F>
  FL_DEVICE void each_row(F f) const {
    f(*this);
  }
  FL_DEVICE void fill_gradient(float value) const {
    each(0, classes, [&](const Place& at) { put_grad(V::of(value), at); });
  }

  static constexpr bool dense() { return false; }
  FL_DEVICE bool wants_grad() const { return wanted; }
  static FL_DEVICE V y_pred(const Place& at, V) { return at.y_pred; }
  FL_DEVICE V y_true_at(const Place& at) const { return V(at.first == label ? 1.0 : 0.0); }
  FL_DEVICE V class_weight_at(const Place& at) const { return weight_of(at.first); }
  FL_DEVICE void put_grad(V v, const Place& at) const { numbers[at.first] = narrow<S>(v.raw); }
  static FL_DEVICE V or_labelled(V v, V, const Place&) { return v; }
  FL_DEVICE V label_y_pred() const { return V::of(widen<float>(numbers[label])); }
  FL_DEVICE void put_label_grad(V v) const {
    if (is_mine(label)) numbers[label] = narrow<S>(v.raw);
  }
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
