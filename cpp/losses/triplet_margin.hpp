#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// max(0, margin + d(anchor, positive) - d(anchor, negative)),  d(a, b) = |a - b + epsilon|_p,
// y_pred the anchor (torch). swap: the smaller one of d(anchor, negative) and d(positive, negative)
// counts. Balntas et al. 2016, Learning local feature descriptors with triplets.
struct TripletMargin {
  static constexpr LossInfo info{"triplet_margin",
                                 "An anchor nearer to its like than to another, by a margin.",
                                 param::non_negative("margin", 1.0),
                                 param::positive("p", 2.0),
                                 param::non_negative("epsilon", 1e-6),
                                 param::flag("swap")};
  static constexpr const char* kMore[] = {"positive", "negative"};
  static constexpr Targets kTargets = Targets::kNone;
  double margin, p, epsilon, swap;

  enum { kNear, kFar, kAcross, kSums };  // anchor-positive, anchor-negative, positive-negative

  template <class V>
  FL_INLINE void update(V* sums, const Entry<V>& e) const {
    sums[kNear] = sums[kNear] + power(abs(between(e.x[0], e.x[1])), p);
    sums[kFar] = sums[kFar] + power(abs(between(e.x[0], e.x[2])), p);
    if (swap != 0) sums[kAcross] = sums[kAcross] + power(abs(between(e.x[1], e.x[2])), p);
  }
  // Leaves the slope of the loss towards each distance, over that distance to the power p - 1.
  template <class V>
  FL_INLINE V finish(V* sums, const Entry<V>&) const {
    const V zero(0.0), one(1.0), half(0.5);
    const V near = root(sums[kNear]), direct = root(sums[kFar]);
    V far = direct, across = one, share = zero;
    if (swap != 0) {
      across = root(sums[kAcross]);
      far = min(across, direct);
      share = select(across < direct, one, select(across == direct, half, zero));
    }
    const V z = near - far + V(margin);
    const V passes = select(z < zero, zero, select(z == z, one, z));
    sums[kNear] = passes * inverse(near);
    sums[kFar] = -passes * (one - share) * inverse(direct);
    sums[kAcross] = -passes * share * inverse(across);
    return max(zero, z);
  }
  template <class V>
  FL_INLINE void slope(const V* sums, const Entry<V>& e, V* slope) const {
    const V near = sums[kNear] * direction(between(e.x[0], e.x[1]));
    const V far = sums[kFar] * direction(between(e.x[0], e.x[2]));
    const V across = swap == 0 ? V(0.0) : sums[kAcross] * direction(between(e.x[1], e.x[2]));
    slope[0] = near + far;
    slope[1] = across - near;
    slope[2] = -far - across;
  }

 private:
  template <class V>
  FL_INLINE V between(V a, V b) const {
    return a - b + V(epsilon);
  }
  template <class V>
  FL_INLINE V power(V size, double exponent) const {
    if (exponent == 1) return size;
    if (exponent == 2) return size * size;
    return exp(V(exponent) * log(size));
  }
  template <class V>
  FL_INLINE V root(V sum) const {
    return p == 2 ? sqrt(sum) : power(sum, 1 / p);
  }
  // 1 / distance^(p - 1), or 0 where the distance is: there the slope is torch's, 0.
  template <class V>
  FL_INLINE V inverse(V distance) const {
    if (p == 1) return V(1.0);
    return select(distance == V(0.0), V(0.0), V(1.0) / power(distance, p - 1));
  }
  // sign(r) |r|^(p - 1); 0 at 0 for every p, as torch has it.
  template <class V>
  FL_INLINE V direction(V r) const {
    if (p == 2) return r;
    if (p == 1) return sign(r);
    return select(r == V(0.0), V(0.0), sign(r) * power(abs(r), p - 1));
  }
};

}  // namespace fl::losses
