#include "bindings/cuda.hpp"

#include <dlfcn.h>

#include <mutex>
#include <string>

#include "bindings/calls.hpp"
#include "bindings/described.hpp"
#include "fusedloss/fusedloss_cuda.h"

namespace py = pybind11;

namespace fl {
namespace {

// A library with the functions of fusedloss_cuda.h, or what is wrong with it.
class Library {
 public:
  // Opens it at the first call. It lies beside this module.
  static const Library& get() {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!library.tried_) library = Library(beside_this_module());
    return library;
  }
  // Puts another one in its place, or none that was opened yet.
  static void replace(const char* path) {
    const std::lock_guard<std::mutex> lock(mutex);
    library = path ? Library(path) : Library();
  }

  bool usable() const { return problem_.empty(); }
  const std::string& problem() const { return problem_; }

  decltype(&fl_cuda_interface_version) interface_version = nullptr;
  decltype(&fl_cuda_device_count) device_count = nullptr;
  decltype(&fl_cuda_workspace_bytes) workspace_bytes = nullptr;
  decltype(&fl_cuda_compute) compute = nullptr;
  decltype(&fl_cuda_scale) scale = nullptr;
  decltype(&fl_cuda_capture_id) capture_id = nullptr;

 private:
  Library() = default;

  explicit Library(const std::string& path) : tried_(true) {
    // Never closed: kernels may still be running.
    void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      problem_ = access_problem(path);
      return;
    }
    const bool complete = find(handle, "fl_cuda_interface_version", interface_version) &&
                          find(handle, "fl_cuda_device_count", device_count) &&
                          find(handle, "fl_cuda_workspace_bytes", workspace_bytes) &&
                          find(handle, "fl_cuda_compute", compute) &&
                          find(handle, "fl_cuda_scale", scale) &&
                          find(handle, "fl_cuda_capture_id", capture_id);
    if (!complete || interface_version() != FL_INTERFACE_VERSION) {
      problem_ = path + " belongs to another version of fusedloss";
      return;
    }
    fl_status status;
    if (device_count(&status) == 0) problem_ = status.message;
  }

  static std::string beside_this_module() {
    Dl_info self;
    if (!dladdr(reinterpret_cast<void*>(&beside_this_module), &self)) return kName;
    const std::string path = self.dli_fname;
    return path.substr(0, path.rfind('/') + 1) + kName;
  }

  // Of a library that cannot be opened. Where there is none, dlopen's words would only confuse.
  static std::string access_problem(const std::string& path) {
    const std::string reason = dlerror();
    return reason.find("No such file") == std::string::npos
               ? reason
               : "this build of fusedloss has no kernels for GPUs (there is no " + path + ")";
  }

  template <class F>
  static bool find(void* handle, const char* name, F& function) {
    function = reinterpret_cast<F>(dlsym(handle, name));
    return function != nullptr;
  }

  static constexpr const char* kName = "libfusedloss_cuda.so";
  static std::mutex mutex;
  static Library library;

  bool tried_ = false;
  std::string problem_;
};

std::mutex Library::mutex;
Library Library::library;

const Library& usable_library() {
  const Library& library = Library::get();
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

double* one_double(py::handle tensor, const char* name, int32_t device, View& out) {
  if (tensor.is_none()) return nullptr;
  view_output(tensor, name, out, device);
  if (out.tensor.ndim != 0 || out.tensor.dtype != FL_FLOAT64)
    throw py::type_error(std::string(name) + " must be 0-d and float64");
  return static_cast<double*>(out.tensor.data);
}

py::object problem(const Arguments&) {
  const Library& library = Library::get();
  return library.usable() ? py::object(py::none()) : py::str(library.problem());
}

py::object compute(const Arguments& given) {
  enum { kUpstream = kDescribed, kDevice, kStream, kAllocate, kScaleOut };
  const Library& library = usable_library();
  fl_cuda_launch launch{};
  launch.struct_size = sizeof launch;
  launch.device = int32_t(given.integer(kDevice));
  launch.stream = reinterpret_cast<void*>(given.integer(kStream));
  DescribedCall described(given, launch.device);
  View upstream, scale, workspace;
  view(given[kUpstream], "upstream", upstream, launch.device);
  launch.upstream = upstream.tensor;
  launch.scale = one_double(given[kScaleOut], "scale_out", launch.device, scale);
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
  const Library& library = usable_library();
  fl_cuda_launch launch{};
  launch.struct_size = sizeof launch;
  launch.device = int32_t(given.integer(kDevice));
  launch.stream = reinterpret_cast<void*>(given.integer(kStream));
  View input, upstream, factor, output;
  view(given[kInput], "input", input, launch.device);
  view(given[kUpstream], "upstream", upstream, launch.device);
  const double* const number = one_double(given[kFactor], "factor", launch.device, factor);
  view_output(given[kOutput], "output", output, launch.device);
  run([&](fl_status* status) {
    library.scale(&input.tensor, &upstream.tensor, number, &output.tensor, &launch, status);
  });
  return py::none();
}

py::object capture_id(const Arguments& given) {
  const Library& library = usable_library();
  void* const stream = reinterpret_cast<void*>(given.integer(0));
  uint64_t id = 0;
  run([&](fl_status* status) { library.capture_id(stream, &id, status); });
  return py::int_(id);
}

py::object open_emulated(const Arguments& given) {
  emulated = false;
  if (given[0].is_none()) {
    Library::replace(nullptr);
  } else {
    Library::replace(given[0].cast<std::string>().c_str());
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
