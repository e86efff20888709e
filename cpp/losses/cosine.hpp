// Losses of directions.
#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// -sum y' p',  x' = x / max(|x|, epsilon). A prediction of length 0 has no direction: slope 0.
struct CosineSimilarity {
  static constexpr LossInfo info{"cosine_similarity",
                                 "Negative cosine of the angle between target and prediction.",
                                 param::positive("epsilon", 1e-7)};
  double epsilon;

  enum { kProduct, kTrue, kPred, kSums };

  template <class V>
  FL_INLINE void update(V* sums, const Entry<V>& e) const {
    sums[kProduct] = fma(e.y_true, e.x[0], sums[kProduct]);
    sums[kTrue] = fma(e.y_true, e.y_true, sums[kTrue]);
    sums[kPred] = fma(e.x[0], e.x[0], sums[kPred]);
  }
  template <class V>
  FL_INLINE V finish(V* sums, const Entry<V>&) const {
    const V zero(0.0), one(1.0), longest(1 / epsilon);
    const V of_true = min(longest, one / sqrt(sums[kTrue]));
    const V free = one / sqrt(sums[kPred]), of_pred = min(longest, free);
    const V value = -sums[kProduct] * of_true * of_pred;
    const auto nowhere = sums[kPred] == zero;
    sums[kTrue] = select(nowhere, zero, -of_true * of_pred);
    // Below epsilon the length is a constant, and the loss linear.
    sums[kPred] = select(free > longest, zero, -value * of_pred * of_pred);
    return value;
  }
  template <class V>
  FL_INLINE void slope(const V* sums, const Entry<V>& e, V* slope) const {
    slope[0] = fma(sums[kTrue], e.y_true, sums[kPred] * e.x[0]);
  }
};

// For y_true = 1: 1 - cos; for -1: max(0, cos - margin); else 0. cos of the angle between y_pred
// and other, with 1e-12 added to the square of each length (torch).
struct CosineEmbedding {
  static constexpr LossInfo info{"cosine_embedding",
                                 "Directions to agree for pairs alike, and not for others.",
                                 param::real("margin", 0.0)};
  static constexpr const char* kMore[] = {"other"};
  static constexpr Targets kTargets = Targets::kRows;
  double margin;

  enum { kProduct, kFirst, kSecond, kSums };

  template <class V>
  FL_INLINE void update(V* sums, const Entry<V>& e) const {
    sums[kProduct] = fma(e.x[0], e.x[1], sums[kProduct]);
    sums[kFirst] = fma(e.x[0], e.x[0], sums[kFirst]);
    sums[kSecond] = fma(e.x[1], e.x[1], sums[kSecond]);
  }
  template <class V>
  FL_INLINE V finish(V* sums, const Entry<V>& row) const {
    const V zero(0.0), one(1.0), least(1e-12);
    const V first = sums[kFirst] + least, second = sums[kSecond] + least;
    const V inverse = one / sqrt(first * second);
    const V cosine = sums[kProduct] * inverse, z = cosine - V(margin);
    const auto alike = row.y_true == one, apart = row.y_true == -one;
    const V passes = select(z < zero, zero, one);
    const V direction = select(alike, -one, select(apart, passes, zero));
    sums[kProduct] = direction * inverse;
    sums[kFirst] = direction * cosine / first;
    sums[kSecond] = direction * cosine / second;
    return select(alike, one - cosine, select(apart, max(zero, z), zero));
  }
  template <class V>
  FL_INLINE void slope(const V* sums, const Entry<V>& e, V* slope) const {
    slope[0] = fma(sums[kProduct], e.x[1], -sums[kFirst] * e.x[0]);
    slope[1] = fma(sums[kProduct], e.x[0], -sums[kSecond] * e.x[1]);
  }
};

}  // namespace fl::losses
