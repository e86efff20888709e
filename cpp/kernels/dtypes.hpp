// Single numbers of any dtype in memory.
#pragma once

#include "kernels/kernel.hpp"
#include "simd/formats.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// Calls f with a null pointer of the C++ type of a dtype that outputs may have.
template <class F>
FL_INLINE void with_floating_dtype(int32_t dtype, F f) {
  switch (dtype) {
    case FL_FLOAT64:
      return f((double*)nullptr);
    case FL_FLOAT16:
      return f((Half*)nullptr);
    case FL_BFLOAT16:
      return f((BFloat16*)nullptr);
    default:
      return f((float*)nullptr);
  }
}

// The same of any dtype.
template <class F>
FL_INLINE void with_dtype(int32_t dtype, F f) {
  switch (dtype) {
    case FL_FLOAT32:
      return f((float*)nullptr);
    case FL_FLOAT64:
      return f((double*)nullptr);
    case FL_FLOAT16:
      return f((Half*)nullptr);
    case FL_BFLOAT16:
      return f((BFloat16*)nullptr);
    case FL_INT8:
      return f((int8_t*)nullptr);
    case FL_INT16:
      return f((int16_t*)nullptr);
    case FL_INT32:
      return f((int32_t*)nullptr);
    case FL_INT64:
      return f((int64_t*)nullptr);
    default:
      return f((uint8_t*)nullptr);  // FL_UINT8, FL_BOOL
  }
}

// Numbers in memory. On a CPU they need not be aligned. On a GPU they have to be: nvcc makes memcpy
// a load for each byte.
template <class S>
FL_INLINE S read(const char* data, int64_t index) {
#if defined(__CUDACC__)
  return ((const S*)data)[index];
#else
  S x;
  memcpy(&x, data + index * int64_t(sizeof(S)), sizeof x);
  return x;
#endif
}
template <class S>
FL_INLINE void write(char* data, int64_t index, S x) {
#if defined(__CUDACC__)
  ((S*)data)[index] = x;
#else
  memcpy(data + index * int64_t(sizeof(S)), &x, sizeof x);
#endif
}

// The dtype of T, as computed with.
template <class T>
constexpr int32_t kDtype = sizeof(T) == 4 ? FL_FLOAT32 : FL_FLOAT64;

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
