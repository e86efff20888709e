// The library for GPUs, opened when the first tensor of one comes along.
#pragma once

#include <string>

#include "fusedloss/fusedloss_cuda.h"

namespace fl {

// A library with the functions of fusedloss_cuda.h, or what is wrong with it.
class CudaLibrary {
 public:
  // Opens it at the first call. It lies beside this module.
  static const CudaLibrary& get();
  // Puts another one in its place, or none that was opened yet.
  static void replace(const char* path);

  bool usable() const { return problem_.empty(); }
  const std::string& problem() const { return problem_; }

  decltype(&fl_cuda_interface_version) interface_version = nullptr;
  decltype(&fl_cuda_device_count) device_count = nullptr;
  decltype(&fl_cuda_workspace_bytes) workspace_bytes = nullptr;
  decltype(&fl_cuda_compute) compute = nullptr;
  decltype(&fl_cuda_scale) scale = nullptr;
  decltype(&fl_cuda_stream_device) stream_device = nullptr;
  decltype(&fl_cuda_capture_id) capture_id = nullptr;

 private:
  CudaLibrary() = default;
  explicit CudaLibrary(const std::string& path);

  static CudaLibrary library;

  bool tried_ = false;
  std::string problem_;
};

}  // namespace fl
