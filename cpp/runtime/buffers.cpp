#include "runtime/buffers.hpp"

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>

#include "fusedloss/fusedloss.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace fl {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t(2) << 20;

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

struct Scratch {
  void* memory = nullptr;
  std::size_t bytes = 0;
  ~Scratch() { std::free(memory); }
};

// Faulting in the pages of a fresh 64 MB gradient takes three times as long as computing it, so
// blocks are kept when they are freed. A block is handed out again for requests of at least half
// its size; what is kept is bounded by the most that was ever in use at once.
class Reserve {
 public:
  void* allocate(std::size_t bytes) {
    const std::size_t size = round_up(bytes, bytes < kHugePage ? kAlignment : kHugePage);
    std::lock_guard lock(mutex_);
    auto kept = kept_.lower_bound(size);
    std::pair<std::size_t, void*> block{size, nullptr};
    if (kept != kept_.end() && kept->first <= 2 * size) {
      block = *kept;
      kept_.erase(kept);
      kept_bytes_ -= block.first;
    } else {
      block.second = std::aligned_alloc(size < kHugePage ? kAlignment : kHugePage, size);
      if (!block.second) return nullptr;
#if defined(__linux__)
      if (size >= kHugePage) madvise(block.second, size, MADV_HUGEPAGE);
#endif
    }
    used_.emplace(block.second, block.first);
    used_bytes_ += block.first;
    if (used_bytes_ > most_used_bytes_) most_used_bytes_ = used_bytes_;
    return block.second;
  }

  void release(void* memory) {
    std::lock_guard lock(mutex_);
    const auto used = used_.find(memory);
    if (used == used_.end()) return;
    kept_.emplace(used->second, memory);
    kept_bytes_ += used->second;
    used_bytes_ -= used->second;
    used_.erase(used);
    while (kept_bytes_ > most_used_bytes_) drop(kept_.begin());
  }

  void give_back() {
    std::lock_guard lock(mutex_);
    while (!kept_.empty()) drop(kept_.begin());
    most_used_bytes_ = used_bytes_;
  }

  std::size_t kept_bytes() {
    std::lock_guard lock(mutex_);
    return kept_bytes_;
  }

 private:
  void drop(std::multimap<std::size_t, void*>::iterator block) {
    std::free(block->second);
    kept_bytes_ -= block->first;
    kept_.erase(block);
  }

  std::mutex mutex_;
  std::multimap<std::size_t, void*> kept_;
  std::map<void*, std::size_t> used_;
  std::size_t kept_bytes_ = 0, used_bytes_ = 0, most_used_bytes_ = 0;
};

Reserve& reserve() {
  static Reserve* const the_reserve = new Reserve;  // outlives every array that points into it
  return *the_reserve;
}

}  // namespace

void* thread_scratch(std::size_t bytes) {
  thread_local Scratch scratch;
  if (scratch.bytes < bytes) {
    std::free(scratch.memory);
    scratch.bytes = round_up(bytes, kAlignment);
    scratch.memory = std::aligned_alloc(kAlignment, scratch.bytes);
    if (!scratch.memory) scratch.bytes = 0;
  }
  return scratch.memory;
}

}  // namespace fl

extern "C" {

void* fl_allocate(size_t bytes) {
  try {
    return fl::reserve().allocate(bytes ? bytes : 1);
  } catch (...) {
    return nullptr;
  }
}
void fl_free(void* memory) { fl::reserve().release(memory); }
void fl_release_memory(void) { fl::reserve().give_back(); }
size_t fl_reserved_bytes(void) { return fl::reserve().kept_bytes(); }

}  // extern "C"
