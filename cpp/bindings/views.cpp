#include "bindings/views.hpp"

#include <algorithm>
#include <string>

#include "bindings/torch.hpp"

namespace py = pybind11;

namespace fl {

int64_t element_count(const fl_tensor& x) {
  int64_t count = 1;
  for (int d = 0; d < x.ndim; ++d) count *= x.shape[d];
  return count;
}

void refuse_dtype(const char* name, py::handle dtype) {
  throw py::type_error(std::string(name) + " has dtype " + py::str(dtype).cast<std::string>() +
                       ", which is not supported");
}

namespace {

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

void view(py::handle array, const char* name, View& out, int32_t device) {
  if (array.is_none()) {
    out.tensor = {};
    return;
  }
  if (device == kCpu && py::isinstance<py::array>(array))
    view_numpy(py::reinterpret_borrow<py::array>(array), name, out);
  else if (is_torch_tensor(array))
    view_torch(array, name, out, device);
  else
    throw py::type_error(std::string(name) + " must be an array, got " +
                         std::string(Py_TYPE(array.ptr())->tp_name));
  if (out.tensor.data) return;
  const int64_t* shape = out.tensor.shape;
  if (std::find(shape, shape + out.tensor.ndim, 0) == shape + out.tensor.ndim)
    throw py::value_error(std::string(name) + " has no memory of its own to read or write");
  out.tensor.data = the_empty;
}

void view_output(py::handle array, const char* name, View& out, int32_t device) {
  view(array, name, out, device);
  if (py::isinstance<py::array>(array) && !py::reinterpret_borrow<py::array>(array).writeable())
    throw py::value_error(std::string(name) + " is read-only");
}

}  // namespace fl
