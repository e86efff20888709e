// Sums and maxima over the threads of a team, in a tree that depends on the size of the team alone.
// Every thread of it gets the result.
#pragma once

#include "cuda/device.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// What folds two numbers, beside any other function of two. The number of the thread with the lower
// index stands first, so that all threads get the same also where the order matters, as it does for
// a maximum with NaN.
struct Sum {
  template <class T>
  FL_DEVICE T operator()(T a, T b) const {
    return a + b;
  }
};

// Over an aligned group of lanes of a warp, a power of two of them. T: a number, or a Vec<T, 1>.
// present: of the lanes that are here; as a constant it spares GPUs before 9.0 a search for them.
template <class T, class Fold>
FL_DEVICE T fold_group(T value, int lanes, Fold fold, int present) {
  for (int distance = 1; distance < lanes; distance *= 2) {
    const T other = shuffle_xor(value, distance, present);
    value = thread_index() & distance ? fold(other, value) : fold(value, other);
  }
  return value;
}

// Over all threads of a block, or of all blocks of a cluster: a power of two of warps.
//
// Each warp tells the others what it has, then each warp folds that: one barrier. The shared memory
// has two halves, used in turn: before it is written again all threads have passed the barrier that
// follows the last reading. Owned by all threads together: they fold the same things in the same
// order.
class TeamFold {
 public:
  // Bytes for `numbers` of up to 8 bytes folded at a time.
  static constexpr int bytes(int threads, int cluster, int numbers) {
    return 2 * numbers * cluster * (threads / kWarp) * int(sizeof(double));
  }

  FL_DEVICE TeamFold(unsigned char* shared, int numbers) : shared_(shared), numbers_(numbers) {
    if (cluster_size() > 1) cluster_arrive_first();
  }

  template <class T, class Fold, int K>
  FL_DEVICE void operator()(T (&values)[K], Fold fold) {
    FL_UNROLL(8)
    for (int k = 0; k < K; ++k) values[k] = fold_group(values[k], kWarp, fold, kWarp);
    const int warps = cluster_size() * (block_size() / kWarp);
    if (warps == 1) return;
    const int half = turn_ % 2 * bytes(block_size(), cluster_size(), numbers_) / 2;
    T* const told = (T*)(shared_ + half);  // [K][warps]
    const int own = cluster_rank() * (block_size() / kWarp) + warp_index();
    if (cluster_size() > 1) {
      if (turn_ == 0) cluster_wait();
      FL_UNROLL(8)
      for (int k = 0; k < K; ++k)
        if (lane_index() < cluster_size())
          store_to_peer(told + k * warps + own, lane_index(), values[k]);
      cluster_arrive();
      cluster_wait();
    } else {
      FL_UNROLL(8)
      for (int k = 0; k < K; ++k)
        if (lane_index() == 0) told[k * warps + own] = values[k];
      block_sync();
    }
    const int lanes = warps < kWarp ? warps : kWarp, lane = lane_index() % lanes;
    FL_UNROLL(8)
    for (int k = 0; k < K; ++k) {
      T of_lane = told[k * warps + lane];
      for (int w = lane + kWarp; w < warps; w += kWarp)
        of_lane = fold(of_lane, told[k * warps + w]);
      values[k] = fold_group(of_lane, lanes, fold, kWarp);
    }
    ++turn_;
  }

  template <class T, class Fold>
  FL_DEVICE T operator()(T value, Fold fold) {
    T values[1] = {value};
    (*this)(values, fold);
    return values[0];
  }

 private:
  // As little as possible: it lives as long as the row, in registers. The rest is asked for again.
  unsigned char* shared_;
  int numbers_, turn_ = 0;
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
