// The part of DLPack 1.3 through which a tensor library lends a view of a tensor without copying or
// counting references. Written from the specification, so that no framework's header is needed.
#pragma once

#include <cstdint>

namespace fl::dlpack {

struct Device {
  int32_t type, id;
};
constexpr int32_t kCpu = 1, kCuda = 2;

struct DataType {
  uint8_t code, bits;
  uint16_t lanes;
};
enum Code : uint8_t { kInt = 0, kUInt = 1, kFloat = 2, kBFloat = 4, kBool = 6 };

struct Tensor {
  void* data;
  Device device;
  int32_t ndim;
  DataType dtype;
  int64_t* shape;
  int64_t* strides;
  uint64_t byte_offset;
};

struct ExchangeApi {
  struct {
    uint32_t major, minor;
  } version;
  ExchangeApi* previous;
  void* allocate;
  void* managed_from_object;
  void* managed_to_object;
  int (*view)(void* object, Tensor* out);  // valid while the object lives; -1 sets a Python error
  void* current_work_stream;
};

}  // namespace fl::dlpack
