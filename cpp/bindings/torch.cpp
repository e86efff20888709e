#include "bindings/torch.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "bindings/cuda.hpp"
#include "bindings/dlpack.hpp"

namespace py = pybind11;

namespace fl {
namespace {

// torch, once it has been imported by somebody else. Several threads may find it at once: they find
// the same, and the type is published last.
struct Torch {
  std::atomic<const dlpack::ExchangeApi*> exchange = nullptr;  // torch 2.10 and later
  std::atomic<PyTypeObject*> tensor = nullptr;

  static const Torch& get() {
    static Torch torch;
    if (!torch.tensor) torch.find();
    return torch;
  }

 private:
  void find() {
    const py::dict modules = py::module_::import("sys").attr("modules");
    if (!modules.contains("torch")) return;
    const py::object type = py::getattr(modules["torch"], "Tensor", py::none());
    if (type.is_none()) return;  // in the middle of its import
    if (py::hasattr(type, "__dlpack_c_exchange_api__")) {
      const py::capsule capsule = type.attr("__dlpack_c_exchange_api__");
      const auto* api = static_cast<const dlpack::ExchangeApi*>(
          PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api"));
      if (!api) PyErr_Clear();
      if (api && api->version.major == 1) exchange = api;
    }
    tensor = reinterpret_cast<PyTypeObject*>(type.inc_ref().ptr());  // modules live forever
  }
};

int32_t dlpack_dtype(dlpack::DataType type) {
  if (type.lanes != 1) return -1;
  switch (type.code << 8 | type.bits) {
    case dlpack::kFloat << 8 | 32:
      return FL_FLOAT32;
    case dlpack::kFloat << 8 | 64:
      return FL_FLOAT64;
    case dlpack::kFloat << 8 | 16:
      return FL_FLOAT16;
    case dlpack::kBFloat << 8 | 16:
      return FL_BFLOAT16;
    case dlpack::kInt << 8 | 8:
      return FL_INT8;
    case dlpack::kInt << 8 | 16:
      return FL_INT16;
    case dlpack::kInt << 8 | 32:
      return FL_INT32;
    case dlpack::kInt << 8 | 64:
      return FL_INT64;
    case dlpack::kUInt << 8 | 8:
      return FL_UINT8;
    case dlpack::kBool << 8 | 8:
      return FL_BOOL;
    default:
      return -1;
  }
}

int32_t torch_dtype(const char* name, py::handle dtype) {
  constexpr const char* kNames[] = {
      "torch.float32", "torch.float64", "torch.float16", "torch.bfloat16", "torch.int8",
      "torch.int16",   "torch.int32",   "torch.int64",   "torch.uint8",    "torch.bool"};
  const std::string text = py::str(dtype);
  const auto* found = std::find(std::begin(kNames), std::end(kNames), text);
  if (found == std::end(kNames)) refuse_dtype(name, dtype);
  return int32_t(found - std::begin(kNames));
}

void require_device(const char* name, int32_t found, int32_t expected) {
  if (found == (expected == kCpu || is_emulated() ? kCpu : expected)) return;
  throw py::value_error(std::string(name) +
                        (expected == kCpu
                             ? " is not on the CPU"
                             : " is not on cuda:" + std::to_string(expected) + ", as y_pred is"));
}

}  // namespace

void view_torch(py::handle tensor, const char* name, View& out, int32_t device) {
  constexpr int32_t kOther = -2;
  if (const auto* exchange = Torch::get().exchange.load()) {
    dlpack::Tensor lent;
    if (exchange->view(tensor.ptr(), &lent) != 0) throw py::error_already_set();
    require_device(name,
                   lent.device.type == dlpack::kCpu    ? kCpu
                   : lent.device.type == dlpack::kCuda ? lent.device.id
                                                       : kOther,
                   device);
    const int32_t dtype = dlpack_dtype(lent.dtype);
    if (dtype < 0) refuse_dtype(name, tensor.attr("dtype"));
    if (lent.ndim > FL_MAX_DIMS)
      throw py::value_error(std::string(name) + " has too many dimensions");
    // The lender's arrays may live only until the next request: copied.
    std::copy(lent.shape, lent.shape + lent.ndim, out.shape);
    if (lent.strides) std::copy(lent.strides, lent.strides + lent.ndim, out.strides);
    out.tensor = {static_cast<char*>(lent.data) + lent.byte_offset, out.shape,
                  lent.strides ? out.strides : nullptr, lent.ndim, dtype};
    return;
  }
  const py::object place = tensor.attr("device");
  const auto type = place.attr("type").cast<std::string>();
  require_device(name,
                 type == "cpu"    ? kCpu
                 : type == "cuda" ? place.attr("index").cast<int32_t>()
                                  : kOther,
                 device);
  const py::tuple shape = tensor.attr("shape"), strides = tensor.attr("stride")();
  if (shape.size() > FL_MAX_DIMS)
    throw py::value_error(std::string(name) + " has too many dimensions");
  out.tensor = {reinterpret_cast<void*>(tensor.attr("data_ptr")().cast<uintptr_t>()), out.shape,
                out.strides, int32_t(shape.size()), torch_dtype(name, tensor.attr("dtype"))};
  for (size_t d = 0; d < shape.size(); ++d) {
    out.shape[d] = shape[d].cast<int64_t>();
    out.strides[d] = strides[d].cast<int64_t>();
  }
}

bool is_torch_tensor(py::handle object) {
  const PyTypeObject* type = Torch::get().tensor;
  return type && PyObject_TypeCheck(object.ptr(), const_cast<PyTypeObject*>(type));
}

fl_parallel_for torch_parallel_for() {
  using Shim = int32_t (*)(int64_t begin, int64_t end, int64_t grain,
                           void (*)(int64_t, int64_t, void*), void*);
  static const Shim shim = [] {
#if defined(__APPLE__)
    constexpr const char* kLibrary = "libtorch_cpu.dylib";
#else
    constexpr const char* kLibrary = "libtorch_cpu.so";
#endif
    void* library = dlopen(kLibrary, RTLD_NOLOAD | RTLD_NOW);
    return library ? reinterpret_cast<Shim>(dlsym(library, "torch_parallel_for")) : nullptr;
  }();
  if (!shim) return nullptr;
  return [](void*, int64_t count, fl_task task, void* context) {
    struct Body {
      fl_task task;
      void* context;
    } body{task, context};
    const auto run = [](int64_t begin, int64_t end, void* pointer) {
      const auto* b = static_cast<const Body*>(pointer);
      b->task(b->context, begin, end);
    };
    if (shim(0, count, 1, run, &body) != 0) task(context, 0, count);
  };
}

}  // namespace fl
