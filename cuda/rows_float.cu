// The kernel of every row loss, computed in float.
#include "cuda/row.hpp"
#include "cuda/row_table.hpp"

namespace fl {
namespace {

template <class... Row>
constexpr RowKernels row_kernels(List<Row...>) {
  return {{on_host<row_kernel<Row, float>>()...}};
}

}  // namespace

const RowKernels row_kernels_float = row_kernels(losses::Row{});

}  // namespace fl
