#include "bindings/xla.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "bindings/xla_arguments.hpp"
#include "bindings/xla_ffi.hpp"
#include "bindings/xla_threads.hpp"
#include "fusedloss/fusedloss.h"

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

// The buffers of a call frame by what they are.
template <int count>
void read(const xla::Buffers& given, int64_t bits, const char* const (&names)[count],
          const char* what, int64_t axes, xla::Batch (&out)[count]) {
  int64_t next = 0;
  for (int i = 0; i < count; ++i)
    if (bits >> i & 1) {
      if (next == given.size) break;
      out[i].read(*given.buffers[next++], names[i], axes);
    }
  if (next != given.size || bits >> count || __builtin_popcountll(uint64_t(bits)) != next)
    xla::fail(std::string("as many ") + what + " as bits are needed");
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

void compute_at(const int64_t* place, fl_call call, const xla::Batch (&operands)[kOperandCount],
                const xla::Batch (&results)[kResultCount]) {
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
    case FL_OUT_OF_MEMORY:
      throw xla::Failure{xla::kResourceExhausted, status.message};
    default:  // a wrong label, too: in TensorFlow, "out of range" is the end of the data
      xla::fail(status.message);
  }
  argmax.narrow();
  if (results[kScale]) {
    const fl_tensor scale = results[kScale].at(place);
    if (scale.dtype == FL_FLOAT64)
      *static_cast<double*>(scale.data) = result.scale;
    else if (scale.dtype == FL_FLOAT32)
      *static_cast<float*>(scale.data) = float(result.scale);
    else
      xla::fail("scale must be float32 or float64");
  }
}

void compute(xla::CallFrame& frame) {
  const xla::Options attributes(frame.attributes);
  fl_call call{};
  call.struct_size = sizeof call;
  const std::string loss = attributes.text("loss");  // numbers change when a loss is added
  call.loss_id = fl_find_loss(loss.c_str());
  if (call.loss_id < 0) xla::fail("there is no loss " + loss);
  const xla::Array params = attributes.numbers("params");
  call.params = static_cast<const double*>(params.data);
  call.num_params = int32_t(params.size);
  call.reduction = int32_t(attributes.integer("reduction"));
  call.flags = int32_t(attributes.integer("flags"));
  call.has_ignore_label = attributes.integer("has_ignore_label") != 0;
  call.ignore_label = attributes.integer("ignore_label");
  call.denominator = attributes.number("denominator");
  call.parallel_for = xla::on_xla_threads;
  call.pool = &frame;

  const int64_t bits = attributes.integer("operands");
  const int64_t ndim = attributes.integer("ndim"), axis = attributes.integer("row_axis");
  const int pred = __builtin_popcountll(uint64_t(bits) & ((1 << kPred) - 1));
  if (!(bits >> kPred & 1) || pred >= frame.arguments.size) xla::fail("y_pred must be given");
  const int64_t axes = frame.arguments.buffers[pred]->rank - ndim;
  if (ndim < 0 || axes < 0 || axis >= ndim || frame.results.size < 1)
    xla::fail("y_pred lacks axes");
  xla::Batch operands[kOperandCount], results[kResultCount];
  read(frame.arguments, bits, kOperands, "operands", axes, operands);
  read(frame.results, attributes.integer("results"), kResults, "results", axes, results);

  int64_t shape[FL_MAX_DIMS], rows[FL_MAX_DIMS];
  for (int d = 0, row = 0; d < ndim; ++d) {
    shape[d] = operands[kPred].size(d);
    if (d != axis) rows[row++] = shape[d];
  }
  call.row_axes = axis >= 0;
  for (int i = 0; i < kOperandCount; ++i)
    if (xla::Batch& x = operands[i]; x && x.rank() == ndim)
      x.expand(shape);
    else if (x && x.rank() == ndim - call.row_axes && i != kClassWeight)
      x.expand(rows);
  if (axis >= 0) {
    for (xla::Batch& x : operands)
      if (x && x.rank() == ndim) x.move_axis_last(int(axis));
    for (xla::Batch& x : results)
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
  } catch (const xla::Failure& failure) {
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
