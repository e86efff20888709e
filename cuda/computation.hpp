// One call of a loss on a GPU: everything that is decided before its first launch, and its
// launches.
#pragma once

#include "cuda/divisor.hpp"
#include "cuda/finish.hpp"
#include "cuda/host.hpp"
#include "cuda/pointwise_table.hpp"
#include "cuda/row_table.hpp"
#include "cuda/workspace.hpp"
#include "fusedloss/fusedloss_cuda.h"
#include "runtime/calls.hpp"
#include "runtime/tensors.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

// What gradients are multiplied with, checked.
inline DeviceNumber number_of(const char* name, const fl_tensor& x) {
  if (!x.data) return {};
  check_tensor(name, x);
  if (x.ndim != 0 || !is_floating(x.dtype))
    fail(FL_INVALID_TYPE, "%s must be 0-d and floating", name);
  return {x.data, x.dtype};
}

inline void check_scale(const fl_tensor& x) {
  if (!x.data) return;
  check_tensor("scale", x);
  if (x.ndim != 0 || (x.dtype != FL_FLOAT64 && x.dtype != FL_FLOAT32))
    fail(FL_INVALID_TYPE, "scale must be 0-d, and float64 or float32");
}

template <class Loss, class First, class... Rest>
constexpr int place_among(List<First, Rest...>) {
  if constexpr (__is_same(Loss, First))
    return 0;
  else
    return 1 + place_among<Loss>(List<Rest...>{});
}

// Whether crossentropy.hpp has a kernel for a call, faster than that of every row loss.
inline bool is_plain_crossentropy(int place, const RowCall& call) {
  constexpr int kPlace =
      place_among<losses::CategoricalCrossentropy<losses::Softmax>>(losses::Row{});
  const Operand &x = call.x[0], &grad = call.grad[0];
  return place == kPlace && !call.dense && x.dtype != FL_FLOAT64 && x.class_stride == 1 &&
         (!grad || grad.class_stride == 1);
}

// Whether there is no gap between rows.
inline bool is_packed(const RowCall& call, const Operand& x) {
  return !x || (call.rows.ndim <= 1 && (call.rows.ndim == 0 || x.strides[0] == call.classes));
}

inline bool is_aligned(const RowCall& call, const Operand& x) {
  bool aligned = uintptr_t(x.data) % kPack == 0;
  for (int d = 0; d < call.rows.ndim; ++d)
    aligned &= x.strides[d] * item_size(x.dtype) % kPack == 0;
  return aligned;
}

class Computation {
 public:
  // Throws Error if the call is not right. Without memory in the workspace it can be measured, not
  // launched.
  Computation(const fl_call& call, const Device& device, const fl_tensor& upstream,
              Workspace& workspace)
      : call_(call), arguments_(check_arguments(call)), elements_(count_elements()) {
    check_class_weight();
    const DeviceNumber device_upstream = number_of("upstream", upstream);
    if (elements_ == 0) return;
    find_scales(device_upstream, workspace);
    if (arguments_.info->kind == FL_POINTWISE)
      lay_out_pointwise(workspace);
    else
      lay_out_rows(device, workspace);
  }

  // scale: receives what the sum of losses is multiplied with, if it is given.
  void enqueue(const fl_tensor& scale, void* stream) {
    check_scale(scale);
    if (elements_ == 0) return enqueue_empty(scale, stream);
    const char* const name = arguments_.info->name;
    if (scales_.found) check(launch_divisor(divisor_, stream), name);
    const int place = index_in_kind(call_.loss_id);
    if (arguments_.info->kind == FL_POINTWISE) {
      const auto& kernels =
          arguments_.in_double ? pointwise_kernels_double : pointwise_kernels_float;
      check(kernels.of_loss[place].launch(geometry_, stream, pointwise_), name);
    } else {
      check(row_kernel_->launch(geometry_, stream, row_), name);
    }
    finish_.scale = scale.data;
    finish_.scale_in_double = scale.dtype == FL_FLOAT64;
    const bool summed = call_.loss.data && finish_.count > 0;
    if (summed || scale.data) check(launch_finish(finish_, stream), name);
  }

 private:
  int64_t count_elements() const { return arguments_.row_count * arguments_.row_length; }

  void check_class_weight() const {
    const fl_tensor& w = call_.class_weight;
    if (!w.data || arguments_.info->kind == FL_POINTWISE) return;
    const int32_t dtype = arguments_.in_double ? FL_FLOAT64 : FL_FLOAT32;
    if (w.dtype != dtype || !is_contiguous(w))
      fail(FL_INVALID_TYPE, "class_weight must be %s and contiguous on a GPU", dtype_name(dtype));
  }

