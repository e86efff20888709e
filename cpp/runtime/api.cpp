// The C interface: what one call computes, from checked arguments to blocks of kernels.
#include <atomic>
#include <cmath>
#include <new>
#include <vector>

#include "runtime/buffers.hpp"
#include "runtime/calls.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/parallel.hpp"
#include "runtime/status.hpp"
#include "runtime/tensors.hpp"

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

// The weights of a row loss' classes, which may have any dtype and stride.
template <class T>
std::vector<T> read_class_weight(const fl_call& call, const Arguments& arguments) {
  std::vector<T> weights;
  const fl_tensor& w = call.class_weight;
  if (w.data && arguments.info->kind == FL_ROW)
    for (int64_t c = 0; c < arguments.row_length; ++c)
      weights.push_back(T(read_number(w, c * stride_of(w, 0))));
  return weights;
}

// What a mean divides by, in rows.
double divisor(const fl_call& call, const Arguments& arguments, Threads threads) {
  if (call.reduction == FL_NONE || call.reduction == FL_SUM) return 1;
  if (call.denominator > 0) return call.denominator;
  DivisorCall k = divisor_call(call, arguments, call.reduction == FL_WEIGHTED_MEAN);
  std::vector<double> class_weight;
  if (k.class_weight) {
    class_weight = read_class_weight<double>(call, arguments);
    k.class_weight = {reinterpret_cast<char*>(class_weight.data()), FL_FLOAT64};
  }
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
    RowCall k = row_call(call, arguments);
    k.grad_scale = grad_scale;
    std::vector<double> wide;
    std::vector<float> narrow;
    if (call.class_weight.data && arguments.in_double)
      k.class_weight = (wide = read_class_weight<double>(call, arguments)).data();
    else if (call.class_weight.data)
      k.class_weight = (narrow = read_class_weight<float>(call, arguments)).data();
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

}  // namespace
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

}  // extern "C"
