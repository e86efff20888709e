// What fl_tensors are, and what they are expected to be.
#pragma once

#include <stdint.h>

#include <string>

#include "kernels/kernel.hpp"

namespace fl {

const char* dtype_name(int32_t dtype);
inline bool is_floating(int32_t dtype) { return dtype >= FL_FLOAT32 && dtype <= FL_BFLOAT16; }
inline bool is_integer(int32_t dtype) { return dtype >= FL_INT8 && dtype <= FL_UINT8; }

// The first `ndim` dimensions, as Python writes them.
std::string shape_text(const fl_tensor& x, int ndim);
int64_t stride_of(const fl_tensor& x, int axis);  // in elements
bool is_contiguous(const fl_tensor& x);
bool is_empty(const fl_tensor& x);  // strides mean nothing then; NumPy sets them to 0
double read_number(const fl_tensor& x, int64_t index);

// Throw Error unless x is a tensor of a kind known here, has the first `ndim` dimensions of y, or
// can be written to as numbers of a dtype.
void check_tensor(const char* name, const fl_tensor& x);
void expect_shape(const char* name, const fl_tensor& x, const char* like, const fl_tensor& y,
                  int ndim);
void expect_output(const char* name, const fl_tensor& x, int32_t dtype);

}  // namespace fl
