#include "bindings/xla.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/xla_ffi.hpp"
#include "fusedloss/fusedloss.h"
#include "runtime/tensors.hpp"

namespace py = pybind11;

namespace fl {
namespace {

// One operation serves every loss. What is computed stands in attributes, so that a compiled
// program carries no pointer; two of them are sets of bits, which say what the buffers are.
enum Operand { kTrue, kPred, kMore, kWeight = kMore + FL_MAX_MORE, kMask, kClassWeight, kUpstream };
enum Result { kLoss, kGrad, kMoreGrad, kScale = kMoreGrad + FL_MAX_MORE, kStatistics };
constexpr const char* kOperands[] = {"y_true",        "y_pred", "more_0",       "more_1",
                                     "sample_weight", "mask",   "class_weight", "upstream"};
constexpr const char* kResults[] = {"loss",           "grad",    "more_grad_0",
                                    "more_grad_1",    "scale",   "log_sum_exp",
                                    "label_log_prob", "entropy", "argmax"};
constexpr int kOperandCount = std::size(kOperands), kResultCount = std::size(kResults);
static_assert(kUpstream + 1 == kOperandCount && kStatistics + 4 == kResultCount);

struct Failure {
  int code;
  std::string message;
};

[[noreturn]] void fail(const std::string& message) {
  throw Failure{xla::kInvalidArgument, message};
}

class Attributes {
 public:
  explicit Attributes(const xla::Attributes& given) : given_(given) {}

  int64_t integer(std::string_view name) const { return scalar<int64_t>(name, xla::kS64); }
  double number(std::string_view name) const { return scalar<double>(name, xla::kF64); }

  std::string text(std::string_view name) const {
    const int64_t i = find(name);
    if (i < 0 || given_.types[i] != xla::kStringAttribute) refuse(name);
    const auto& span = *static_cast<const xla::Span*>(given_.values[i]);
    return std::string(span.data, span.size);
  }

  // An array of numbers; of size 0 if it is not given.
  xla::Array numbers(std::string_view name) const {
    const int64_t i = find(name);
    if (i < 0) return {xla::kF64, 0, nullptr};
    const auto& array = *static_cast<const xla::Array*>(given_.values[i]);
    if (given_.types[i] != xla::kArrayAttribute || array.dtype != xla::kF64) refuse(name);
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
    if (i < 0 || given_.types[i] != xla::kScalarAttribute) refuse(name);
    const auto& scalar = *static_cast<const xla::Scalar*>(given_.values[i]);
    if (scalar.dtype != dtype) refuse(name);
    return *static_cast<const T*>(scalar.value);
  }

  [[noreturn]] static void refuse(std::string_view name) {
    fail("attribute " + std::string(name) + " is missing or of another type");
  }

  const xla::Attributes& given_;
};

int32_t dtype_of(const xla::Buffer& buffer, const char* name) {
  switch (buffer.dtype) {
    case xla::kF32:
      return FL_FLOAT32;
    case xla::kF64:
      return FL_FLOAT64;
    case xla::kF16:
      return FL_FLOAT16;
    case xla::kBF16:
      return FL_BFLOAT16;
    case xla::kS8:
      return FL_INT8;
    case xla::kS16:
      return FL_INT16;
    case xla::kS32:
      return FL_INT32;
    case xla::kS64:
      return FL_INT64;
    case xla::kU8:
      return FL_UINT8;
    case xla::kPred:
      return FL_BOOL;
    default:
      fail(std::string(name) + " has a dtype that is not supported");
  }
}

// A buffer of many calls, which its first axes number: those that vmap adds.
class Batch {
 public:
  void read(const xla::Buffer& buffer, const char* name, int64_t axes) {
    static char nothing;  // an empty buffer may have no memory, which would mean "not given"
    name_ = name;
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

  double number_at(const int64_t* place) const {
    const fl_tensor tensor = at(place);
    if (!is_floating(tensor.dtype) || rank() != 0) fail(std::string(name_) + " must be a number");
    return read_number(tensor, 0);
  }

 private:
  const char* name_ = "";
  char* data_ = nullptr;
  fl_tensor tensor_{};
  int axes_ = 0;
  int64_t shape_[FL_MAX_DIMS], strides_[FL_MAX_DIMS], batch_strides_[FL_MAX_DIMS];
};

// A parallel_for on XLA's threads. These take tasks whenever they like, perhaps after everything is
// done: so the job belongs to whoever looks at it last, its caller takes part, and waits for
// nothing but blocks that somebody has begun.
class Job {
 public:
  static void run(const xla::CallFrame& frame, int64_t helpers, int64_t count, fl_task task,
                  void* context) {
    Job* const job = new Job(helpers + 1, count, task, context);
    for (int64_t i = 0; i < helpers; ++i) {
      xla::Schedule wish{sizeof wish, nullptr, frame.context, help, job};
      if (xla::Error* const error = frame.api->thread_pool_schedule(&wish)) {
        xla::ErrorDestroy gone{sizeof gone, nullptr, error};
        frame.api->error_destroy(&gone);
        job->leave();
      }
    }
    job->work();
    for (int64_t left; (left = job->left_.load(std::memory_order_acquire)) > 0;)
      job->left_.wait(left, std::memory_order_acquire);
    job->leave();
  }

