#include "bindings/cuda_library.hpp"

#include <dlfcn.h>

#include <mutex>

namespace fl {
namespace {

constexpr const char* kName = "libfusedloss_cuda.so";

std::mutex mutex;

std::string beside_this_module() {
  Dl_info self;
  if (!dladdr(reinterpret_cast<void*>(&beside_this_module), &self)) return kName;
  const std::string path = self.dli_fname;
  return path.substr(0, path.rfind('/') + 1) + kName;
}

// Of a library that cannot be opened. Where there is none, dlopen's words would only confuse.
std::string access_problem(const std::string& path) {
  const std::string reason = dlerror();
  return reason.find("No such file") == std::string::npos
             ? reason
             : "this build of fusedloss has no kernels for GPUs (there is no " + path + ")";
}

template <class F>
bool find(void* handle, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(handle, name));
  return function != nullptr;
}

}  // namespace

CudaLibrary CudaLibrary::library;

const CudaLibrary& CudaLibrary::get() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (!library.tried_) library = CudaLibrary(beside_this_module());
  return library;
}

void CudaLibrary::replace(const char* path) {
  const std::lock_guard<std::mutex> lock(mutex);
  library = path ? CudaLibrary(path) : CudaLibrary();
}

CudaLibrary::CudaLibrary(const std::string& path) : tried_(true) {
  // Never closed: kernels may still be running.
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    problem_ = access_problem(path);
    return;
  }
  const bool complete = find(handle, "fl_cuda_interface_version", interface_version) &&
                        find(handle, "fl_cuda_device_count", device_count) &&
                        find(handle, "fl_cuda_workspace_bytes", workspace_bytes) &&
                        find(handle, "fl_cuda_compute", compute) &&
                        find(handle, "fl_cuda_scale", scale) &&
                        find(handle, "fl_cuda_stream_device", stream_device) &&
                        find(handle, "fl_cuda_capture_id", capture_id);
  if (!complete || interface_version() != FL_INTERFACE_VERSION) {
    problem_ = path + " belongs to another version of fusedloss";
    return;
  }
  fl_status status;
  if (device_count(&status) == 0) problem_ = status.message;
}

}  // namespace fl
