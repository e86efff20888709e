// The kernel of every pointwise loss, computed in float.
#include "cuda/pointwise.hpp"
#include "cuda/pointwise_table.hpp"

namespace fl {
namespace {

template <class... Pointwise>
constexpr PointwiseKernels pointwise_kernels(List<Pointwise...>) {
  return {{on_host<pointwise_kernel<Pointwise, float>>()...}};
}

}  // namespace

const PointwiseKernels pointwise_kernels_float = pointwise_kernels(losses::Pointwise{});

}  // namespace fl
