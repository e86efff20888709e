// XLA's operation on a GPU, run by XLA on the CPU: a stream and memory on the device are what a
// GPU would have given, everything else is what XLA gives.
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "bindings/xla_ffi.hpp"

namespace {

using namespace fl::xla;

Error* (*handler)(CallFrame*) = nullptr;
int in_use = 0;

Error* stream_get(StreamGet* wanted) {
  wanted->stream = nullptr;
  return nullptr;
}

Error* memory_allocate(MemoryAllocate* wanted) {
  const size_t bytes = (wanted->size + wanted->alignment - 1) / wanted->alignment;
  wanted->data = std::aligned_alloc(wanted->alignment, bytes * wanted->alignment);
  std::memset(wanted->data, 0xA5, wanted->size);  // what others left there
  ++in_use;
  return nullptr;
}

Error* memory_free(MemoryFree* wish) {
  std::free(wish->data);
  --in_use;
  return nullptr;
}

}  // namespace

extern "C" {

[[gnu::visibility("default")]] void set_handler(Error* (*function)(CallFrame*)) {
  handler = function;
}

// Pieces of memory that were not given back.
[[gnu::visibility("default")]] int memory_in_use() { return in_use; }

[[gnu::visibility("default")]] Error* handle(CallFrame* frame) {
  // XLA computes what is independent at the same time; the emulator cannot.
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  CallFrame emulated = *frame;
  Api api;
  if (frame->api) {  // not where only the version is asked for
    api = *frame->api;
    api.stream_get = stream_get;
    api.memory_allocate = memory_allocate;
    api.memory_free = memory_free;
    emulated.api = &api;
  }
  return handler(&emulated);
}

}  // extern "C"
