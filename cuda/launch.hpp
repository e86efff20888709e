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

// Into the current device, where its first launch would.
inline LaunchError load_kernel(const void* kernel) {
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

template <class... Parameters, class... Arguments>
LaunchError launch(void (*kernel)(Parameters...), const Geometry& geometry, void* stream,
                   const Arguments&... arguments) {
  static_assert((sizeof(Parameters) + ... + 0) <= kParameterBytes);
  constexpr int kSharedByDefault = 48 * 1024, kClusterByDefault = 8;
  if (geometry.grid == 0) return cudaSuccess;
  cudaError_t error = cudaSuccess;
  if (geometry.shared > kSharedByDefault)
    error =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, geometry.shared);
  if (!error && geometry.cluster > kClusterByDefault)
    error = cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1);

  cudaLaunchAttribute attributes[2];
  unsigned count = 0;
  if (geometry.cluster > 1) {
    attributes[count].id = cudaLaunchAttributeClusterDimension;
    attributes[count].val.clusterDim = {unsigned(geometry.cluster), 1, 1};
    ++count;
  }
  if (geometry.programmatic && can_begin_early()) {
    attributes[count].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[count].val.programmaticStreamSerializationAllowed = 1;
    ++count;
  }
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(unsigned(geometry.grid));
  config.blockDim = dim3(unsigned(geometry.threads));
  config.dynamicSmemBytes = size_t(geometry.shared);
  config.stream = cudaStream_t(stream);
  config.attrs = attributes;
  config.numAttrs = count;
  if (!error) error = cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...);
  if (error) (void)cudaGetLastError();  // returned here, so the framework must not find it later
  return error;
}

#endif

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
