// What the focal losses share (Lin et al. 2017, arXiv:1708.02002): the modulating factor.
#pragma once
#include "losses/loss.hpp"

namespace fl::losses {

// miss^gamma, miss = 1 - p_t, in log space: finite for every gamma >= 0, also where miss is 0.
template <class V>
FL_INLINE V focal_factor(V miss, double gamma) {
  return exp(V(gamma) * log(max(V(1e-37), miss)));
}

}  // namespace fl::losses
