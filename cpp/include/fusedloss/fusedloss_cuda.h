/* fusedloss_cuda.h: the calls of fusedloss.h on tensors in the memory of a GPU.
 *
 * A call is described as for fl_compute; all its tensors lie in the memory of one device.
 * Everything is put on the caller's stream, in order with what is there already: nothing waits,
 * nothing is allocated, and nothing about a tensor's values is read by the host. So a call can be
 * captured into a CUDA graph. The first use of a kernel loads it into the device, which takes long
 * wherever it happens; fl_cuda_preload does it beforehand.
 *
 * Values and gradients are those of fl_compute with two differences. Sums are added up in another
 * order, one that depends on nothing but the device and the shapes: the same call has the same bits
 * each time. And a label outside [0, classes) cannot be reported; it makes the loss and the
 * gradient of its row NaN.
 */
#ifndef FUSEDLOSS_FUSEDLOSS_CUDA_H_
#define FUSEDLOSS_FUSEDLOSS_CUDA_H_

#include "fusedloss/fusedloss.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where and how a call runs. */
typedef struct fl_cuda_launch {
  size_t struct_size; /* sizeof(fl_cuda_launch) */
  int32_t device;
  void* stream;           /* cudaStream_t of that device; NULL: its legacy default stream */
  void* workspace;        /* device memory, aligned to 64; in use until the call has run */
  size_t workspace_bytes; /* at least fl_cuda_workspace_bytes */
  fl_tensor scale;        /* receives fl_result.scale: a number in device memory, float64 or
                           * float32; data == NULL: not wanted */
  fl_tensor upstream;     /* a number in device memory, of any floating dtype, that multiplies the
                           * gradients beside call->upstream; data == NULL: 1 */
} fl_cuda_launch;

/* FL_INTERFACE_VERSION of the header that the library was compiled with. */
FL_API int32_t fl_cuda_interface_version(void);

/* 0 where there is no GPU or no driver: status says which. */
FL_API int32_t fl_cuda_device_count(fl_status* status);

/* Checks the call, and says how much memory it needs beside its tensors. */
FL_API int32_t fl_cuda_workspace_bytes(const fl_call* call, int32_t device, size_t* bytes,
                                       fl_status* status);

/* Value and gradient in one pass over y_pred. parallel_for and pool of the call are not used. */
FL_API int32_t fl_cuda_compute(const fl_call* call, const fl_cuda_launch* launch,
                               fl_status* status);

/* output = input * upstream * factor, computed in float32 (float64 for float64) and rounded once.
 * upstream is one number in device memory, of any floating dtype; factor one in device memory, NULL
 * for 1. Where output is input and the product is 1, nothing is read. Needs no workspace. */
FL_API int32_t fl_cuda_scale(const fl_tensor* input, const fl_tensor* upstream,
                             const double* factor, const fl_tensor* output,
                             const fl_cuda_launch* launch, fl_status* status);

/* The device of a stream. */
FL_API int32_t fl_cuda_stream_device(void* stream, int32_t* device, fl_status* status);

/* Which capture into a graph a stream is part of; 0: none. No two captures have the same number. */
FL_API int32_t fl_cuda_capture_id(void* stream, uint64_t* id, fl_status* status);

/* Loads every kernel into a device. */
FL_API int32_t fl_cuda_preload(int32_t device, fl_status* status);

#ifdef __cplusplus
}
#endif
#endif /* FUSEDLOSS_FUSEDLOSS_CUDA_H_ */
