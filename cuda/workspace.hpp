// Memory of the caller, handed out in pieces; without it, counted how much that is.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fl {

class Workspace {
 public:
  explicit Workspace(void* memory = nullptr) : memory_(static_cast<char*>(memory)) {}

  // For so many numbers of type T; nullptr for none.
  template <class T>
  T* take(int64_t count) {
    if (count <= 0) return nullptr;
    char* const piece = memory_ + used_;
    used_ += (size_t(count) * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return reinterpret_cast<T*>(piece);
  }

  size_t used() const { return used_; }

 private:
  static constexpr size_t kAlignment = 64;
  char* memory_;
  size_t used_ = 0;
};

}  // namespace fl
