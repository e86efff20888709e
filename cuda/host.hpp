// What the host asks of CUDA beside launches, or of the emulator in its place.
#pragma once

#include "cuda/launch.hpp"
#include "runtime/status.hpp"

#if defined(FL_EMULATED)
#include <cstdlib>
#include <cstring>
#include <string_view>
#else
#include <atomic>
#endif

namespace fl {
inline namespace FL_ISA {
namespace {

// Throws Error if there was one.
inline void check(LaunchError error, const char* what) {
  if (error) fail(FL_DEVICE_ERROR, "%s: %s", what, text_of(error));
}

#if defined(FL_EMULATED)

inline int device_count() { return 1; }

struct CurrentDevice {
  explicit CurrentDevice(int32_t device) {
    if (device != 0) fail(FL_INVALID_VALUE, "device: there is no GPU %d", int(device));
  }
};

// One that FUSEDLOSS_EMULATED_DEVICE names: "A100" has no clusters, a "slice" of an H200 only small
// ones. Few multiprocessors, so that teams of threads take several rows each.
inline Device device_properties(int32_t /*device*/) {
  const char* const given = std::getenv("FUSEDLOSS_EMULATED_DEVICE");
  const std::string_view name = given ? given : "";
  if (name == "A100") return {8, 0, 2, 166912, 1};
  return {9, 0, 2, 232448, name == "slice" ? 2 : 8};
}

inline int largest_cluster(int32_t /*device*/, int most, bool (*)(int)) { return most; }

inline int32_t device_of_stream(void* /*stream*/) { return 0; }

inline uint64_t capture_id(void* /*stream*/) { return 0; }

inline void fill(void* memory, int byte, size_t bytes, void* /*stream*/) {
  std::memset(memory, byte, bytes);
}

#else

inline void check(cudaError_t error, const char* what) {
  if (error) (void)cudaGetLastError();  // reported here, so nobody else must find it later
  check(LaunchError(error), what);
}

// Throws Error where there is none.
inline int device_count() {
  int driver = 0, runtime = 0, count = 0;
  check(cudaDriverGetVersion(&driver), "CUDA");
  check(cudaRuntimeGetVersion(&runtime), "CUDA");
  if (driver == 0) fail(FL_DEVICE_ERROR, "CUDA: there is no driver for GPUs");
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorInsufficientDriver)
    fail(FL_DEVICE_ERROR, "CUDA: the driver is for CUDA %d.%d, but this build needs %d.%d",
         driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
  check(error, "CUDA");
  return count;
}

// Makes a device the current one while it lives.
class CurrentDevice {
 public:
  explicit CurrentDevice(int32_t device) {
    check(cudaGetDevice(&previous_), "device");
    if (previous_ == device) previous_ = -1;
    if (previous_ >= 0) check(cudaSetDevice(device), "device");
  }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;
  ~CurrentDevice() {
    if (previous_ >= 0) cudaSetDevice(previous_);
  }

 private:
  int previous_ = -1;
};

// Looked up in a table of the driver: nothing is gained by another table here.
inline Device device_properties(int32_t device) {
  Device found;
  const auto ask = [&](cudaDeviceAttr attribute, int& value) {
    check(cudaDeviceGetAttribute(&value, attribute, device), "device");
  };
  ask(cudaDevAttrComputeCapabilityMajor, found.major);
  ask(cudaDevAttrComputeCapabilityMinor, found.minor);
  ask(cudaDevAttrMultiProcessorCount, found.multiprocessors);
  ask(cudaDevAttrMaxSharedMemoryPerBlockOptin, found.shared_bytes);
  // 16 would have to be asked for, and cost multiprocessors.
  found.largest_cluster = found.major >= 9 ? 8 : 1;
  return found;
}

// Blocks of a cluster that there is room for, at most `most`: fewer where a GPU is cut up or
// shared, so that too few multiprocessors are neighbours. Asked once for each device.
inline int largest_cluster(int32_t device, int most, bool (*has_room)(int blocks)) {
  constexpr int kDevices = 64;
  static std::atomic<int> known[kDevices];  // 0: not asked yet
  if (most == 1 || device >= kDevices) return 1;
  int blocks = known[device];
  if (blocks == 0) {
    const CurrentDevice current(device);
    for (blocks = most; blocks > 1 && !has_room(blocks);) blocks /= 2;
    known[device] = blocks;
  }
  return blocks;
}

inline int32_t device_of_stream(void* stream) {
  int device = 0;
  check(cudaStreamGetDevice(cudaStream_t(stream), &device), "stream");
  return device;
}

// 0 where none is under way.
inline uint64_t capture_id(void* stream) {
  cudaStreamCaptureStatus status;
  unsigned long long id = 0;
  check(cudaStreamGetCaptureInfo(cudaStream_t(stream), &status, &id), "stream");
  return status == cudaStreamCaptureStatusActive ? id : 0;
}

inline void fill(void* memory, int byte, size_t bytes, void* stream) {
  check(cudaMemsetAsync(memory, byte, bytes, cudaStream_t(stream)), "loss");
}

#endif

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
