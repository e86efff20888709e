// Memory of the caller, handed out in pieces; without it, counted how much that is.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fl {

class Workspace {
 public:
  // The pieces of no memory have addresses all the same, which nobody may use.
  Workspace() : begin_(kAlignment) {}
  explicit Workspace(void* memory) : begin_(reinterpret_cast<uintptr_t>(memory)) {}

  // For so many numbers of type T; nullptr for none.
  template <class T>
  T* take(int64_t count) {
    if (count <= 0) return nullptr;
    const uintptr_t piece = begin_ + used_;
    used_ += (size_t(count) * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return reinterpret_cast<T*>(piece);
  }

  size_t used() const { return used_; }

 private:
  static constexpr size_t kAlignment = 64;
  uintptr_t begin_;
  size_t used_ = 0;
};

}  // namespace fl
