// The primitives of cuda/device.hpp on the emulator. device.hpp includes it, nobody else.
#pragma once

#include "cuda/emulator/machine.hpp"

#define FL_DEVICE inline __attribute__((always_inline))
#define FL_KERNEL(max_threads, min_blocks) [[maybe_unused]] void
#define FL_GRID_CONSTANT

namespace fl {
inline namespace FL_ISA {
namespace {

// Where a primitive is called, as a default argument of it.
#define FL_SITE ::fl::emulator::Site site = {__builtin_FILE(), __builtin_LINE()}

FL_DEVICE int thread_index() { return emulator::machine.thread->index; }
FL_DEVICE int block_size() { return emulator::machine.geometry.threads; }
FL_DEVICE int block_index() { return int(emulator::machine.thread->block->index); }
FL_DEVICE int block_count() { return int(emulator::machine.geometry.grid); }
FL_DEVICE unsigned char* shared_memory() { return emulator::machine.thread->block->shared; }
FL_DEVICE void block_sync(FL_SITE) { emulator::machine.block_sync(site); }

FL_DEVICE void group_sync(int lanes, FL_SITE) { emulator::machine.exchange(0, 0, lanes, site); }
template <class T>
FL_DEVICE T shuffle_xor(T value, int distance, int lanes = kWarp, FL_SITE) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = emulator::machine.exchange(bits, distance, lanes, site);
  memcpy(&value, &bits, sizeof value);
  return value;
}

FL_DEVICE int cluster_size() { return emulator::machine.geometry.cluster; }
FL_DEVICE int cluster_rank() { return emulator::machine.thread->block->rank; }
FL_DEVICE void cluster_arrive(FL_SITE) { emulator::machine.cluster_arrive(site); }
FL_DEVICE void cluster_arrive_first(FL_SITE) { emulator::machine.cluster_arrive(site); }
FL_DEVICE void cluster_wait(FL_SITE) { emulator::machine.cluster_wait(site); }
template <class T>
FL_DEVICE void store_to_peer(T* local, int rank, T value, FL_SITE) {
  memcpy(emulator::machine.in_peer(local, rank, sizeof(T), site), &value, sizeof value);
}

FL_DEVICE Pack load(const Pack* p, FL_SITE) {
  emulator::machine.check_aligned(p, site);
  return *p;
}
FL_DEVICE Pack load_streamed(const Pack* p, FL_SITE) { return load(p, site); }
FL_DEVICE void store(Pack* p, Pack pack, FL_SITE) {
  emulator::machine.check_aligned(p, site);
  *p = pack;
}
FL_DEVICE void store_streamed(Pack* p, Pack pack, FL_SITE) { store(p, pack, site); }

FL_DEVICE void wait_for_kernel_before() { emulator::machine.thread->has_waited = true; }
FL_DEVICE void let_next_kernel_begin() {}
template <class T>
FL_DEVICE T read_after_wait(const T* p, FL_SITE) {
  emulator::machine.check_has_waited(site);
  return *p;
}

#undef FL_SITE

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
