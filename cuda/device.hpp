// What kernels ask of a GPU, and nothing else of CUDA: with these primitives they run on the
// emulator as well.
//
// Every thread of a block reaches every barrier, every lane of a group every shuffle among them.
// Blocks are whole warps.
#pragma once

#include "cuda/plan.hpp"
#include "simd/vec.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

struct alignas(kPack) Pack {  // what a thread moves at a time
  uint32_t words[kPack / 4];
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl

#if defined(FL_EMULATED)
#include "cuda/emulator/device.hpp"
#else

#include <cuda_runtime.h>

#define FL_DEVICE __device__ __forceinline__
#define FL_KERNEL(max_threads, min_blocks) \
  __global__ void __launch_bounds__(max_threads, min_blocks)
// Before a struct that a kernel takes by value and indexes: each thread would make a copy.
#define FL_GRID_CONSTANT __grid_constant__

namespace fl {
inline namespace FL_ISA {
namespace {

FL_DEVICE int thread_index() { return int(threadIdx.x); }
FL_DEVICE int block_size() { return int(blockDim.x); }
FL_DEVICE int block_index() { return int(blockIdx.x); }
FL_DEVICE int block_count() { return int(gridDim.x); }
FL_DEVICE unsigned char* shared_memory() {
  extern __shared__ __align__(128) unsigned char fusedloss_shared_memory[];
  return fusedloss_shared_memory;
}
FL_DEVICE void block_sync() { __syncthreads(); }

// The lanes of the aligned group of `lanes`, a power of two, that this thread is in.
FL_DEVICE unsigned lanes_of_group(int lanes) {
  const unsigned first = 0xFFFFFFFFu >> (kWarp - lanes);
  return first << (threadIdx.x & unsigned(kWarp - lanes));
}
FL_DEVICE void group_sync(int lanes) { __syncwarp(lanes_of_group(lanes)); }
// What the lane at (own ^ distance) of the group has.
template <class T>
FL_DEVICE T shuffle_xor(T value, int distance, int lanes = kWarp) {
  return __shfl_xor_sync(lanes_of_group(lanes), value, distance);
}
template <class T>
FL_DEVICE Vec<T, 1> shuffle_xor(Vec<T, 1> value, int distance, int lanes = kWarp) {
  return Vec<T, 1>::of(shuffle_xor(value.raw, distance, lanes));
}

// Blocks of a cluster. Before the first store to a peer they meet once: it may not have begun; and
// once after the last: it may have ended.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
FL_DEVICE int cluster_size() {
  int size;
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
  return size;
}
FL_DEVICE int cluster_rank() {
  int rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}
FL_DEVICE void cluster_arrive() {
  asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
}
// Says no more than that this block has begun: nothing was stored that a peer will read.
FL_DEVICE void cluster_arrive_first() { asm volatile("barrier.cluster.arrive.relaxed.aligned;"); }
FL_DEVICE void cluster_wait() {
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}
// Stores to the place in the shared memory of block `rank` that `local` is in this one's.
FL_DEVICE unsigned address_in_peer(const void* local, int rank) {
  unsigned address;
  asm("mapa.shared::cluster.u32 %0, %1, %2;"
      : "=r"(address)
      : "r"(unsigned(__cvta_generic_to_shared(local))), "r"(rank));
  return address;
}
FL_DEVICE void store_to_peer(float* local, int rank, float value) {
  asm volatile("st.shared::cluster.f32 [%0], %1;" ::"r"(address_in_peer(local, rank)), "f"(value)
               : "memory");
}
FL_DEVICE void store_to_peer(double* local, int rank, double value) {
  asm volatile("st.shared::cluster.f64 [%0], %1;" ::"r"(address_in_peer(local, rank)), "d"(value)
               : "memory");
}
FL_DEVICE void store_to_peer(int32_t* local, int rank, int32_t value) {
  store_to_peer((float*)local, rank, __int_as_float(value));
}
FL_DEVICE void store_to_peer(int64_t* local, int rank, int64_t value) {
  store_to_peer((double*)local, rank, __longlong_as_double(value));
}
template <class T>
FL_DEVICE void store_to_peer(Vec<T, 1>* local, int rank, Vec<T, 1> value) {
  store_to_peer(&local->raw, rank, value.raw);
}
#else  // no clusters: each block is alone
FL_DEVICE int cluster_size() { return 1; }
FL_DEVICE int cluster_rank() { return 0; }
FL_DEVICE void cluster_arrive() {}
FL_DEVICE void cluster_arrive_first() {}
FL_DEVICE void cluster_wait() { __syncthreads(); }
template <class T>
FL_DEVICE void store_to_peer(T* local, int, T value) {
  *local = value;
}
#endif

// Streamed: passes by the caches as far as it can, for what is not used again. Of memory that this
// kernel also writes to only the plain load is ordered after the store.
FL_DEVICE Pack pack_of(uint4 words) { return {{words.x, words.y, words.z, words.w}}; }
FL_DEVICE uint4 words_of(Pack p) { return {p.words[0], p.words[1], p.words[2], p.words[3]}; }
FL_DEVICE Pack load(const Pack* p) { return pack_of(*(const uint4*)p); }
FL_DEVICE Pack load_streamed(const Pack* p) { return pack_of(__ldcs((const uint4*)p)); }
FL_DEVICE void store(Pack* p, Pack pack) { *(uint4*)p = words_of(pack); }
FL_DEVICE void store_streamed(Pack* p, Pack pack) { __stcs((uint4*)p, words_of(pack)); }

// A kernel launched as `programmatic` may begin before the one before it in the stream has ended.
// Every thread of it waits at some time, and reads the results of that one afterwards, past the
// first cache, whose lines may be older.
FL_DEVICE void wait_for_kernel_before() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
FL_DEVICE void let_next_kernel_begin() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
template <class T>
FL_DEVICE T read_after_wait(const T* p) {
  return __ldcg(p);
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
#endif

namespace fl {
inline namespace FL_ISA {
namespace {

FL_DEVICE int lane_index() { return thread_index() % kWarp; }
FL_DEVICE int warp_index() { return thread_index() / kWarp; }

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
