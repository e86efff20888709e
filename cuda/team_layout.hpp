// Row losses with a team of threads along a row: the third layout beside Along and Across.
#pragma once

#include "cuda/team.hpp"
#include "kernels/kernel.hpp"
#include "kernels/row.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// What these layouts share, whatever holds the entries of the row: each thread has one accumulator,
// folded over the team in the end, and knows itself what there is one of in a row.
template <class T_, class Team>
struct TeamLayout {
  using T = T_;
  using V = Vec<T, 1>;
  using Vector = V;
  static constexpr int kRows = 1, kParts = 1, index = 0;
  static constexpr bool kKeepsMasses = false;

  Team& team;
  const RowCall& call;  // rather than what it says, which would take registers
  int classes;
  int label = -1;  // -1: targets are dense, or there are none
  V weight{1.0};   // of the row, times the gradient's scale

  FL_DEVICE V weight_of(int64_t c) const {
    return call.class_weight ? V::load((const T*)call.class_weight + c) : V(1.0);
  }
  // Whether this thread has the share at a place, of shares handed out one by one.
  FL_DEVICE bool is_mine(int place) const {
    return (place & (team.size() - 1)) == team.rank();  // sizes are powers of two
  }
  FL_DEVICE V label_weight() const { return weight_of(label); }

  static FL_DEVICE V keep(V added, V, const auto&) { return added; }
  static FL_DEVICE V silence(V v) { return v; }  // rows without weight are not computed at all
  static FL_DEVICE V spread(V of_row) { return of_row; }
  static FL_DEVICE void put(V v, V& of_row) { of_row = v; }
  static FL_DEVICE void prefetch(const auto&) {}

  // A thread's share of one block of classes after the other.
  struct Sum {
    V total{0.0};
    FL_DEVICE void add(V block, int64_t) { total = total + block; }
    FL_DEVICE V open(int64_t) const { return total; }
  };
  static FL_DEVICE V fold_accumulators(const V* parts, const auto&) { return parts[0]; }
  FL_DEVICE V fold(V (&rows)[kRows], const auto& f) const { return team.fold(rows[0], f); }
  FL_DEVICE V sum_of(V share) const { return team.fold(share, fl::Sum{}); }
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
