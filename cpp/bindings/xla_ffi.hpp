// The part of XLA's FFI that a stateless handler needs: plain structs and function pointers, so
// that no header of XLA is. Written from the layout of API version 0.1, which every later one so
// far extends at the ends; a test compares it with the headers of the installed jaxlib.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fl::xla {

struct Extension {
  size_t struct_size;
  int type;
  Extension* next;
};
constexpr int kMetadataExtension = 1;

struct ApiVersion {
  size_t struct_size;
  Extension* extensions;
  int major, minor;
};

struct Metadata {  // later versions have more fields
  size_t struct_size;
  ApiVersion api_version;
  uint32_t traits;
};

struct MetadataExtension {
  Extension base;
  Metadata* metadata;
};

enum DataType : int {
  kBool = 1,
  kS8 = 2,
  kS16 = 3,
  kS32 = 4,
  kS64 = 5,
  kU8 = 6,
  kF16 = 10,
  kF32 = 11,
  kF64 = 12,
  kBF16 = 16
};

struct Buffer {  // C-contiguous, unless the call asks for another layout
  size_t struct_size;
  Extension* extensions;
  int dtype;
  void* data;
  int64_t rank;
  int64_t* dims;
};

struct Span {
  const char* data;
  size_t size;
};

struct Scalar {
  int dtype;
  void* value;
};

struct Array {
  int dtype;
  size_t size;
  void* data;
};

struct Buffers {  // arguments or results, all of them buffers
  size_t struct_size;
  Extension* extensions;
  int64_t size;
  int* types;
  Buffer** buffers;
};

enum AttributeType : int { kArrayAttribute = 1, kScalarAttribute = 3, kStringAttribute = 4 };

struct Attributes {
  size_t struct_size;
  Extension* extensions;
  int64_t size;
  int* types;
  Span** names;  // sorted
  void** values;
};

struct Error;
struct Context;
struct Api;

enum Stage : int { kExecute = 3 };

struct CallFrame {
  size_t struct_size;
  Extension* extensions;
  const Api* api;
  Context* context;
  int stage;
  Buffers arguments, results;
  Attributes attributes;
};

enum ErrorCode : int {
  kInvalidArgument = 3,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kInternal = 13
};

struct ErrorCreate {
  size_t struct_size;
  Extension* extensions;
  const char* message;  // copied
  int code;
};

struct ErrorDestroy {
  size_t struct_size;
  Extension* extensions;
  Error* error;
};

struct StreamGet {
  size_t struct_size;
  Extension* extensions;
  Context* context;
  void* stream;  // found
};

struct MemoryAllocate {  // on the device
  size_t struct_size;
  Extension* extensions;
  Context* context;
  size_t size, alignment;
  void* data;  // found
};

struct MemoryFree {
  size_t struct_size;
  Extension* extensions;
  Context* context;
  size_t size;
  void* data;
};

struct Schedule {
  size_t struct_size;
  Extension* extensions;
  Context* context;
  void (*task)(void* data);
  void* data;
};

struct Api {
  size_t struct_size;
  Extension* extensions;
  ApiVersion api_version;
  const void* internal;
  Error* (*error_create)(ErrorCreate*);
  void* error_get_message;
  void (*error_destroy)(ErrorDestroy*);
  void* handler_register;
  Error* (*stream_get)(StreamGet*);
  void* between[4];  // from Type_Register to State_Get
  Error* (*memory_allocate)(MemoryAllocate*);
  Error* (*memory_free)(MemoryFree*);
  Error* (*thread_pool_schedule)(Schedule*);
};

}  // namespace fl::xla
