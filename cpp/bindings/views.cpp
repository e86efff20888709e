#include "bindings/views.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "bindings/dlpack.hpp"

namespace py = pybind11;

namespace fl {
namespace {

[[noreturn]] void refuse_dtype(const char* name, py::handle dtype) {
  throw py::type_error(std::string(name) + " has dtype " + py::str(dtype).cast<std::string>() +
                       ", which is not supported");
}

int32_t numpy_dtype(const char* name, const py::dtype& dtype) {
  enum {
    kBool,
    kByte,
    kUByte,
    kShort,
    kInt = 5,
    kLong = 7,
    kLongLong = 9,
    kFloat = 11,
    kDouble,
    kHalf = 23
  };
  const char order = dtype.byteorder();
  if (order == '=' || order == '|') {
    switch (dtype.num()) {
      case kBool:
        return FL_BOOL;
      case kByte:
        return FL_INT8;
      case kUByte:
        return FL_UINT8;
      case kShort:
        return FL_INT16;
      case kInt:
        return FL_INT32;
      case kLong:
        return sizeof(long) == 8 ? FL_INT64 : FL_INT32;
      case kLongLong:
        return FL_INT64;
      case kFloat:
        return FL_FLOAT32;
      case kDouble:
        return FL_FLOAT64;
      case kHalf:
        return FL_FLOAT16;
      default:  // ml_dtypes.bfloat16 is a user-defined type: it has no number of its own.
        if (dtype.itemsize() == 2 && py::str(dtype).cast<std::string>() == "bfloat16")
          return FL_BFLOAT16;
    }
  }
  refuse_dtype(name, dtype);
}

void view_numpy(const py::array& array, const char* name, View& out) {
  if (array.ndim() > FL_MAX_DIMS)
    throw py::value_error(std::string(name) + " has " + std::to_string(array.ndim()) +
                          " dimensions, but at most " + std::to_string(FL_MAX_DIMS) +
                          " are supported");
  const py::dtype dtype = array.dtype();
  const int ndim = int(array.ndim());
  const int64_t item = dtype.itemsize();
  out.tensor = {const_cast<void*>(array.data()), out.shape, out.strides, ndim,
                numpy_dtype(name, dtype)};
  for (int d = 0; d < ndim; ++d) {
    out.shape[d] = array.shape(d);
    if (array.strides(d) % item)
      throw py::value_error(std::string(name) + " has strides that are not whole elements");
    out.strides[d] = array.strides(d) / item;
  }
}

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

void refuse_device(const char* name) {
  throw py::value_error(std::string(name) + " is not on the CPU");
}

void view_torch(py::handle tensor, const char* name, View& out) {
  if (const auto* exchange = Torch::get().exchange.load()) {
    dlpack::Tensor lent;
    if (exchange->view(tensor.ptr(), &lent) != 0) throw py::error_already_set();
    if (lent.device.type != dlpack::kCpu) refuse_device(name);
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
  if (tensor.attr("device").attr("type").cast<std::string>() != "cpu") refuse_device(name);
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

// An empty tensor may have no memory; given it must still be, and nothing of it is touched.
char the_empty[64];

}  // namespace

void View::move_axis_last(int axis) {
  const int last = tensor.ndim - 1;
  if (axis == last) return;
  if (!tensor.strides) {
    int64_t stride = 1;
    for (int d = last; d >= 0; --d) strides[d] = stride, stride *= shape[d];
    tensor.strides = strides;
  }
  std::rotate(shape + axis, shape + axis + 1, shape + tensor.ndim);
  std::rotate(strides + axis, strides + axis + 1, strides + tensor.ndim);
}

bool is_torch_tensor(py::handle object) {
  const PyTypeObject* type = Torch::get().tensor;
  return type && PyObject_TypeCheck(object.ptr(), const_cast<PyTypeObject*>(type));
}

void view(py::handle array, const char* name, View& out) {
  if (array.is_none()) {
    out.tensor = {};
    return;
  }
  if (py::isinstance<py::array>(array))
    view_numpy(py::reinterpret_borrow<py::array>(array), name, out);
  else if (is_torch_tensor(array))
    view_torch(array, name, out);
  else
    throw py::type_error(std::string(name) + " must be an array, got " +
                         std::string(Py_TYPE(array.ptr())->tp_name));
  if (out.tensor.data) return;
  const int64_t* shape = out.tensor.shape;
  if (std::find(shape, shape + out.tensor.ndim, 0) == shape + out.tensor.ndim)
    throw py::value_error(std::string(name) + " has no memory of its own to read or write");
  out.tensor.data = the_empty;
}

void view_output(py::handle array, const char* name, View& out) {
  view(array, name, out);
  if (py::isinstance<py::array>(array) && !py::reinterpret_borrow<py::array>(array).writeable())
    throw py::value_error(std::string(name) + " is read-only");
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
