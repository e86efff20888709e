// A fiber: a function with a stack of its own that stops where it likes and goes on from there.
#pragma once

#include <cstddef>

namespace fl::emulator {

class Fiber {
 public:
  using Body = void (*)(void* argument);

  Fiber(Body body, void* argument);  // body never returns
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void resume();   // called outside: runs the fiber until it suspends itself
  void suspend();  // called within

 private:
  static void begin();

  Body body_;
  void* argument_;
  char* memory_;  // a page that must not be touched, and the stack above it

  // Where fiber and caller are while the other one runs: their stack pointers, or contexts.
  void *inside_ = nullptr, *outside_ = nullptr;
  // What AddressSanitizer must know of a change of stacks.
  void *fake_inside_ = nullptr, *fake_outside_ = nullptr;
  const void* caller_bottom_ = nullptr;
  std::size_t caller_size_ = 0;
};

}  // namespace fl::emulator
