#include "runtime/tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/status.hpp"

namespace fl {

const char* dtype_name(int32_t dtype) {
  constexpr const char* kNames[] = {"float32", "float64", "float16", "bfloat16", "int8",
                                    "int16",   "int32",   "int64",   "uint8",    "bool"};
  return dtype >= 0 && dtype <= FL_BOOL ? kNames[dtype] : "unknown";
}

std::string shape_text(const fl_tensor& x, int ndim) {
  std::string text = "(";
  for (int d = 0; d < ndim; ++d) text += (d ? ", " : "") + std::to_string(x.shape[d]);
  return text + (ndim == 1 ? ",)" : ")");
}

namespace {

// Whether x has the first `ndim` dimensions of y.
bool same_shape(const fl_tensor& x, const fl_tensor& y, int ndim) {
  return x.ndim == ndim && std::equal(x.shape, x.shape + ndim, y.shape);
}

}  // namespace

void check_tensor(const char* name, const fl_tensor& x) {
  if (x.ndim < 0 || x.ndim > FL_MAX_DIMS)
    fail(FL_INVALID_VALUE, "%s has %d dimensions, but at most %d are supported", name, int(x.ndim),
         FL_MAX_DIMS);
  if (x.dtype < 0 || x.dtype > FL_BOOL)
    fail(FL_INVALID_TYPE, "%s has a dtype that is not supported", name);
}

void expect_shape(const char* name, const fl_tensor& x, const char* like, const fl_tensor& y,
                  int ndim) {
  check_tensor(name, x);
  if (!same_shape(x, y, ndim))
    fail(FL_INVALID_VALUE, "%s has shape %s, but %s needs shape %s", name,
         shape_text(x, x.ndim).c_str(), like, shape_text(y, ndim).c_str());
}

bool is_empty(const fl_tensor& x) {
  return std::find(x.shape, x.shape + x.ndim, 0) != x.shape + x.ndim;
}

void expect_output(const char* name, const fl_tensor& x, int32_t dtype) {
  if (x.dtype != dtype)
    fail(FL_INVALID_TYPE, "%s has dtype %s, but %s is expected", name, dtype_name(x.dtype),
         dtype_name(dtype));
  for (int d = 0; x.strides && !is_empty(x) && d < x.ndim; ++d)
    if (x.strides[d] == 0 && x.shape[d] > 1)
      fail(FL_INVALID_VALUE, "%s is a broadcast view, which cannot be written to", name);
}

int64_t stride_of(const fl_tensor& x, int axis) {
  if (x.strides) return x.strides[axis];
  int64_t stride = 1;
  for (int d = x.ndim - 1; d > axis; --d) stride *= x.shape[d];
  return stride;
}

bool is_contiguous(const fl_tensor& x) {
  int64_t expected = 1;
  for (int d = x.ndim - 1; d >= 0; --d) {
    if (x.shape[d] != 1 && stride_of(x, d) != expected) return false;
    expected *= x.shape[d];
  }
  return true;
}

double read_number(const fl_tensor& x, int64_t index) {
  const char* at = static_cast<const char*>(x.data) + index * item_size(x.dtype);
  const auto as = [&](auto value) {
    std::memcpy(&value, at, sizeof value);
    return value;
  };
  switch (x.dtype) {
    case FL_FLOAT32:
      return double(as(float()));
    case FL_FLOAT64:
      return as(double());
    case FL_INT8:
      return as(int8_t());
    case FL_INT16:
      return as(int16_t());
    case FL_INT32:
      return as(int32_t());
    case FL_INT64:
      return double(as(int64_t()));
    case FL_BFLOAT16: {
      const uint32_t bits = uint32_t(as(uint16_t())) << 16;
      float value;
      std::memcpy(&value, &bits, sizeof value);
      return double(value);
    }
    case FL_FLOAT16: {
      const uint16_t bits = as(uint16_t());
      const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
      const double size = exponent == 31 ? (mantissa ? NAN : INFINITY)
                          : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                         : std::ldexp(mantissa, -24);
      return bits & 0x8000 ? -size : size;
    }
    default:
      return as(uint8_t());
  }
}

}  // namespace fl
