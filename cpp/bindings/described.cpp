#include "bindings/described.hpp"

#include <string>

namespace py = pybind11;

namespace fl {

void DescribedCall::read_more(const py::tuple& more, const py::tuple& grads, int32_t device) {
  if (more.size() > FL_MAX_MORE || (!grads.empty() && grads.size() != more.size()))
    throw py::value_error("more must hold at most " + std::to_string(FL_MAX_MORE) +
                          " arrays, and more_grads one for each of them");
  for (size_t k = 0; k < more.size(); ++k) {
    view(more[k], "more", more_[k], device);
    if (!grads.empty()) view_output(grads[k], "more_grads", more_[FL_MAX_MORE + k], device);
  }
}

void DescribedCall::read_statistics(const py::tuple& arrays, int32_t device) {
  constexpr const char* kNames[] = {"log_sum_exp", "label_log_prob", "entropy", "argmax"};
  if (arrays.size() != 4) throw py::value_error("statistics must hold 4 arrays or None");
  for (size_t i = 0; i < 4; ++i) view_output(arrays[i], kNames[i], statistics_[i], device);
}

DescribedCall::DescribedCall(const Arguments& given, int32_t device) {
  call.struct_size = sizeof call;
  call.loss_id = int32_t(given.integer(kLoss));
  const py::tuple params = given.tuple(kParams);
  call.params = params_;
  call.num_params = int32_t(params.size());
  for (size_t i = 0; i < params.size() && i < FL_MAX_PARAMS; ++i)
    params_[i] = Arguments::to_number(params[i]);
  call.reduction = int32_t(given.integer(kReduction));
  call.denominator = given.number(kDenominator);
  call.flags = int32_t(given.integer(kFlags));
  if (!given[kIgnoreLabel].is_none()) {
    call.has_ignore_label = 1;
    call.ignore_label = given.integer(kIgnoreLabel);
  }
  view(given[kTrue], "y_true", views_[0], device);
  view(given[kPred], "y_pred", views_[1], device);
  view(given[kSampleWeight], "sample_weight", views_[2], device);
  view(given[kMask], "mask", views_[3], device);
  view(given[kClassWeight], "class_weight", views_[4], device);
  view_output(given[kLossOut], "loss_out", views_[5], device);
  view_output(given[kGradOut], "grad_out", views_[6], device);
  const py::tuple more = given.tuple(kMore), more_grads = given.tuple(kMoreGrads);
  if (!more.empty() || !more_grads.empty()) read_more(more, more_grads, device);
  if (!given[kStatistics].is_none()) read_statistics(given.tuple(kStatistics), device);
  const int ndim = views_[1].tensor.ndim;
  if (!given[kRowAxis].is_none()) {
    const int64_t axis = given.integer(kRowAxis), place = axis < 0 ? axis + ndim : axis;
    if (place < 0 || place >= ndim)
      throw py::value_error("axis must lie in [" + std::to_string(-ndim) + ", " +
                            std::to_string(ndim) + "), got " + std::to_string(axis));
    call.row_axes = 1;
    const bool per_class = views_[4].tensor.ndim == 1;  // weights of classes have no other axis
    for (int i : {0, 1, 2, 4, 6})
      if (views_[i].tensor.data && views_[i].tensor.ndim == ndim && !(i == 4 && per_class))
        views_[i].move_axis_last(int(place));
    for (View& v : more_)
      if (v.tensor.data && v.tensor.ndim == ndim) v.move_axis_last(int(place));
  }
  call.y_true = views_[0].tensor;
  call.y_pred = views_[1].tensor;
  call.sample_weight = views_[2].tensor;
  call.mask = views_[3].tensor;
  call.class_weight = views_[4].tensor;
  call.loss = views_[5].tensor;
  call.grad = views_[6].tensor;
  for (int k = 0; k < FL_MAX_MORE; ++k) {
    call.more[k] = more_[k].tensor;
    call.more_grad[k] = more_[FL_MAX_MORE + k].tensor;
  }
  call.statistics = {statistics_[0].tensor, statistics_[1].tensor, statistics_[2].tensor,
                     statistics_[3].tensor};
}

}  // namespace fl
