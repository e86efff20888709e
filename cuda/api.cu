// The C interface of the library for GPUs. The same file makes the one that emulates them.
#include "cuda/computation.hpp"
#include "cuda/scale.hpp"

namespace fl {
namespace {

void check_struct(const fl_cuda_launch& launch) {
  if (launch.struct_size != sizeof launch)
    fail(FL_INVALID_VALUE,
         "fl_cuda_launch has %zu bytes here, but %zu in the library: versions differ",
         launch.struct_size, sizeof launch);
}

// A device as launches are planned for it.
Device device_of(int32_t index) {
  Device device = device_properties(index);
  // The kernel and the blocks that take the most of a multiprocessor.
  device.largest_cluster = largest_cluster(index, device.largest_cluster, [](int blocks) {
    const Geometry geometry{blocks, kMostThreads, team_shared(kMostThreads, blocks), blocks};
    return crossentropy_bfloat.blocks[3].clusters_at_once(geometry) > 0;
  });
  return device;
}

void compute(const fl_call& call, const fl_cuda_launch& launch) {
  check_struct(launch);
  const CurrentDevice current(launch.device);
  Workspace workspace(launch.workspace);
  Computation computation(call, device_of(launch.device), launch.upstream, workspace);
  if (workspace.used() > launch.workspace_bytes)
    fail(FL_INVALID_VALUE, "workspace has %zu bytes, but %zu are needed", launch.workspace_bytes,
         workspace.used());
  computation.enqueue(launch.scale, launch.stream);
}

void scale(const fl_tensor& input, const fl_tensor& upstream, const double* factor,
           const fl_tensor& output, const fl_cuda_launch& launch) {
  check_struct(launch);
  const DeviceNumber number = number_of("upstream", upstream);
  const ScaleCall call = scale_call(input, 1, output);
  if (call.elements.count == 0) return;
  const CurrentDevice current(launch.device);
  const ScaleWork work = work_of(call, number, {factor, FL_FLOAT64});
  check(launch_scale(work, device_properties(launch.device).multiprocessors, launch.stream),
        "scale");
}

template <class Kernels>
void load_each(const Kernels& kernels) {
  for (const auto& kernel : kernels)
    if (kernel.load) check(kernel.load(), "loading kernels");
}

void preload(int32_t device) {
  const CurrentDevice current(device);
  load_each(pointwise_kernels_float.of_loss);
  load_each(pointwise_kernels_double.of_loss);
  load_each(row_kernels_float.of_loss);
  load_each(row_kernels_double.of_loss);
  for (const CrossentropyKernels* kernels :
       {&crossentropy_float, &crossentropy_half, &crossentropy_bfloat}) {
    const RowKernelOnHost others[] = {kernels->tiles, kernels->streams};
    load_each(others);
    load_each(kernels->warps);
    load_each(kernels->blocks);
  }
  for (const void* kernel :
       {(const void*)divisor_kernel, (const void*)scales_kernel, (const void*)add_up_kernel,
        (const void*)finish_kernel, (const void*)scale_kernel})
    check(load_kernel(kernel), "loading kernels");
}

}  // namespace
}  // namespace fl

extern "C" {

int32_t fl_cuda_interface_version(void) { return FL_INTERFACE_VERSION; }

int32_t fl_cuda_device_count(fl_status* status) {
  int32_t count = 0;
  fl::guarded(status, [&] { count = fl::device_count(); });
  return count;
}

int32_t fl_cuda_workspace_bytes(const fl_call* call, int32_t device, size_t* bytes,
                                fl_status* status) {
  return fl::guarded(status, [&] {
    fl::Workspace workspace;
    fl::Computation(*call, fl::device_of(device), {}, workspace);
    *bytes = workspace.used();
  });
}

int32_t fl_cuda_compute(const fl_call* call, const fl_cuda_launch* launch, fl_status* status) {
  return fl::guarded(status, [&] { fl::compute(*call, *launch); });
}

int32_t fl_cuda_scale(const fl_tensor* input, const fl_tensor* upstream, const double* factor,
                      const fl_tensor* output, const fl_cuda_launch* launch, fl_status* status) {
  return fl::guarded(status, [&] { fl::scale(*input, *upstream, factor, *output, *launch); });
}

int32_t fl_cuda_stream_device(void* stream, int32_t* device, fl_status* status) {
  return fl::guarded(status, [&] { *device = fl::device_of_stream(stream); });
}

int32_t fl_cuda_capture_id(void* stream, uint64_t* id, fl_status* status) {
  return fl::guarded(status, [&] { *id = fl::capture_id(stream); });
}

int32_t fl_cuda_preload(int32_t device, fl_status* status) {
  return fl::guarded(status, [&] { fl::preload(device); });
}

}  // extern "C"
