// The kernels of cross-entropy, by the dtype of the logits.
#include "cuda/crossentropy.hpp"
#include "cuda/row_table.hpp"

namespace fl {
namespace {

template <class S>
constexpr CrossentropyKernels crossentropy_kernels() {
  return {on_host<crossentropy_of_tiles<S>>(),
          on_host<crossentropy_of_streams<S>>(),
          {on_host<crossentropy_of_warps<S, 1>>(),
           on_host<crossentropy_of_warps<S, 2>>(),
           on_host<crossentropy_of_warps<S, 4>>(),
           {}},
          {{},
           on_host<crossentropy_of_blocks<S, 2>>(),
           on_host<crossentropy_of_blocks<S, 4>>(),
           on_host<crossentropy_of_blocks<S, 8>>()}};
}

}  // namespace

const CrossentropyKernels crossentropy_float = crossentropy_kernels<float>();
const CrossentropyKernels crossentropy_half = crossentropy_kernels<Half>();
const CrossentropyKernels crossentropy_bfloat = crossentropy_kernels<BFloat16>();

}  // namespace fl
