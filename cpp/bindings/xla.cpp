#include "bindings/xla.hpp"

#include <cstddef>
#include <new>

#include "bindings/cuda_library.hpp"
#include "bindings/xla_calls.hpp"
#include "bindings/xla_device.hpp"
#include "bindings/xla_threads.hpp"

namespace py = pybind11;

namespace fl {
namespace {

void check(const fl_status& status) {
  switch (status.code) {
    case FL_OK:
      return;
    case FL_OUT_OF_MEMORY:
      throw xla::Failure{xla::kResourceExhausted, status.message};
    case FL_DEVICE_ERROR:
      throw xla::Failure{xla::kInternal, status.message};
    default:  // a wrong label, too: in TensorFlow, "out of range" is the end of the data
      xla::fail(status.message);
  }
}

void write(const fl_tensor& number, double value) {
  if (!number.data) return;
  if (number.dtype == FL_FLOAT64)
    *static_cast<double*>(number.data) = value;
  else if (number.dtype == FL_FLOAT32)
    *static_cast<float*>(number.data) = float(value);
  else
    xla::fail("scale must be float32 or float64");
}

void compute_on_cpu(xla::CallFrame& frame) {
  xla::Calls(frame).each([&](fl_call& call, const fl_tensor& upstream, const fl_tensor& scale) {
    call.parallel_for = xla::on_xla_threads;
    call.pool = &frame;
    if (upstream.data) {
      if (upstream.ndim != 0 || !is_floating(upstream.dtype)) xla::fail("upstream is no number");
      call.has_upstream = 1;
      call.upstream = read_number(upstream, 0);
    }
    fl_result result{};
    fl_status status;
    fl_compute(&call, &result, &status);
    check(status);
    write(scale, result.scale);
  });
}

// Only enqueues, in the order of XLA's stream.
void compute_on_cuda(xla::CallFrame& frame) {
  const CudaLibrary& library = CudaLibrary::get();
  if (!library.usable()) throw xla::Failure{xla::kFailedPrecondition, library.problem()};
  fl_status status;
  fl_cuda_launch launch{};
  launch.struct_size = sizeof launch;
  launch.stream = xla::stream_of(frame);
  library.stream_device(launch.stream, &launch.device, &status);
  check(status);
  xla::Calls(frame).each([&](fl_call& call, const fl_tensor& upstream, const fl_tensor& scale) {
    launch.upstream = upstream;
    launch.scale = scale;
    library.workspace_bytes(&call, launch.device, &launch.workspace_bytes, &status);
    check(status);
    const xla::DeviceMemory workspace(frame, launch.workspace_bytes);
    launch.workspace = workspace.data();
    library.compute(&call, &launch, &status);
    check(status);
  });
}

xla::Error* failed(const xla::CallFrame& frame, int code, const char* message) {
  xla::ErrorCreate wanted{offsetof(xla::ErrorCreate, code) + sizeof code, nullptr, message, code};
  return frame.api->error_create(&wanted);
}

// What XLA calls: once to ask which version of its interface this is written for, and once before
// each run of a program, and then to compute.
template <void (*compute)(xla::CallFrame&)>
xla::Error* handle(xla::CallFrame* frame) {
  for (xla::Extension* e = frame->extensions; e; e = e->next)
    if (e->type == xla::kMetadataExtension) {
      xla::Metadata& metadata = *reinterpret_cast<xla::MetadataExtension*>(e)->metadata;
      // The oldest version that XLA still takes: a newer one would shut out older libraries.
      metadata.api_version = {sizeof(xla::ApiVersion), nullptr, 0, 1};
      // Not that launches may be captured once and repeated: the workspace would be another's then.
      metadata.traits = 0;
      return nullptr;
    }
  if (frame->stage != xla::kExecute) return nullptr;
  try {
    compute(*frame);
    return nullptr;
  } catch (const xla::Failure& failure) {
    return failed(*frame, failure.code, failure.message.c_str());
  } catch (const xla::Refusal& refusal) {
    return refusal.error;
  } catch (const std::bad_alloc&) {
    return failed(*frame, xla::kResourceExhausted, "out of memory");
  }
}

template <int count>
py::tuple names(const char* const (&list)[count]) {
  py::tuple tuple(count);
  for (int i = 0; i < count; ++i) tuple[i] = list[i];
  return tuple;
}

py::capsule handler(xla::Error* (*function)(xla::CallFrame*)) {
  return py::capsule(reinterpret_cast<void*>(function), "xla._CUSTOM_CALL_TARGET");
}

}  // namespace

void add_xla(py::module_& module) {
  // Programs may be kept: what no longer means the same gets another name.
  module.attr("XLA_TARGET") = "fusedloss_v1";
  module.attr("XLA_OPERANDS") = names(xla::kOperands);
  module.attr("XLA_RESULTS") = names(xla::kResults);
  module.def(
      "xla_handlers",
      [] {
        py::dict handlers;
        handlers["cpu"] = handler(&handle<compute_on_cpu>);
        handlers["CUDA"] = handler(&handle<compute_on_cuda>);
        return handlers;
      },
      "What to register under XLA_TARGET, by the name of the platform.");
}

}  // namespace fl
