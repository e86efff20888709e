#include "cuda/emulator/fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

// Stacks are changed by hand where it has been written: the C library's swapcontext asks the kernel
// for the signal mask each time, which takes ten times as long.
#if !defined(FL_EMULATED_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define FL_EMULATED_UCONTEXT 1
#endif
#if defined(FL_EMULATED_UCONTEXT)
#include <ucontext.h>
#endif

// fusedloss_change_stack(void** save, void* load): puts what a call preserves on the stack, leaves
// the stack pointer in *save, and takes all of it from the stack `load`. It jumps back: a return
// would go elsewhere than the processor expects, and take three times as long.
#if defined(FL_EMULATED_UCONTEXT)
#elif defined(__x86_64__)
asm(R"(
  .text
  .globl fusedloss_change_stack
  .hidden fusedloss_change_stack
  .type fusedloss_change_stack, @function
fusedloss_change_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmpq *%rcx
  .size fusedloss_change_stack, . - fusedloss_change_stack
)");
#elif defined(__aarch64__)
asm(R"(
  .text
  .globl fusedloss_change_stack
  .hidden fusedloss_change_stack
  .type fusedloss_change_stack, %function
fusedloss_change_stack:
  sub sp, sp, 160
  stp x19, x20, [sp, 0]
  stp x21, x22, [sp, 16]
  stp x23, x24, [sp, 32]
  stp x25, x26, [sp, 48]
  stp x27, x28, [sp, 64]
  stp x29, x30, [sp, 80]
  stp d8, d9, [sp, 96]
  stp d10, d11, [sp, 112]
  stp d12, d13, [sp, 128]
  stp d14, d15, [sp, 144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, 0]
  ldp x21, x22, [sp, 16]
  ldp x23, x24, [sp, 32]
  ldp x25, x26, [sp, 48]
  ldp x27, x28, [sp, 64]
  ldp x29, x30, [sp, 80]
  ldp d8, d9, [sp, 96]
  ldp d10, d11, [sp, 112]
  ldp d12, d13, [sp, 128]
  ldp d14, d15, [sp, 144]
  add sp, sp, 160
  br x30
  .size fusedloss_change_stack, . - fusedloss_change_stack
)");
#endif
#if !defined(FL_EMULATED_UCONTEXT)
extern "C" void fusedloss_change_stack(void** save, void* load);
#endif

namespace fl::emulator {
namespace {

constexpr std::size_t kStack = 256 * 1024;

std::size_t page() { return std::size_t(sysconf(_SC_PAGESIZE)); }

Fiber* entering = nullptr;  // whose begin() is about to run

}  // namespace

Fiber::Fiber(Body body, void* argument) : body_(body), argument_(argument) {
  void* const memory = mmap(nullptr, page() + kStack, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, page(), PROT_NONE) != 0) {
    std::perror("fusedloss emulator: no memory for the stack of a thread");
    std::abort();
  }
  memory_ = static_cast<char*>(memory);
#if defined(FL_EMULATED_UCONTEXT)
  auto* const context = new ucontext_t;
  getcontext(context);
  context->uc_stack.ss_sp = memory_ + page();
  context->uc_stack.ss_size = kStack;
  context->uc_link = nullptr;
  makecontext(context, &Fiber::begin, 0);
  inside_ = context;
  outside_ = new ucontext_t;
#else
  // Not all at the same place within a page: they would compete for a few lines of the caches.
  static std::size_t made = 0;
  const std::size_t place = made++ % 16 * 256;
  auto** top = reinterpret_cast<void**>(memory_ + page() + kStack - place);
#if defined(__x86_64__)
  *--top = nullptr;  // keeps the stack aligned as after a call, and ends it for debuggers
  *--top = reinterpret_cast<void*>(&Fiber::begin);
  top -= 6;  // the registers taken from the stack: zeros
#else
  top -= 20;
  top[11] = reinterpret_cast<void*>(&Fiber::begin);  // x30
#endif
  inside_ = top;
#endif
}

Fiber::~Fiber() {
#if defined(FL_EMULATED_UCONTEXT)
  delete static_cast<ucontext_t*>(inside_);
  delete static_cast<ucontext_t*>(outside_);
#endif
#if defined(__SANITIZE_ADDRESS__)
  // The frames of the fiber, which never returned, must not taint what is mapped here next.
  __asan_unpoison_memory_region(memory_ + page(), kStack);
#endif
  munmap(memory_, page() + kStack);
}

void Fiber::resume() {
  entering = this;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fake_outside_, memory_ + page(), kStack);
#endif
#if defined(FL_EMULATED_UCONTEXT)
  swapcontext(static_cast<ucontext_t*>(outside_), static_cast<ucontext_t*>(inside_));
#else
  fusedloss_change_stack(&outside_, inside_);
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_outside_, nullptr, nullptr);
#endif
}

void Fiber::suspend() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fake_inside_, caller_bottom_, caller_size_);
#endif
#if defined(FL_EMULATED_UCONTEXT)
  swapcontext(static_cast<ucontext_t*>(inside_), static_cast<ucontext_t*>(outside_));
#else
  fusedloss_change_stack(&inside_, outside_);
#endif
#if defined(__SANITIZE_ADDRESS__)
  // The caller may be another host thread than last time.
  __sanitizer_finish_switch_fiber(fake_inside_, &caller_bottom_, &caller_size_);
#endif
}

void Fiber::begin() {
  Fiber* const self = entering;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &self->caller_bottom_, &self->caller_size_);
#endif
  self->body_(self->argument_);
  std::abort();
}

}  // namespace fl::emulator
