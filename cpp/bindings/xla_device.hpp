// What XLA gives to an operation on a device: its stream, and memory in the order of that stream.
#pragma once

#include "bindings/xla_ffi.hpp"

namespace fl::xla {

// An error of XLA's own.
struct Refusal {
  Error* error;
};

inline void check(Error* error) {
  if (error) throw Refusal{error};
}

inline void* stream_of(const CallFrame& frame) {
  StreamGet wanted{sizeof wanted, nullptr, frame.context, nullptr};
  check(frame.api->stream_get(&wanted));
  return wanted.stream;
}

// Given back as soon as everything is enqueued: what gets it next comes later in the stream.
class DeviceMemory {
 public:
  DeviceMemory(const CallFrame& frame, size_t bytes) : frame_(frame), bytes_(bytes) {
    if (bytes == 0) return;
    MemoryAllocate wanted{sizeof wanted, nullptr, frame.context, bytes, kAlignment, nullptr};
    check(frame.api->memory_allocate(&wanted));
    data_ = wanted.data;
  }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  ~DeviceMemory() {
    if (!data_) return;
    MemoryFree wish{sizeof wish, nullptr, frame_.context, bytes_, data_};
    if (Error* const error = frame_.api->memory_free(&wish)) {
      ErrorDestroy gone{sizeof gone, nullptr, error};
      frame_.api->error_destroy(&gone);
    }
  }

  void* data() const { return data_; }

 private:
  static constexpr size_t kAlignment = 64;  // see fl_cuda_launch

  const CallFrame& frame_;
  size_t bytes_;
  void* data_ = nullptr;
};

}  // namespace fl::xla
