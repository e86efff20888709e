// A GPU on the CPU: runs kernels written with the primitives of cuda/device.hpp.
//
// Every thread of a block (of all blocks of a cluster) is a fiber that runs until it waits for
// others. What hardware leaves undefined ends the program with a message: barriers that not all
// threads reach or that they reach in different places, lanes of a warp that meet at different
// shuffles, results of the kernel before read without waiting for it, packs at odd addresses. A
// missing barrier gives results that depend on the order of the threads, which can be chosen.
// AddressSanitizer sees accesses outside of shared memory, which is allocated for each block.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "cuda/emulator/fiber.hpp"
#include "cuda/plan.hpp"

namespace fl::emulator {

// The order in which threads run between two barriers, and blocks (clusters) one after another.
// Until it is set, FUSEDLOSS_EMULATED_ORDER decides at each launch: "forward" (also where it is not
// set), "reverse", or a number, the seed of a new random order at each turn.
struct Order {
  enum Kind { kForward, kReverse, kRandom } kind = kForward;
  uint64_t seed = 0;
};
void set_order(Order order);

struct Site {  // in the source of a kernel
  const char* file = nullptr;
  int line = 0;

  bool operator==(const Site& other) const {
    return line == other.line &&
           (file == other.file || (file && other.file && !std::strcmp(file, other.file)));
  }
};

// Something that all threads of a block or a cluster have to reach.
struct Barrier {
  int arrived = 0;
  int64_t passed = 0;  // how often all have been there
  Site site;           // where they arrive this time
};

struct Block {
  int64_t index = 0;
  int rank = 0;                     // within its cluster
  unsigned char* shared = nullptr;  // its shared memory
  int running = 0;                  // threads that have not left the kernel
  Barrier barrier;
};

struct Thread {
  enum State { kRunning, kAtBlockBarrier, kAtClusterBarrier, kAtShuffle, kLeft };

  Thread();

  int number = 0, index = 0;  // within the cluster, within the block
  Block* block = nullptr;
  State state = kLeft;
  Site site;                    // where it waits
  bool has_waited = false;      // for the kernel before
  bool has_arrived = false;     // at the cluster's barrier, and not waited there yet
  int64_t cluster_turn = 0;     // how often that one had been passed then
  int lanes = 0, distance = 0;  // of the shuffle it waits at
  uint64_t sent = 0, received = 0;
  Fiber fiber;
};

struct Warp {
  static constexpr int kSizes = 6;  // groups of 1, 2, 4, ... 32 lanes
  uint32_t waiting[kSizes] = {};    // lanes at a shuffle among so many
};

class Machine {
 public:
  // What runs, seen from a kernel.
  Thread* thread = nullptr;
  Geometry geometry;

  void run(const Geometry& geometry, void (*kernel)(void*), void* arguments);

  void block_sync(Site site);
  void cluster_arrive(Site site);
  void cluster_wait(Site site);
  // What lane (own ^ distance) of an aligned group of lanes sends; distance 0 is a barrier.
  uint64_t exchange(uint64_t sent, int distance, int lanes, Site site);
  unsigned char* in_peer(const void* local, int rank, int bytes, Site site);
  void check_has_waited(Site site) const;
  void check_aligned(const void* pack, Site site) const;

 private:
  [[noreturn]] void fail(Site site, const char* format, ...) const
      __attribute__((format(printf, 3, 4)));
  [[noreturn]] void report_deadlock();
  void live(Thread& self);
  void suspend(Thread::State state, Site site);
  void check_geometry() const;
  void run_cluster(int64_t cluster);
  void start(int64_t cluster);
  friend struct Thread;

  void (*kernel_)(void*) = nullptr;
  void* arguments_ = nullptr;
  std::unique_ptr<Thread[]> threads_;  // of all blocks of a cluster, or of a larger one before
  int made_ = 0;                       // of them
  std::vector<Block> blocks_;
  std::vector<Warp> warps_;
  Barrier cluster_barrier_;
  int count_ = 0;  // threads of the cluster
  Order order_;
  std::mt19937_64 random_;
};

extern Machine machine;

// Runs all blocks before it returns; one kernel at a time, whatever thread of the host launches.
void run(const Geometry& geometry, void (*kernel)(void*), void* arguments);

}  // namespace fl::emulator
