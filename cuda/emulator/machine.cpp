#include "cuda/emulator/machine.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>

namespace fl::emulator {
namespace {

constexpr std::align_val_t kSharedAlignment{128};
constexpr unsigned char kUnwritten = 0xFF;  // fresh shared memory: NaN in every format

// Behind the shared memory of a block, to find what is stored there. AddressSanitizer finds it at
// once, and what is read as well.
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kGuardBytes = 0;
#else
constexpr size_t kGuardBytes = 1024;
#endif
constexpr unsigned char kGuard = 0xA5;

std::mutex one_at_a_time;
std::optional<Order> chosen_order;

Order order_of_environment() {
  const char* const text = std::getenv("FUSEDLOSS_EMULATED_ORDER");
  if (!text || !*text || std::strcmp(text, "forward") == 0) return {};
  if (std::strcmp(text, "reverse") == 0) return {Order::kReverse};
  return {Order::kRandom, std::strtoull(text, nullptr, 10)};
}

void arrange(std::vector<int64_t>& turns, Order order, std::mt19937_64& random) {
  std::iota(turns.begin(), turns.end(), int64_t(0));
  if (order.kind == Order::kReverse) std::reverse(turns.begin(), turns.end());
  if (order.kind == Order::kRandom) std::shuffle(turns.begin(), turns.end(), random);
}

// The lanes of the aligned group of `lanes` that has this one.
uint32_t group_of(int lane, int lanes) {
  const uint32_t first = lanes == 32 ? 0xFFFFFFFF : (uint32_t(1) << lanes) - 1;
  return first << (lane & ~(lanes - 1));
}

}  // namespace

Machine machine;

void set_order(Order order) { chosen_order = order; }

void run(const Geometry& geometry, void (*kernel)(void*), void* arguments) {
  const std::lock_guard lock(one_at_a_time);
  machine.run(geometry, kernel, arguments);
}

Thread::Thread() : fiber([](void* self) { machine.live(*static_cast<Thread*>(self)); }, this) {}

// A thread outlives its block and becomes one of the next.
void Machine::live(Thread& self) {
  for (;;) {
    kernel_(arguments_);
    if (geometry.programmatic && !self.has_waited)
      fail({}, "a kernel that may begin early ends without waiting for the kernel before");
    --self.block->running;
    suspend(Thread::kLeft, {});
  }
}

void Machine::suspend(Thread::State state, Site site) {
  Thread& self = *thread;
  self.state = state;
  self.site = site;
  self.fiber.suspend();
}

void Machine::run(const Geometry& launched, void (*kernel)(void*), void* arguments) {
  geometry = launched;
  thread = nullptr;
  check_geometry();
  kernel_ = kernel;
  arguments_ = arguments;
  order_ = chosen_order ? *chosen_order : order_of_environment();
  random_.seed(order_.seed);
  count_ = geometry.threads * geometry.cluster;
  if (made_ < count_) {
    threads_ = std::make_unique<Thread[]>(size_t(count_));
    made_ = count_;
  }
  std::vector<int64_t> clusters(geometry.grid / geometry.cluster);
  arrange(clusters, order_, random_);
  for (const int64_t cluster : clusters) run_cluster(cluster);
}

// The limits of the largest GPUs.
void Machine::check_geometry() const {
  constexpr int kThreads = 1024, kShared = 227 * 1024, kCluster = 16;
  const Geometry& g = geometry;
  const bool possible = g.grid > 0 && g.grid <= INT32_MAX && g.threads > 0 &&
                        g.threads <= kThreads && g.threads % kWarp == 0 && g.shared >= 0 &&
                        g.shared <= kShared && g.cluster > 0 && g.cluster <= kCluster &&
                        g.grid % g.cluster == 0;
  if (!possible)
    fail({}, "no launch of %lld blocks of %d threads and %d bytes in clusters of %d",
         static_cast<long long>(g.grid), g.threads, g.shared, g.cluster);
}

void Machine::start(int64_t cluster) {
  blocks_.assign(size_t(geometry.cluster), {});
  warps_.assign(size_t(count_ / kWarp), {});
  cluster_barrier_ = {};
  for (int rank = 0; rank < geometry.cluster; ++rank) {
    Block& block = blocks_[size_t(rank)];
    block.index = cluster * geometry.cluster + rank;
    block.rank = rank;
    block.running = geometry.threads;
    const size_t bytes = size_t(geometry.shared);
    block.shared =
        static_cast<unsigned char*>(::operator new(bytes + kGuardBytes, kSharedAlignment));
    std::memset(block.shared, kUnwritten, bytes);
    std::memset(block.shared + bytes, kGuard, kGuardBytes);
  }
  for (int i = 0; i < count_; ++i) {
    Thread& t = threads_[i];
    t.number = i;
    t.index = i % geometry.threads;
    t.block = &blocks_[size_t(i / geometry.threads)];
    t.state = Thread::kRunning;
    t.has_arrived = false;
    t.has_waited = false;
  }
}

void Machine::run_cluster(int64_t cluster) {
  start(cluster);
  std::vector<int64_t> turns(count_);
  arrange(turns, order_, random_);
  for (int left = 0; left < count_;) {
    bool ran = false;
    left = 0;
    for (const int64_t i : turns) {
      Thread& t = threads_[i];
      if (t.state == Thread::kRunning) {
        ran = true;
        thread = &t;
        t.fiber.resume();
      }
      left += t.state == Thread::kLeft;
    }
    if (!ran) report_deadlock();
    if (order_.kind == Order::kRandom) std::shuffle(turns.begin(), turns.end(), random_);
  }
  for (const Block& block : blocks_) {
    const unsigned char* const guard = block.shared + geometry.shared;
    if (std::any_of(guard, guard + kGuardBytes, [](unsigned char c) { return c != kGuard; }))
      fail({}, "a store past the end of shared memory, which has %d bytes", geometry.shared);
    ::operator delete(block.shared, kSharedAlignment);
  }
}

void Machine::block_sync(Site site) {
  Block& block = *thread->block;
  Barrier& barrier = block.barrier;
  if (barrier.arrived && !(barrier.site == site))
    fail(site, "threads of a block meet at different barriers, here and in %s:%d",
         barrier.site.file, barrier.site.line);
  barrier.site = site;
  if (++barrier.arrived == geometry.threads) {
    barrier.arrived = 0;
    for (int i = 0; i < geometry.threads; ++i)
      threads_[block.rank * geometry.threads + i].state = Thread::kRunning;
    thread->fiber.suspend();  // runs again when it is its turn
    return;
  }
  suspend(Thread::kAtBlockBarrier, site);
}

void Machine::cluster_arrive(Site site) {
  Barrier& barrier = cluster_barrier_;
  if (thread->has_arrived)
    fail(site, "a thread arrives at the barrier of its cluster again before it has waited there");
  if (barrier.arrived && !(barrier.site == site))
    fail(site, "threads of a cluster meet at different barriers, here and in %s:%d",
         barrier.site.file, barrier.site.line);
  barrier.site = site;
  thread->has_arrived = true;
  thread->cluster_turn = barrier.passed;
  if (++barrier.arrived < count_) return;
  barrier.arrived = 0;
  ++barrier.passed;
  for (int i = 0; i < count_; ++i)
    if (threads_[i].state == Thread::kAtClusterBarrier) threads_[i].state = Thread::kRunning;
}

void Machine::cluster_wait(Site site) {
  if (!thread->has_arrived)
    fail(site, "a thread waits at the barrier of its cluster where it has not arrived");
  thread->has_arrived = false;
  if (thread->cluster_turn == cluster_barrier_.passed) suspend(Thread::kAtClusterBarrier, site);
}

uint64_t Machine::exchange(uint64_t sent, int distance, int lanes, Site site) {
  Thread& self = *thread;
  const int lane = self.index % kWarp, first = self.number - lane;
  if (lanes < 1 || lanes > kWarp || (lanes & (lanes - 1)) || distance < 0 || distance >= lanes)
    fail(site, "no shuffle among %d lanes at a distance of %d", lanes, distance);
  Warp& warp = warps_[size_t(self.number / kWarp)];
  const auto lane_of = [&](int of_warp) -> Thread& { return threads_[first + of_warp]; };

  // A lane of this group that waits for this one, or for which this one will wait, must be at the
  // same shuffle. Groups without a common lane have nothing to do with each other.
  for (int size = 0; size < Warp::kSizes; ++size) {
    const uint32_t met = warp.waiting[size] & group_of(lane, std::min(lanes, 1 << size));
    if (!met) continue;
    const Thread& other = lane_of(__builtin_ctz(met));
    if (other.lanes != lanes || other.distance != distance || !(other.site == site))
      fail(site, "lanes of a warp meet at different shuffles, here and in %s:%d", other.site.file,
           other.site.line);
  }

  self.sent = sent;
  self.lanes = lanes;
  self.distance = distance;
  uint32_t& waiting = warp.waiting[__builtin_ctz(unsigned(lanes))];
  waiting |= uint32_t(1) << lane;
  const uint32_t group = group_of(lane, lanes);
  if ((waiting & group) == group) {
    waiting &= ~group;
    for (int i = lane & ~(lanes - 1), end = i + lanes; i < end; ++i) {
      lane_of(i).received = lane_of(i ^ distance).sent;
      lane_of(i).state = Thread::kRunning;
    }
    self.fiber.suspend();  // runs again when it is its turn
  } else {
    suspend(Thread::kAtShuffle, site);
  }
  return self.received;
}

unsigned char* Machine::in_peer(const void* local, int rank, int bytes, Site site) {
  if (rank < 0 || rank >= geometry.cluster) fail(site, "there is no block %d in the cluster", rank);
  const Block& peer = blocks_[size_t(rank)];
  const auto offset = static_cast<const unsigned char*>(local) - thread->block->shared;
  if (offset < 0 || offset + bytes > geometry.shared)
    fail(site, "an access outside of a peer's shared memory, at %lld of %d bytes",
         static_cast<long long>(offset), geometry.shared);
  if (&peer != thread->block && cluster_barrier_.passed == 0)
    fail(site, "an access to a peer that may not have begun: no barrier of the cluster before it");
  if (peer.running == 0) fail(site, "an access to a peer that has left the kernel");
  return peer.shared + offset;
}

void Machine::check_has_waited(Site site) const {
  if (geometry.programmatic && !thread->has_waited)
    fail(site, "a result of the kernel before is read without waiting for it");
}

void Machine::check_aligned(const void* pack, Site site) const {
  if (reinterpret_cast<uintptr_t>(pack) % kPack != 0)
    fail(site, "a pack at %p, which is no multiple of %d", pack, kPack);
}

void Machine::fail(Site site, const char* format, ...) const {
  std::fflush(stdout);
  std::fputs("fusedloss emulator: ", stderr);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  if (thread)
    std::fprintf(stderr, " (block %lld, thread %d)", static_cast<long long>(thread->block->index),
                 thread->index);
  if (site.file) std::fprintf(stderr, "\n  %s:%d", site.file, site.line);
  std::fputc('\n', stderr);
  std::abort();
}

void Machine::report_deadlock() {
  constexpr const char* kStates[] = {"runs", "waits for its block", "waits for its cluster",
                                     "waits for its warp", "has left the kernel"};
  thread = nullptr;
  std::fputs("fusedloss emulator: no thread can go on\n", stderr);
  for (int begin = 0, end; begin < count_; begin = end) {  // a line for neighbours in one place
    const Thread& t = threads_[begin];
    const auto alike = [&](const Thread& other) {
      return other.block == t.block && other.state == t.state && other.site == t.site;
    };
    for (end = begin + 1; end < count_ && alike(threads_[end]); ++end) {
    }
    std::fprintf(stderr, "  block %lld, threads %d to %d: %s",
                 static_cast<long long>(t.block->index), t.index, t.index + end - begin - 1,
                 kStates[t.state]);
    if (t.site.file) std::fprintf(stderr, " in %s:%d", t.site.file, t.site.line);
    std::fputc('\n', stderr);
  }
  fail({}, "a barrier or a shuffle that not all threads reach");
}

}  // namespace fl::emulator
