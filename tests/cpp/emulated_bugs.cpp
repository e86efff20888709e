// Kernels with a bug each, which the emulator has to find. A process for each bug: it must end with
// the message that names it, or, where the bug is a missing barrier, print results that depend on
// the order of the threads.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "cuda/launch.hpp"

namespace {

using namespace fl;
using emulator::Order;

constexpr int kThreads = 64;
constexpr int kBytes = kThreads * int(sizeof(float));

FL_KERNEL(kThreads, 1) store_past_shared_memory(float*) {
  ((float*)shared_memory())[thread_index() + 1] = 1;
}

FL_KERNEL(kThreads, 1) store_past_an_array(float* to) {
  to[block_index() * kThreads + thread_index() + 1] = 1;
}

FL_KERNEL(kThreads, 1) forget_a_barrier(float* to) {
  auto* const shared = (float*)shared_memory();
  shared[thread_index()] = float(thread_index());
  to[thread_index()] = shared[kThreads - 1 - thread_index()];
}

// The second value overwrites the first one before all have read it.
FL_KERNEL(kThreads, 1) forget_the_second_barrier(float* to) {
  auto* const shared = (float*)shared_memory();
  float sum = 0;
  for (int turn = 0; turn < 2; ++turn) {
    if (thread_index() == 0) *shared = float(turn + 1);
    block_sync();
    sum += *shared;
  }
  to[thread_index()] = sum;
}

FL_KERNEL(kThreads, 1) leave_before_a_barrier(float* to) {
  if (thread_index() >= kWarp) return;
  block_sync();
  *to = 1;
}

FL_KERNEL(kThreads, 1) meet_at_two_barriers(float* to) {
  if (thread_index() < kWarp) {
    block_sync();
    to[0] = 1;
  } else {
    block_sync();
    to[1] = 1;
  }
}

FL_KERNEL(kThreads, 1) shuffle_in_a_branch(float* to) {
  float x = 1;
  if (lane_index() < 16) x = shuffle_xor(x, 1);
  to[thread_index()] = x;
}

FL_KERNEL(kThreads, 1) mix_shuffles(float* to) {
  to[thread_index()] = lane_index() < 16 ? shuffle_xor(1.f, 1) : shuffle_xor(2.f, 2);
}

FL_KERNEL(kThreads, 1) mix_distances(float* to) {
  to[thread_index()] = shuffle_xor(1.f, lane_index() < 16 ? 1 : 2);
}

// Groups of 16 lanes may do what they like, but not one of all lanes while others wait in theirs.
FL_KERNEL(kThreads, 1) mix_groups(float* to) {
  to[thread_index()] = shuffle_xor(1.f, 1, lane_index() % 2 ? 16 : 32);
}

FL_KERNEL(kThreads, 1) shuffle_beside_a_barrier(float* to) {
  if (lane_index() == 0)
    block_sync();
  else
    to[thread_index()] = shuffle_xor(1.f, 1);
}

FL_KERNEL(kThreads, 1) read_without_waiting(float* to) {
  to[thread_index()] = read_after_wait(to + thread_index());
  wait_for_kernel_before();
}

FL_KERNEL(kThreads, 1) never_wait(float* to) { to[thread_index()] = 1; }

FL_KERNEL(kThreads, 1) load_a_pack_askew(float* to) {
  to[4] = float(load((const Pack*)(to + 1)).words[0]);
}

FL_KERNEL(kThreads, 1) store_to_a_peer_at_once(float*) {
  store_to_peer((float*)shared_memory() + thread_index(), 1 - cluster_rank(), 1.f);
  cluster_arrive();
  cluster_wait();
}

FL_KERNEL(kThreads, 1) store_to_a_peer_that_left(float*) {
  cluster_arrive();
  cluster_wait();
  if (cluster_rank() == 1) return;
  block_sync();
  block_sync();
  store_to_peer((float*)shared_memory() + thread_index(), 1, 1.f);
}

FL_KERNEL(kThreads, 1) store_past_a_peer(float*) {
  cluster_arrive();
  cluster_wait();
  store_to_peer((float*)shared_memory() + kThreads, 1, 1.f);
  cluster_arrive();
  cluster_wait();
}

FL_KERNEL(kThreads, 1) wait_without_arriving(float*) { cluster_wait(); }

using Kernel = void (*)(float*);

struct Bug {
  const char* name;
  Kernel kernel;
  const char* message;  // nullptr: results that depend on the order of the threads
  Geometry geometry = {1, kThreads, kBytes};
  bool needs_sanitizer = false;
};

const Geometry kEarly{1, kThreads, kBytes, 1, true}, kPair{2, kThreads, kBytes, 2};

const Bug kBugs[] = {
#define BUG(name) #name, name
    {BUG(store_past_shared_memory), "past the end of shared memory|heap-buffer-overflow"},
    {BUG(store_past_an_array), "heap-buffer-overflow", {2, kThreads}, true},
    {BUG(forget_a_barrier), nullptr},
    {BUG(forget_the_second_barrier), nullptr},
    {BUG(leave_before_a_barrier), "no thread can go on"},
    {BUG(meet_at_two_barriers), "threads of a block meet at different barriers"},
    {BUG(shuffle_in_a_branch), "no thread can go on"},
    {BUG(mix_shuffles), "lanes of a warp meet at different shuffles"},
    {BUG(mix_distances), "lanes of a warp meet at different shuffles"},
    {BUG(mix_groups), "lanes of a warp meet at different shuffles"},
    {BUG(shuffle_beside_a_barrier), "no thread can go on"},
    {BUG(read_without_waiting), "read without waiting", kEarly},
    {BUG(never_wait), "ends without waiting", kEarly},
    {BUG(load_a_pack_askew), "no multiple of 16"},
    {BUG(store_to_a_peer_at_once), "a peer that may not have begun", kPair},
    {BUG(store_to_a_peer_that_left), "a peer that has left", kPair},
    {BUG(store_past_a_peer), "outside of a peer's shared memory", kPair},
    {BUG(wait_without_arriving), "where it has not arrived", kPair},
#undef BUG
};

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitizer = true;
#else
constexpr bool kSanitizer = false;
#endif

struct Ending {
  bool failed;
  std::string text;  // what was written to the standard error output
};

template <class Body>
Ending in_a_process(Body body) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  std::fflush(stdout);  // or the child prints it again
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    body();
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char part[4096];
  for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;) text.append(part, size_t(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return {!WIFEXITED(status) || WEXITSTATUS(status) != 0, text};
}

std::vector<float> results(const Bug& bug, Order order) {
  std::vector<float> to(size_t(bug.geometry.grid) * kThreads);
  emulator::set_order(order);
  launch(bug.kernel, bug.geometry, nullptr, to.data());
  return to;
}

bool contains_any(const std::string& text, std::string words) {
  for (size_t end; (end = words.find('|')) != std::string::npos; words.erase(0, end + 1))
    if (text.find(words.substr(0, end)) != std::string::npos) return true;
  return text.find(words) != std::string::npos;
}

bool found(const Bug& bug) {
  const Ending ending = in_a_process([&] {
    const auto forward = results(bug, {Order::kForward}), reverse = results(bug, {Order::kReverse});
    if (!bug.message && forward != reverse) std::fputs("depends on the order", stderr);
  });
  const bool expected = ending.failed == (bug.message != nullptr) &&
                        contains_any(ending.text, bug.message ? bug.message : "depends on");
  std::printf("%-28s %s\n", bug.name, expected ? "found" : "NOT FOUND");
  if (!expected) std::printf("%s\n", ending.text.c_str());
  return expected;
}

}  // namespace

int main() {
  int failed = 0;
  for (const Bug& bug : kBugs)
    if (kSanitizer || !bug.needs_sanitizer) failed += !found(bug);
  return failed ? 1 : 0;
}
