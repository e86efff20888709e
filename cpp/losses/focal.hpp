// What the focal losses share (Lin et al. 2017, arXiv:1708.02002): the modulating factor.
#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// miss^gamma, miss = 1 - p_t: finite for every gamma >= 0, also where miss is 0. In log space,
// unless gamma is one of those in use that a product gives.
template <class V>
FL_INLINE V focal_factor(V miss, double gamma) {
  const V base = max(V(1e-37), miss);
  if (gamma == 2) return base * base;
  if (gamma == 1) return base;
  return exp(V(gamma) * log(base));
}

}  // namespace fl::losses
