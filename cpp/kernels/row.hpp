// A row loss of any of the three kinds on the rows of a layout.
#pragma once

#include "kernels/row_classes.hpp"
#include "kernels/row_entries.hpp"
#include "kernels/row_pairs.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// The losses of the rows, their gradients into the layout's operands, and if `found` is given what
// the pass finds beside them.
template <class Loss, class Layout, class V = typename Layout::Vector>
FL_ROWS V compute_rows(const Loss& loss, const Layout& layout, Found<V>* found) {
  if constexpr (is_over_pairs<Loss>())
    return compute_pairs(loss, layout);
  else if constexpr (requires { loss.link; })
    return compute_classes(loss, layout, found);
  else
    return compute_entries(loss, layout);
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
