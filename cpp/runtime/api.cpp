// The C interface: what one call computes, from checked arguments to blocks of kernels.
#include <atomic>
#include <cmath>
#include <cstring>
#include <new>
#include <vector>

#include "losses/registry.hpp"
#include "runtime/buffers.hpp"
#include "runtime/calls.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/parallel.hpp"
#include "runtime/status.hpp"

namespace fl {
namespace {

// Work of fewer elements stays on the caller's thread: waking a worker takes about as long. One of
// our own sleeps, and takes 10 us to wake: at 32 Ki elements two threads take 1.4 to 1.7 times as
// long as one for Huber and squared errors, and no other loss gains more than a fifth; at 64 Ki
// binary cross-entropy takes three quarters.
constexpr int64_t kSerialElements = 32768, kSerialElementsOfOwn = 65536;

struct Threads {
  fl_parallel_for parallel_for;
  void* pool;
};

// Runs a kernel over blocks [0, count) and adds up what they found, in the order of the blocks.
template <class Call>
Partial run(Kernel<Call> kernel, const Call& call, int64_t count, int64_t scratch_bytes,
            int64_t elements, Threads threads) {
  Partial single;
  std::vector<Partial> several(static_cast<size_t>(count > 1 ? count : 0));
  Partial* const partials = count > 1 ? several.data() : &single;
  struct Context {
    Kernel<Call> kernel;
    const Call& call;
    size_t scratch_bytes;
    Partial* partials;
    std::atomic<bool> out_of_memory{false};
  } context{kernel, call, size_t(scratch_bytes), partials};
  const fl_task task = [](void* pointer, int64_t begin, int64_t end) {
    auto& c = *static_cast<Context*>(pointer);
    void* scratch = thread_scratch(c.scratch_bytes);
    if (!scratch) {
      c.out_of_memory = true;
      return;
    }
    c.kernel(c.call, begin, end, scratch, c.partials);
  };
  if (elements < (threads.parallel_for ? kSerialElements : kSerialElementsOfOwn) || count == 1)
    task(&context, 0, count);
  else if (threads.parallel_for)
    threads.parallel_for(threads.pool, count, task, &context);
  else
    own_parallel_for(nullptr, count, task, &context);
  if (context.out_of_memory) throw std::bad_alloc();

  Partial sum;
  for (int64_t block = 0; block < count; ++block) {
    const Partial& p = partials[block];
    sum.loss += p.loss;
    if (p.bad_labels && !sum.bad_labels) {
      sum.first_bad_row = p.first_bad_row;
      sum.first_bad_label = p.first_bad_label;
    }
    sum.bad_labels += p.bad_labels;
  }
  return sum;
}

int64_t blocks(int64_t count, int64_t block) { return (count + block - 1) / block; }

void check_labels(const Partial& found, int64_t classes) {
  if (!found.bad_labels) return;
  fail(FL_LABEL_OUT_OF_RANGE,
       "y_true has label %lld in row %lld, but labels must lie in [0, %lld); %lld row%s affected",
       static_cast<long long>(found.first_bad_label), static_cast<long long>(found.first_bad_row),
       static_cast<long long>(classes), static_cast<long long>(found.bad_labels),
       found.bad_labels == 1 ? " is" : "s are");
}

Partial count_rows(const DivisorCall& k, Threads threads) {
  return run(kernels().divisor, k, blocks(k.rows.count, kChunk), kPointwiseScratch, k.rows.count,
             threads);
}

// What a mean divides by, in rows.
double divisor(const fl_call& call, const Arguments& arguments, Threads threads) {
  if (call.reduction == FL_NONE || call.reduction == FL_SUM) return 1;
  if (call.denominator > 0) return call.denominator;
  const DivisorCall k = divisor_call(call, arguments, call.reduction == FL_WEIGHTED_MEAN);
  if (!k.mask && !k.has_ignore_label && !k.sample_weight && !k.class_weight)
    return double(arguments.row_count);
  const Partial sum = count_rows(k, threads);
  return k.weighted && arguments.element_weights ? sum.loss / double(arguments.row_length)
                                                 : sum.loss;
}

void write_loss(const fl_call& call, double value) {
  if (!call.loss.data) return;
  if (call.loss.dtype == FL_FLOAT64)
    *static_cast<double*>(call.loss.data) = value;
  else
    *static_cast<float*>(call.loss.data) = float(value);
}

// A batch of rows without elements: no kernel runs, but every output has a value.
void compute_empty(const fl_call& call, const Arguments& arguments) {
  const double empty = call.flags & FL_EMPTY_IS_NAN ? NAN : 0.0;
  if (call.reduction != FL_NONE) return write_loss(call, call.reduction == FL_SUM ? 0.0 : empty);
  for (int64_t i = 0; call.loss.data && i < arguments.row_count; ++i) {
    if (arguments.in_double)
      static_cast<double*>(call.loss.data)[i] = empty;
    else
      static_cast<float*>(call.loss.data)[i] = float(empty);
  }
}

// The labels, before a gradient that overwrites y_pred could destroy it in vain.
void check_labels_first(const fl_call& call, const Arguments& arguments, Threads threads) {
  if (!arguments.class_labels || !call.grad.data || call.grad.data != call.y_pred.data) return;
  DivisorCall k = divisor_call(call, arguments, true);
  k.check_labels = true;
  check_labels(count_rows(k, threads), arguments.row_length);
}

template <class... Row>
constexpr auto find_pairs(List<Row...>) {
  struct All {
    bool of[sizeof...(Row)];
  };
  return All{{is_over_pairs<Row>()...}};
}

// Of each row loss.
constexpr auto kOverPairs = find_pairs(losses::Row{});

double compute(const fl_call& call) {
  const Arguments arguments = check_arguments(call);
  const Kernels& kernel = kernels();
  const Threads threads{call.parallel_for, call.pool};
  const bool pointwise = arguments.info->kind == FL_POINTWISE;
  const int64_t elements = arguments.row_count * arguments.row_length;
  if (elements == 0) return compute_empty(call, arguments), 0.0;

  const double rows = divisor(call, arguments, threads);
  const bool empty = rows == 0;  // nothing counts: gradient 0, and a loss by convention
  const double mean = empty ? 0 : 1 / rows;
  const double share = pointwise ? 1 / double(arguments.row_length) : 1;
  const double upstream = call.has_upstream ? call.upstream : 1;
  const double grad_scale = upstream * share * (call.flags & FL_UNSCALED_GRAD && !empty ? 1 : mean);

  Partial found;
  if (pointwise) {
    PointwiseCall k = pointwise_call(call, arguments);
    k.grad_scale = grad_scale;
    found = run(kernel.pointwise[index_in_kind(call.loss_id)][arguments.in_double], k,
                blocks(elements, k.block), kPointwiseScratch, elements, threads);
  } else {
    RowCall k = row_call(call, arguments, kOverPairs.of[index_in_kind(call.loss_id)]);
    k.grad_scale = grad_scale;
    std::vector<float> single(arguments.class_weight.begin(), arguments.class_weight.end());
    if (!single.empty())
      k.class_weight = arguments.in_double ? static_cast<const void*>(arguments.class_weight.data())
                                           : single.data();
    check_labels_first(call, arguments, threads);
    found = run(kernel.row[index_in_kind(call.loss_id)][arguments.in_double], k,
                blocks(arguments.row_count, k.block), row_scratch(k, arguments.in_double ? 8 : 4),
                elements, threads);
    check_labels(found, arguments.row_length);
  }
  if (call.reduction != FL_NONE)
    write_loss(call,
               empty ? (call.flags & FL_EMPTY_IS_NAN ? NAN : 0.0) : found.loss * share * mean);
  return mean;
}

template <class F>
int32_t guarded(fl_status* status, F f) {
  const auto report = [&](int32_t code, const char* message) {
    status->code = code;
    std::snprintf(status->message, sizeof status->message, "%s", message);
  };
  *status = {};
  try {
    f();
  } catch (const Error& error) {
    report(error.code, error.message.c_str());
  } catch (const std::bad_alloc&) {
    report(FL_OUT_OF_MEMORY, "out of memory");
  }
  return status->code;
}

struct Any {};  // stands for V where only the signature of a loss is asked for

template <class Loss>
constexpr fl_loss_info describe(fl_kind kind) {
  constexpr const LossInfo& info = Loss::info;
  fl_loss_info out{};
  out.name = info.name;
  out.summary = info.summary;
  out.kind = kind;
  out.num_params = info.num_params;
  out.targets = int32_t(targets_of<Loss>());
  out.has_statistics = has_statistics<Loss>();
  out.num_more = predictions_of<Loss>() - 1;
  if constexpr (predictions_of<Loss>() > 1)
    for (int i = 0; i < out.num_more; ++i) out.more[i] = Loss::kMore[i];
  for (int i = 0; i < info.num_params; ++i) {
    const Param& p = info.params[i];
    out.params[i] = {p.name, p.value, p.low, p.high, p.low_excluded};
  }
  // Sums over entries know no classes; a further prediction stands where a weight would.
  if (kind == FL_ROW)
    out.takes_class_weight =
        !requires(const Loss& loss, Entry<Any> e) { loss.finish(&e.y_true, e); };
  else
    out.takes_class_weight =
        !out.num_more && requires(const Loss& loss, Any any) { loss(any, any, any); };
  return out;
}

template <class... Pointwise, class... Row>
constexpr auto describe_all(List<Pointwise...>, List<Row...>) {
  struct All {
    fl_loss_info info[sizeof...(Pointwise) + sizeof...(Row)];
  };
  return All{{describe<Pointwise>(FL_POINTWISE)..., describe<Row>(FL_ROW)...}};
}

// Ids: the pointwise losses, then the row losses, in the order of the registry.
constexpr auto kLosses = describe_all(losses::Pointwise{}, losses::Row{});
constexpr int kLossCount = losses::Pointwise::size + losses::Row::size;

}  // namespace

int index_in_kind(int32_t loss_id) {
  return loss_id < losses::Pointwise::size ? loss_id : loss_id - losses::Pointwise::size;
}

}  // namespace fl

extern "C" {

int32_t fl_compute(const fl_call* call, fl_result* result, fl_status* status) {
  return fl::guarded(status, [&] {
    const double scale = fl::compute(*call);
    if (result) result->scale = scale;
  });
}

int32_t fl_scale(const fl_tensor* input, double factor, const fl_tensor* output,
                 fl_parallel_for parallel_for, void* pool, fl_status* status) {
  return fl::guarded(status, [&] {
    const fl::ScaleCall call = fl::scale_call(*input, factor, *output);
    fl::run(fl::kernels().scale[input->dtype == FL_FLOAT64], call,
            fl::blocks(call.elements.count, fl::kChunk), fl::kPointwiseScratch, call.elements.count,
            {parallel_for, pool});
  });
}

int32_t fl_loss_count(void) { return fl::kLossCount; }

const fl_loss_info* fl_get_loss_info(int32_t loss_id) {
  return loss_id >= 0 && loss_id < fl::kLossCount ? &fl::kLosses.info[loss_id] : nullptr;
}

int32_t fl_find_loss(const char* name) {
  for (int32_t id = 0; id < fl::kLossCount; ++id)
    if (!std::strcmp(name, fl::kLosses.info[id].name)) return id;
  return -1;
}

}  // extern "C"
