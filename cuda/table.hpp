// Kernels as the host sees them.
#pragma once

#include "cuda/launch.hpp"

namespace fl {

// A kernel that takes a Work. The first two return 0, or an error of the CUDA runtime.
template <class Work>
struct KernelOnHost {
  int32_t (*launch)(const Geometry&, void* stream, const Work&) = nullptr;
  int32_t (*load)() = nullptr;  // into the current device: its first launch does it otherwise
  int (*clusters_at_once)(const Geometry&) = nullptr;  // that the current device has room for
};

inline namespace FL_ISA {
namespace {

template <auto kKernel, class Work>
constexpr KernelOnHost<Work> on_host(void (*)(Work)) {
  return {
      [](const Geometry& geometry, void* stream, const Work& work) -> int32_t {
        return launch(kKernel, geometry, stream, work);
      },
      []() -> int32_t { return load_kernel((const void*)kKernel); },
      [](const Geometry& geometry) { return clusters_at_once((const void*)kKernel, geometry); }};
}
template <auto kKernel>
constexpr auto on_host() {
  return on_host<kKernel>(kKernel);
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
