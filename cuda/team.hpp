// Threads that compute a row together: a power of two of them.
#pragma once

#include "cuda/reduce.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Neighbours in a warp.
class GroupTeam {
 public:
  FL_DEVICE explicit GroupTeam(int lanes) : lanes_(lanes) {}

  FL_DEVICE int size() const { return lanes_; }
  FL_DEVICE int rank() const { return thread_index() % lanes_; }
  FL_DEVICE void sync() const { group_sync(lanes_); }
  // Between what was read before and a store after it.
  FL_DEVICE void order_reads() const { sync(); }
  template <class X, class Fold>
  FL_DEVICE X fold(X x, Fold f) const {
    return fold_group(x, lanes_, f, lanes_);
  }

 private:
  int lanes_;  // a power of two
};

// A block, or the blocks of a cluster.
class BlockTeam {
 public:
  FL_DEVICE BlockTeam() : fold_(shared_memory(), 1) {}

  FL_DEVICE int size() const { return cluster_size() * block_size(); }
  FL_DEVICE int rank() const { return cluster_rank() * block_size() + thread_index(); }
  FL_DEVICE void order_reads() const {}  // there was a fold, which has a barrier
  template <class X, class Fold>
  FL_DEVICE X fold(X x, Fold f) {
    return fold_(x, f);
  }

 private:
  TeamFold fold_;
};

// Either, as many lanes as it is told: more than a warp are all of the block.
class RowTeam {
 public:
  FL_DEVICE explicit RowTeam(int lanes) : group_(lanes), fold_block_(shared_memory(), 1) {}

  FL_DEVICE int size() const { return group_.size(); }
  FL_DEVICE int rank() const { return group_.rank(); }
  FL_DEVICE void order_reads() const { is_block() ? block_sync() : group_.sync(); }
  template <class X, class Fold>
  FL_DEVICE X fold(X x, Fold f) {
    return is_block() ? fold_block_(x, f) : group_.fold(x, f);
  }

 private:
  FL_DEVICE bool is_block() const { return size() > kWarp; }

  GroupTeam group_;
  TeamFold fold_block_;
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