 private:
  Job(int64_t users, int64_t count, fl_task task, void* context)
      : task_(task), context_(context), count_(count), left_(count), users_(users) {
    batch_ = std::max<int64_t>(1, count / (users * 16));
  }

  static void help(void* data) {
    Job* const job = static_cast<Job*>(data);
    job->work();
    job->leave();
  }

  void work() {
    for (int64_t begin; (begin = next_.fetch_add(batch_, std::memory_order_relaxed)) < count_;) {
      const int64_t end = std::min(begin + batch_, count_);
      task_(context_, begin, end);
      if (left_.fetch_sub(end - begin, std::memory_order_acq_rel) == end - begin)
        left_.notify_one();
    }
  }

  void leave() {
    if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  fl_task task_;
  void* context_;
  int64_t count_, batch_;
  std::atomic<int64_t> next_{0}, left_, users_;
};

// How many threads XLA has is not asked: TensorFlow 2.18 has another function in that place.
void on_xla_threads(void* frame, int64_t count, fl_task task, void* context) {
  const int64_t helpers = std::min<int64_t>(fl_get_num_threads(), count) - 1;
  if (helpers < 1) return task(context, 0, count);
  Job::run(*static_cast<const xla::CallFrame*>(frame), helpers, count, task, context);
}

// The buffers of a call frame by what they are.
template <int count>
void read(const xla::Buffers& given, int64_t bits, const char* const (&names)[count],
          const char* what, int64_t axes, Batch (&out)[count]) {
  int64_t next = 0;
  for (int i = 0; i < count; ++i)
    if (bits >> i & 1) {
      if (next == given.size) break;
      out[i].read(*given.buffers[next++], names[i], axes);
    }
  if (next != given.size || bits >> count || __builtin_popcountll(uint64_t(bits)) != next)
    fail(std::string("as many ") + what + " as bits are needed");
}

// Where XLA knows no 64-bit integers, the classes that the core finds go through memory of our own.
struct Argmax {
  fl_tensor wanted;
  std::vector<int64_t> found;

  fl_tensor wide() {
    if (!wanted.data || wanted.dtype != FL_INT32) return wanted;
    int64_t count = 1;
    for (int d = 0; d < wanted.ndim; ++d) count *= wanted.shape[d];
    found.resize(size_t(count + 1));  // memory, also if there are no rows
    fl_tensor tensor = wanted;
    tensor.data = found.data();
    tensor.dtype = FL_INT64;
    return tensor;
  }

