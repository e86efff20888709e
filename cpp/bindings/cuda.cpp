#include "bindings/cuda.hpp"

#include <string>

#include "bindings/calls.hpp"
#include "bindings/cuda_library.hpp"
#include "bindings/described.hpp"

namespace py = pybind11;

namespace fl {
namespace {

const CudaLibrary& usable_library() {
  const CudaLibrary& library = CudaLibrary::get();
  if (!library.usable()) PyErr_SetString(PyExc_RuntimeError, library.problem().c_str());
  if (!library.usable()) throw py::error_already_set();
  return library;
}

// A call of the library, which is short, but waits where a stream is full.
template <class F>
void run(F f) {
  fl_status status;
  {
    const py::gil_scoped_release release;
    f(&status);
  }
  raise_for(status);
}

py::object problem(const Arguments&) {
  const CudaLibrary& library = CudaLibrary::get();
  return library.usable() ? py::object(py::none()) : py::str(library.problem());
}

py::object compute(const Arguments& given) {
  enum { kUpstream = kDescribed, kDevice, kStream, kAllocate, kScaleOut };
  const CudaLibrary& library = usable_library();
  fl_cuda_launch launch{};
  launch.struct_size = sizeof launch;
  launch.device = int32_t(given.integer(kDevice));
  launch.stream = reinterpret_cast<void*>(given.integer(kStream));
  DescribedCall described(given, launch.device);
  View upstream, scale, workspace;
  view(given[kUpstream], "upstream", upstream, launch.device);
  launch.upstream = upstream.tensor;
  view_output(given[kScaleOut], "scale_out", scale, launch.device);
  launch.scale = scale.tensor;
  run([&](fl_status* status) {
    library.workspace_bytes(&described.call, launch.device, &launch.workspace_bytes, status);
  });
  py::object memory;
  if (launch.workspace_bytes > 0) {
    memory = given[kAllocate](launch.workspace_bytes);
    view(memory, "workspace", workspace, launch.device);
    launch.workspace = workspace.tensor.data;
  }
  run([&](fl_status* status) { library.compute(&described.call, &launch, status); });
  return py::none();
}

py::object scale(const Arguments& given) {
  enum { kInput, kUpstream, kFactor, kOutput, kDevice, kStream };
  const CudaLibrary& library = usable_library();
  fl_cuda_launch launch{};
  launch.struct_size = sizeof launch;
  launch.device = int32_t(given.integer(kDevice));
  launch.stream = reinterpret_cast<void*>(given.integer(kStream));
  View input, upstream, factor, output;
  view(given[kInput], "input", input, launch.device);
  view(given[kUpstream], "upstream", upstream, launch.device);
  view(given[kFactor], "factor", factor, launch.device);
  if (factor.tensor.data && (factor.tensor.ndim != 0 || factor.tensor.dtype != FL_FLOAT64))
    throw py::type_error("factor must be 0-d and float64");
  const auto* const number = static_cast<const double*>(factor.tensor.data);
  view_output(given[kOutput], "output", output, launch.device);
  run([&](fl_status* status) {
    library.scale(&input.tensor, &upstream.tensor, number, &output.tensor, &launch, status);
  });
  return py::none();
}

py::object capture_id(const Arguments& given) {
  const CudaLibrary& library = usable_library();
  void* const stream = reinterpret_cast<void*>(given.integer(0));
  uint64_t id = 0;
  run([&](fl_status* status) { library.capture_id(stream, &id, status); });
  return py::int_(id);
}

py::object open_emulated(const Arguments& given) {
  emulated = false;
  if (given[0].is_none()) {
    CudaLibrary::replace(nullptr);
  } else {
    CudaLibrary::replace(given[0].cast<std::string>().c_str());
    usable_library();
    emulated = true;
  }
  return py::none();
}

py::object is_emulated_now(const Arguments&) { return py::bool_(is_emulated()); }

PyMethodDef methods[] = {
    {"cuda_problem", method<problem, 0>(), METH_FASTCALL,
     "cuda_problem()\n--\n\nWhy no kernel for GPUs can be used; None if they can."},
    {"cuda_is_emulated", method<is_emulated_now, 0>(), METH_FASTCALL,
     "cuda_is_emulated()\n--\n\nWhether tensors on the CPU count as those of a GPU."},
    {"cuda_compute", method<compute, kDescribed + 5>(), METH_FASTCALL,
     "cuda_compute(*described, upstream, device, stream, allocate, scale_out, /)\n--\n\n"
     "`compute` on a GPU, whose first arguments these are."},
    {"cuda_scale", method<scale, 6>(), METH_FASTCALL,
     "cuda_scale(input, upstream, factor, output, device, stream, /)\n--\n\n"
     "output = input * upstream * factor, rounded once."},
    {"cuda_capture_id", method<capture_id, 1>(), METH_FASTCALL,
     "cuda_capture_id(stream, /)\n--\n\nWhich capture into a graph a stream is part of; 0: none."},
    {"open_emulated_cuda", method<open_emulated, 1>(), METH_FASTCALL,
     "open_emulated_cuda(path, /)\n--\n\n"
     "Let a library that emulates a GPU compute the losses of tensors on the CPU; None: no more."},
    {}};

}  // namespace

void add_cuda(py::module_& module) {
  if (PyModule_AddFunctions(module.ptr(), methods) != 0) throw py::error_already_set();
}

}  // namespace fl
