#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// max(0, 1 + max_c (1 - y_c) p_c - sum_c y_c p_c) (Keras). Equal largest wrong classes share the
// slope; where the margin is just reached it is halved.
struct CategoricalHinge {
  static constexpr LossInfo info{"categorical_hinge",
                                 "The best wrong class should be 1 below the right one."};

  enum { kOwn, kTies, kSums };

  template <class V>
  FL_INLINE V key(const Entry<V>& e) const {
    return (V(1.0) - e.y_true) * e.x[0];
  }
  template <class V>
  FL_INLINE void update(V* sums, const Entry<V>& e) const {
    sums[kOwn] = fma(e.y_true, e.x[0], sums[kOwn]);
    sums[kTies] = sums[kTies] + select(key(e) == e.largest, V(1.0), V(0.0));
  }
  template <class V>
  FL_INLINE V finish(V* sums, const Entry<V>& row) const {
    const V zero(0.0), one(1.0), z = row.largest - sums[kOwn] + one;
    const V active = select(z > zero, one, select(z == zero, V(0.5), z * zero));  // NaN stays NaN
    sums[kOwn] = active;
    sums[kTies] = active / sums[kTies];
    return max(zero, z);
  }
  template <class V>
  FL_INLINE void slope(const V* sums, const Entry<V>& e, V* slope) const {
    const V tie = select(key(e) == e.largest, sums[kTies], V(0.0));
    slope[0] = fma(V(1.0) - e.y_true, tie, -e.y_true * sums[kOwn]);
  }
};

}  // namespace fl::losses
