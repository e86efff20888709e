// Attributes and buffers of a call frame, read into what the C interface takes.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "bindings/xla_ffi.hpp"
#include "fusedloss/fusedloss.h"
#include "runtime/tensors.hpp"

namespace fl::xla {

struct Failure {
  int code;
  std::string message;
};

[[noreturn]] inline void fail(const std::string& message) {
  throw Failure{kInvalidArgument, message};
}

class Options {
 public:
  explicit Options(const Attributes& given) : given_(given) {}

  int64_t integer(std::string_view name) const { return scalar<int64_t>(name, kS64); }
  double number(std::string_view name) const { return scalar<double>(name, kF64); }

  std::string text(std::string_view name) const {
    const int64_t i = find(name);
    if (i < 0 || given_.types[i] != kStringAttribute) refuse(name);
    const auto& span = *static_cast<const Span*>(given_.values[i]);
    return std::string(span.data, span.size);
  }

  // An array of numbers; of size 0 if it is not given.
  Array numbers(std::string_view name) const {
    const int64_t i = find(name);
    if (i < 0) return {kF64, 0, nullptr};
    const auto& array = *static_cast<const Array*>(given_.values[i]);
    if (given_.types[i] != kArrayAttribute || array.dtype != kF64) refuse(name);
    return array;
  }

 private:
  int64_t find(std::string_view name) const {
    for (int64_t i = 0; i < given_.size; ++i)
      if (std::string_view(given_.names[i]->data, given_.names[i]->size) == name) return i;
    return -1;
  }

  template <class T>
  T scalar(std::string_view name, int dtype) const {
    const int64_t i = find(name);
    if (i < 0 || given_.types[i] != kScalarAttribute) refuse(name);
    const auto& scalar = *static_cast<const Scalar*>(given_.values[i]);
    if (scalar.dtype != dtype) refuse(name);
    return *static_cast<const T*>(scalar.value);
  }

  [[noreturn]] static void refuse(std::string_view name) {
    fail("attribute " + std::string(name) + " is missing or of another type");
  }

  const Attributes& given_;
};

inline int32_t dtype_of(const Buffer& buffer, const char* name) {
  switch (buffer.dtype) {
    case kF32:
      return FL_FLOAT32;
    case kF64:
      return FL_FLOAT64;
    case kF16:
      return FL_FLOAT16;
    case kBF16:
      return FL_BFLOAT16;
    case kS8:
      return FL_INT8;
    case kS16:
      return FL_INT16;
    case kS32:
      return FL_INT32;
    case kS64:
      return FL_INT64;
    case kU8:
      return FL_UINT8;
    case kBool:
      return FL_BOOL;
    default:
      fail(std::string(name) + " has a dtype that is not supported");
  }
}

// A buffer of many calls, which its first axes number: those that vmap adds.
class Batch {
 public:
  void read(const Buffer& buffer, const char* name, int64_t axes) {
    static char nothing;  // an empty buffer may have no memory, which would mean "not given"
    if (buffer.rank < axes || buffer.rank > FL_MAX_DIMS)
      fail(std::string(name) + " has " + std::to_string(buffer.rank) + " axes");
    data_ = buffer.data ? static_cast<char*>(buffer.data) : &nothing;
    axes_ = int(axes);
    tensor_ = {data_, shape_, strides_, int32_t(buffer.rank - axes), dtype_of(buffer, name)};
    int64_t stride = 1;
    for (int64_t d = buffer.rank - 1; d >= 0; --d) {
      const bool repeated = d < axes && buffer.dims[d] == 1;
      (d < axes ? batch_strides_[d] : strides_[d - axes]) = repeated ? 0 : stride;
      if (d >= axes) shape_[d - axes] = buffer.dims[d];
      stride *= buffer.dims[d];
    }
  }

  explicit operator bool() const { return data_ != nullptr; }
  int rank() const { return tensor_.ndim; }
  int64_t size(int axis) const { return shape_[axis]; }

  // Repeats axes of size 1 to `sizes`.
  void expand(const int64_t* sizes) {
    for (int d = 0; d < rank(); ++d)
      if (shape_[d] == 1 && sizes[d] != 1) shape_[d] = sizes[d], strides_[d] = 0;
  }

  void move_axis_last(int axis) {
    std::rotate(shape_ + axis, shape_ + axis + 1, shape_ + rank());
    std::rotate(strides_ + axis, strides_ + axis + 1, strides_ + rank());
  }

  // The tensor of the call at a place of the batch; none if there is no buffer.
  fl_tensor at(const int64_t* place) const {
    if (!data_) return {};
    fl_tensor tensor = tensor_;
    int64_t offset = 0;
    for (int d = 0; d < axes_; ++d) offset += place[d] * batch_strides_[d];
    tensor.data = data_ + offset * item_size(tensor.dtype);
    return tensor;
  }

 private:
  char* data_ = nullptr;
  fl_tensor tensor_{};
  int axes_ = 0;
  int64_t shape_[FL_MAX_DIMS], strides_[FL_MAX_DIMS], batch_strides_[FL_MAX_DIMS];
};

}  // namespace fl::xla