  void narrow() const {
    for (size_t i = 0; i + 1 < found.size(); ++i)
      static_cast<int32_t*>(wanted.data)[i] = int32_t(found[i]);
  }
};

void compute_at(const int64_t* place, fl_call call, const Batch (&operands)[kOperandCount],
                const Batch (&results)[kResultCount]) {
  call.y_true = operands[kTrue].at(place);
  call.y_pred = operands[kPred].at(place);
  call.sample_weight = operands[kWeight].at(place);
  call.mask = operands[kMask].at(place);
  call.class_weight = operands[kClassWeight].at(place);
  call.loss = results[kLoss].at(place);
  call.grad = results[kGrad].at(place);
  for (int k = 0; k < FL_MAX_MORE; ++k) {
    call.more[k] = operands[kMore + k].at(place);
    call.more_grad[k] = results[kMoreGrad + k].at(place);
  }
  Argmax argmax{results[kStatistics + 3].at(place), {}};
  call.statistics = {results[kStatistics].at(place), results[kStatistics + 1].at(place),
                     results[kStatistics + 2].at(place), argmax.wide()};
  if (operands[kUpstream]) {
    call.has_upstream = 1;
    call.upstream = operands[kUpstream].number_at(place);
  }
  fl_result result{};
  fl_status status;
  switch (fl_compute(&call, &result, &status)) {
    case FL_OK:
      break;
    case FL_LABEL_OUT_OF_RANGE:
      throw Failure{xla::kOutOfRange, status.message};
    case FL_OUT_OF_MEMORY:
      throw Failure{xla::kResourceExhausted, status.message};
    default:
      fail(status.message);
  }
  argmax.narrow();
  if (results[kScale]) {
    const fl_tensor scale = results[kScale].at(place);
    if (scale.dtype == FL_FLOAT64)
      *static_cast<double*>(scale.data) = result.scale;
    else if (scale.dtype == FL_FLOAT32)
      *static_cast<float*>(scale.data) = float(result.scale);
    else
      fail("scale must be float32 or float64");
  }
}

void compute(xla::CallFrame& frame) {
  const Attributes attributes(frame.attributes);
  fl_call call{};
  call.struct_size = sizeof call;
  const std::string loss = attributes.text("loss");  // numbers change when a loss is added
  call.loss_id = fl_find_loss(loss.c_str());
  if (call.loss_id < 0) fail("there is no loss " + loss);
  const xla::Array params = attributes.numbers("params");
  call.params = static_cast<const double*>(params.data);
  call.num_params = int32_t(params.size);
  call.reduction = int32_t(attributes.integer("reduction"));
  call.flags = int32_t(attributes.integer("flags"));
  call.has_ignore_label = attributes.integer("has_ignore_label") != 0;
  call.ignore_label = attributes.integer("ignore_label");
  call.denominator = attributes.number("denominator");
  call.parallel_for = on_xla_threads;
  call.pool = &frame;

  const int64_t bits = attributes.integer("operands");
  const int64_t ndim = attributes.integer("ndim"), axis = attributes.integer("row_axis");
  const int pred = __builtin_popcountll(uint64_t(bits) & ((1 << kPred) - 1));
  if (!(bits >> kPred & 1) || pred >= frame.arguments.size) fail("y_pred must be given");
  const int64_t axes = frame.arguments.buffers[pred]->rank - ndim;
  if (ndim < 0 || axes < 0 || axis >= ndim || frame.results.size < 1) fail("y_pred lacks axes");
  Batch operands[kOperandCount], results[kResultCount];
  read(frame.arguments, bits, kOperands, "operands", axes, operands);
  read(frame.results, attributes.integer("results"), kResults, "results", axes, results);

  int64_t shape[FL_MAX_DIMS], rows[FL_MAX_DIMS];
  for (int d = 0, row = 0; d < ndim; ++d) {
    shape[d] = operands[kPred].size(d);
    if (d != axis) rows[row++] = shape[d];
  }
  call.row_axes = axis >= 0;
  for (int i = 0; i < kOperandCount; ++i)
    if (Batch& x = operands[i]; x && x.rank() == ndim)
      x.expand(shape);
    else if (x && x.rank() == ndim - call.row_axes && i != kClassWeight)
      x.expand(rows);
  if (axis >= 0) {
    for (Batch& x : operands)
      if (x && x.rank() == ndim) x.move_axis_last(int(axis));
    for (Batch& x : results)
      if (x && x.rank() == ndim) x.move_axis_last(int(axis));
  }

  const int64_t* const sizes = frame.results.buffers[0]->dims;
  int64_t count = 1, place[FL_MAX_DIMS] = {};
  for (int64_t d = 0; d < axes; ++d) count *= sizes[d];
  for (int64_t i = 0; i < count; ++i) {
    compute_at(place, call, operands, results);
    for (int64_t d = axes - 1; d >= 0 && ++place[d] == sizes[d]; --d) place[d] = 0;
  }
}

xla::Error* failed(const xla::CallFrame& frame, int code, const char* message) {
  xla::ErrorCreate wanted{offsetof(xla::ErrorCreate, code) + sizeof code, nullptr, message, code};
  return frame.api->error_create(&wanted);
}

// What XLA calls: once to ask which version of its interface this is written for, and once before
// each run of a program, and then to compute.
xla::Error* handle(xla::CallFrame* frame) {
  for (xla::Extension* e = frame->extensions; e; e = e->next)
    if (e->type == xla::kMetadataExtension) {
      xla::Metadata& metadata = *reinterpret_cast<xla::MetadataExtension*>(e)->metadata;
      // The oldest version that XLA still takes: a newer one would shut out older libraries.
      metadata.api_version = {sizeof(xla::ApiVersion), nullptr, 0, 1};
      metadata.traits = 0;
      return nullptr;
    }
  if (frame->stage != xla::kExecute) return nullptr;
  try {
    compute(*frame);
    return nullptr;
  } catch (const Failure& failure) {
    return failed(*frame, failure.code, failure.message.c_str());
  } catch (const std::bad_alloc&) {
    return failed(*frame, xla::kResourceExhausted, "out of memory");
  }
}

template <int count>
py::tuple names(const char* const (&list)[count]) {
  py::tuple tuple(count);
  for (int i = 0; i < count; ++i) tuple[i] = list[i];
  return tuple;
}

}  // namespace

void add_xla(py::module_& module) {
  module.attr("XLA_OPERANDS") = names(kOperands);
  module.attr("XLA_RESULTS") = names(kResults);
  module.def(
      "xla_handlers",
      [] {
        py::dict handlers;
        // Programs may be kept: what no longer means the same gets another name.
        handlers["fusedloss_v1"] =
            py::capsule(reinterpret_cast<void*>(&handle), "xla._CUSTOM_CALL_TARGET");
        return handlers;
      },
      "The custom calls of XLA on the CPU: their names, and what to register under these.");
}

}  // namespace fl