  // How many rows a mean divides by, or what counts them.
  void find_scales(const DeviceNumber& upstream, Workspace& workspace) {
    const bool unscaled = call_.flags & FL_UNSCALED_GRAD;
    double rows = 1;
    if (call_.reduction == FL_MEAN || call_.reduction == FL_WEIGHTED_MEAN) {
      divisor_.call = divisor_call(call_, arguments_, call_.reduction == FL_WEIGHTED_MEAN);
      const DivisorCall& k = divisor_.call;
      if (call_.denominator > 0)
        rows = call_.denominator;
      else if (!k.mask && !k.has_ignore_label && !k.sample_weight && !k.class_weight)
        rows = double(arguments_.row_count);
      else
        scales_.found = divisor_.found = workspace.take<Scales>(1);
      divisor_.rows = DividedSpace(k.rows);
      divisor_.unscaled_grad = unscaled;
      if (k.weighted && arguments_.element_weights)
        divisor_.row_length = double(arguments_.row_length);
      if (scales_.found) divisor_.partials = workspace.take<double>(divisor_partials(k.rows.count));
    }
    scales_.known = scales_of(rows, unscaled);
    scales_.upstream = call_.has_upstream ? call_.upstream : 1;
    scales_.device_upstream = upstream;
    finish_.scales = scales_;
    finish_.loss = call_.loss.data;
    finish_.loss_in_double = arguments_.in_double;
    finish_.empty_is_nan = call_.flags & FL_EMPTY_IS_NAN;
  }

  void lay_out_pointwise(Workspace& workspace) {
    const PointwiseCall k = pointwise_call(call_, arguments_);
    finish_.row_length = double(arguments_.row_length);
    scales_.share = 1 / finish_.row_length;
    const int64_t partials = partials_of(k);
    finish_.losses = call_.reduction == FL_NONE ? arguments_.row_count : 1;
    finish_.count = partials / finish_.losses;
    double* const memory = workspace.take<double>(partials);
    pointwise_ = work_of(k, scales_, memory);
    geometry_ = geometry_of(pointwise_);
    finish_.values = memory;
    if (finish_.losses == 1) finish_.partials = workspace.take<double>(finish_partials(partials));
  }

  void lay_out_rows(const Device& device, Workspace& workspace) {
    const int64_t rows = arguments_.row_count, classes = arguments_.row_length;
    const int place = index_in_kind(call_.loss_id);
    const size_t item = arguments_.in_double ? sizeof(double) : sizeof(float);
    RowCall k = row_call(call_, arguments_);
    k.class_weight = call_.class_weight.data;
    const Operand &x = k.x[0], &grad = k.grad[0];
    row_ = RowWork(k);
    row_.scales = scales_;
    if (is_plain_crossentropy(place, k)) {
      const CrossentropyPlan plan = plan_crossentropy(device, rows, classes, item_size(x.dtype),
                                                      is_packed(k, x) && is_packed(k, grad),
                                                      is_aligned(k, x), k.params[0] != 0);
      row_kernel_ = &kernel_of(plan, x.dtype);
      row_.lanes = plan.lanes;
      row_.rows_per_block = plan.rows_per_block;
      geometry_ = plan.geometry;
    } else {
      const bool neighbours =
          x.class_stride != 1 && k.rows.ndim > 0 && x.strides[k.rows.ndim - 1] == 1;
      const int64_t mass = runs_over_pairs(call_.loss_id) ? int64_t(item) : 0;
      const RowPlan plan = plan_rows(device, rows, classes, neighbours, arguments_.in_double, mass);
      row_kernel_ = &(arguments_.in_double ? row_kernels_double : row_kernels_float).of_loss[place];
      row_.lanes = plan.lanes;
      row_.masses = workspace.take<char>(plan.teams() * classes * mass);
      geometry_ = plan.geometry;
    }
    geometry_.programmatic = scales_.found != nullptr;
    if (k.loss) {
      row_.values = k.loss.data;
    } else {
      finish_.values = row_.values = workspace.take<char>(rows * int64_t(item));
      finish_.in_double = arguments_.in_double;
      finish_.count = rows;
      finish_.partials = workspace.take<double>(finish_partials(rows));
    }
  }

  // Rows without elements: no kernel runs, but every output has a value. All bits of a NaN may
  // be 1.
  void enqueue_empty(const fl_tensor& scale, void* stream) const {
    if (scale.data) fill(scale.data, 0, size_t(item_size(scale.dtype)), stream);
    const int64_t losses = call_.reduction == FL_NONE ? arguments_.row_count : 1;
    const bool is_nan = call_.flags & FL_EMPTY_IS_NAN && call_.reduction != FL_SUM;
    if (call_.loss.data && losses > 0)
      fill(call_.loss.data, is_nan ? 0xFF : 0, size_t(losses * item_size(call_.loss.dtype)),
           stream);
  }

  const fl_call& call_;
  const Arguments arguments_;
  const int64_t elements_;
  ScalesSource scales_;
  DivisorWork divisor_;
  PointwiseWork pointwise_;
  RowWork row_{RowCall{}};
  const RowKernelOnHost* row_kernel_ = nullptr;
  Geometry geometry_;  // of the kernel of the loss
  FinishWork finish_;
};

}  // namespace
}  // namespace FL_ISA
}  // namespace fl
