// Puts a kernel into a stream. Nothing waits, and nothing is allocated.
#pragma once

#include "cuda/device.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// 0, or an error of the CUDA runtime (cudaError_t).
using LaunchError = int32_t;

constexpr int kParameterBytes = 4096;  // what a kernel takes; newer GPUs and drivers take more

#if defined(FL_EMULATED)

inline const char* text_of(LaunchError) { return "no error"; }

inline LaunchError load_kernel(const void* /*kernel*/) { return 0; }

inline int clusters_at_once(const void* /*kernel*/, const Geometry& /*geometry*/) { return 1; }

template <class... Parameters, class... Arguments>
LaunchError launch(void (*kernel)(Parameters...), const Geometry& geometry, void* /*stream*/,
                   const Arguments&... arguments) {
  static_assert((sizeof(Parameters) + ... + 0) <= kParameterBytes);
  if (geometry.grid == 0) return 0;
  auto call = [&] { kernel(Parameters(arguments)...); };
  emulator::run(geometry, [](void* c) { (*static_cast<decltype(call)*>(c))(); }, &call);
  return 0;
}

#else

inline const char* text_of(LaunchError error) { return cudaGetErrorString(cudaError_t(error)); }

// The first use of a kernel loads it into its device, which most captures into a graph forbid,
// those of other threads too: while one of these lives they do not.
class LoadingAllowed {
 public:
  LoadingAllowed() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  LoadingAllowed(const LoadingAllowed&) = delete;
  LoadingAllowed& operator=(const LoadingAllowed&) = delete;
  ~LoadingAllowed() { cudaThreadExchangeStreamCaptureMode(&mode_); }

 private:
  cudaStreamCaptureMode mode_ =
      cudaStreamCaptureModeRelaxed;  // what the thread's is exchanged with
};

// Into the current device, where its first launch would.
inline LaunchError load_kernel(const void* kernel) {
  const LoadingAllowed allowed;
  cudaFuncAttributes attributes;
  const cudaError_t error = cudaFuncGetAttributes(&attributes, kernel);
  if (error) (void)cudaGetLastError();
  return error;
}

// Kernels that begin early came with compute capability 9.0; older GPUs refuse the wish.
inline bool can_begin_early() {
  int device = 0, major = 0;
  return cudaGetDevice(&device) == cudaSuccess &&
         cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) == cudaSuccess &&
         major >= 9;
}

// A geometry in the words of the CUDA runtime.
struct Configuration {
  cudaLaunchConfig_t config{};

  Configuration(const Geometry& geometry, void* stream) {
    config.gridDim = dim3(unsigned(geometry.grid));
    config.blockDim = dim3(unsigned(geometry.threads));
    config.dynamicSmemBytes = size_t(geometry.shared);
    config.stream = cudaStream_t(stream);
    config.attrs = attributes_;
    if (geometry.cluster > 1) {
      cudaLaunchAttribute& attribute = attributes_[config.numAttrs++];
      attribute.id = cudaLaunchAttributeClusterDimension;
      attribute.val.clusterDim = {unsigned(geometry.cluster), 1, 1};
    }
    if (geometry.programmatic && can_begin_early()) {
      cudaLaunchAttribute& attribute = attributes_[config.numAttrs++];
      attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
      attribute.val.programmaticStreamSerializationAllowed = 1;
    }
  }
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;

 private:
  cudaLaunchAttribute attributes_[2];
};

// Shared memory and clusters of the sizes that need no permission: plan.hpp goes no further.
template <class... Parameters, class... Arguments>
LaunchError launch(void (*kernel)(Parameters...), const Geometry& geometry, void* stream,
                   const Arguments&... arguments) {
  static_assert((sizeof(Parameters) + ... + 0) <= kParameterBytes);
  if (geometry.grid == 0) return cudaSuccess;
  const LoadingAllowed allowed;
  const Configuration as(geometry, stream);
  const cudaError_t error = cudaLaunchKernelEx(&as.config, kernel, Parameters(arguments)...);
  if (error) (void)cudaGetLastError();  // returned here, so the framework must not find it later
  return error;
}

// Clusters of a kernel that the current device has room for.
inline int clusters_at_once(const void* kernel, const Geometry& geometry) {
  const LoadingAllowed allowed;
  const Configuration as(geometry, nullptr);
  int clusters = 0;
  if (cudaOccupancyMaxActiveClusters(&clusters, kernel, &as.config) == cudaSuccess) return clusters;
  (void)cudaGetLastError();
  return 0;
}

#endif

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
