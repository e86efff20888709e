// A call of a row loss with operands at random, as the C interface takes it: any loss, dtype,
// number of classes, layout in memory.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "fusedloss/fusedloss.h"
#include "kernels/dtypes.hpp"

class Random {
 public:
  explicit Random(uint64_t seed) : bits_(seed) {}

  int pick(int n) { return int(bits_() % uint64_t(n)); }
  bool sometimes(int n) { return pick(n) == 0; }
  double uniform(double low, double high) {
    return low + (high - low) * double(bits_() >> 11) * 0x1p-53;
  }
  double normal() { return std::normal_distribution<double>()(bits_); }

 private:
  std::mt19937_64 bits_;
};

using Shape = std::vector<int64_t>;

// A tensor with memory of its own; strides and the place of its first number are free.
struct Array {
  int32_t dtype = FL_FLOAT32;
  Shape shape, strides;
  std::vector<char> bytes;
  int64_t first = 0;  // number of the first element

  Array() = default;
  Array(int32_t dtype, Shape shape, Shape strides, int64_t first = 0)
      : dtype(dtype), shape(shape), strides(strides), first(first) {
    int64_t last = first;
    for (size_t d = 0; d < shape.size(); ++d)
      last += (shape[d] - 1) * std::max<int64_t>(strides[d], 0);
    bytes.resize(size_t((last + 1) * fl::item_size(dtype)));
  }
  explicit operator bool() const { return !bytes.empty(); }

  int64_t count() const {
    int64_t n = 1;
    for (const int64_t size : shape) n *= size;
    return n;
  }
  int64_t place(int64_t index) const {
    int64_t at = first;
    for (size_t d = shape.size(); d-- > 0; index /= shape[d]) at += index % shape[d] * strides[d];
    return at;
  }
  double get(int64_t index) const {
    double x = 0;
    fl::with_dtype(dtype, [&]<class S>(S*) {
      x = fl::widen<double>(fl::read<S>(bytes.data(), place(index)));
    });
    return x;
  }
  void put(int64_t index, double x) {
    fl::with_dtype(
        dtype, [&]<class S>(S*) { fl::write<S>(bytes.data(), place(index), fl::narrow<S>(x)); });
  }
  fl_tensor view() {
    if (!*this) return {};
    return {bytes.data() + first * fl::item_size(dtype), shape.data(), strides.data(),
            int32_t(shape.size()), dtype};
  }
};

inline Shape packed(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

constexpr double kUpstream = 0.75;

enum class Memory { kPacked, kUnaligned, kPadded, kClassesFirst, kReversed };

struct Case {
  const fl_loss_info* info;
  int32_t loss_id, dtype;
  int64_t rows, classes;
  Memory memory = Memory::kPacked;
  bool dense = false, weights = false, mask = false, ignore = false, class_weight = false;
  bool in_place = false, gradient = true, odd = false, bad_label = false;
  int32_t label_dtype = FL_INT64, target_dtype = FL_FLOAT32, reduction = FL_NONE;
  std::vector<double> params = {};

  double value_of(const std::string& parameter) const {
    for (size_t i = 0; i < params.size(); ++i)
      if (info->params[i].name == parameter) return params[i];
    return 0;
  }
  std::string name() const {
    char text[256];
    std::snprintf(
        text, sizeof text,
        "%s dtype %d, %lld x %lld, memory %d, dense %d, weights %d, mask %d, ignore %d, "
        "class_weight %d, in_place %d, gradient %d, odd %d, labels %d, reduction %d, p0 %g",
        info->name, int(dtype), (long long)rows, (long long)classes, int(memory), dense, weights,
        mask, ignore, class_weight, in_place, gradient, odd, int(label_dtype), int(reduction),
        params.empty() ? 0.0 : params[0]);
    return text;
  }
};

struct Inputs {
  Array y_true, x[3], weight, mask, class_weight;
};
struct Outputs {
  Array x[3], loss, grad[3], log_sum_exp, label_log_prob, entropy, argmax;
};

inline Array logits(const Case& c) {
  const int64_t n = c.rows, k = c.classes;
  switch (c.memory) {
    case Memory::kUnaligned:
      return {c.dtype, {n, k}, {k, 1}, 3};
    case Memory::kPadded:
      return {c.dtype, {n, k}, {k + 5, 1}, 1};
    case Memory::kClassesFirst:
      return {c.dtype, {2, n, k}, {n * k, 1, n}};
    case Memory::kReversed:
      return {c.dtype, {n, k}, {-k, -1}, n * k - 1};
    default:
      return {c.dtype, {n, k}, {k, 1}};
  }
}

inline Inputs make_inputs(const Case& c, Random& random) {
  Inputs in;
  const std::string name = c.info->name;
  const bool logarithms = name.find("log_probs") != std::string::npos;
  const bool probabilities = !logarithms && name.find("logits") == std::string::npos &&
                             (name.find("crossentropy") != std::string::npos ||
                              name.find("divergence") != std::string::npos);
  Shape of_rows;
  for (int k = 0; k <= c.info->num_more; ++k) {
    Array& x = in.x[k] = logits(c);
    of_rows.assign(x.shape.begin(), x.shape.end() - 1);
    const int64_t rows = x.count() / c.classes;
    for (int64_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (int64_t i = 0; i < c.classes; ++i) {
        double v = random.normal() * 3;
        if (probabilities || logarithms) v = std::exp(v), sum += v;
        x.put(r * c.classes + i, v);
      }
      for (int64_t i = 0; (probabilities || logarithms) && i < c.classes; ++i) {
        const double p = x.get(r * c.classes + i) / sum;
        x.put(r * c.classes + i, logarithms ? std::log(p) : p);
      }
    }
  }
  Array& x = in.x[0];
  const int64_t rows = x.count() / c.classes;
  if (c.odd) {  // a row of one infinity, of -infinities, and with NaN
    const double inf = std::numeric_limits<double>::infinity();
    x.put(random.pick(int(c.classes)), inf);
    for (int64_t i = 0; rows > 1 && i < c.classes; ++i) x.put(c.classes + i, -inf);
    if (rows > 2) x.put(2 * c.classes + random.pick(int(c.classes)), std::nan(""));
    if (rows > 3) x.put(3 * c.classes + random.pick(int(c.classes)), -inf);
  }
  if (c.info->targets == FL_TARGETS_ROWS) {
    in.y_true = Array(FL_INT32, of_rows, packed(of_rows));
    for (int64_t r = 0; r < rows; ++r) in.y_true.put(r, random.pick(3) - 1);
  } else if (c.info->targets == FL_TARGETS_ELEMENTS && c.dense) {
    in.y_true = Array(c.target_dtype, x.shape, packed(x.shape));
    for (int64_t i = 0; i < x.count(); ++i)
      in.y_true.put(i, c.target_dtype == FL_INT8 ? random.pick(2)
                       : random.sometimes(4)     ? random.uniform(0, 1)
                                                 : 0);
  } else if (c.info->targets == FL_TARGETS_ELEMENTS) {
    in.y_true = Array(c.label_dtype, of_rows, packed(of_rows));
    const bool narrow = fl::item_size(c.label_dtype) == 1;
    for (int64_t r = 0; r < rows; ++r)
      in.y_true.put(r, random.pick(int(narrow ? std::min<int64_t>(c.classes, 127) : c.classes)));
    if (c.ignore)
      for (int64_t r = 0; r < rows; r += 2) in.y_true.put(r, 0);
    if (c.bad_label) in.y_true.put(rows / 2, double(c.classes));
  }
  if (c.weights) {
    in.weight = Array(FL_FLOAT32, of_rows, packed(of_rows));
    for (int64_t r = 0; r < rows; ++r)
      in.weight.put(r, random.sometimes(4) ? 0 : random.uniform(-0.5, 2));
  }
  if (c.mask) {
    in.mask = Array(FL_BOOL, of_rows, packed(of_rows));
    for (int64_t r = 0; r < rows; ++r) in.mask.put(r, random.pick(3) != 0);
  }
  if (c.class_weight) {
    in.class_weight = Array(c.dtype == FL_FLOAT64 ? FL_FLOAT64 : FL_FLOAT32, {c.classes}, {1});
    for (int64_t i = 0; i < c.classes; ++i) in.class_weight.put(i, random.uniform(0.5, 2));
  }
  return in;
}

inline Outputs make_outputs(const Case& c, const Inputs& in) {
  Outputs out;
  const int32_t computed = c.dtype == FL_FLOAT64 ? FL_FLOAT64 : FL_FLOAT32;
  const Shape of_rows(in.x[0].shape.begin(), in.x[0].shape.end() - 1);
  const Shape of_loss = c.reduction == FL_NONE ? of_rows : Shape{};
  out.loss = Array(computed, of_loss, packed(of_loss));
  for (int k = 0; k <= c.info->num_more; ++k) {
    out.x[k] = in.x[k];
    if (c.gradient && !c.in_place) {
      out.grad[k] = c.memory == Memory::kPadded
                        ? Array(c.dtype, in.x[k].shape, packed(in.x[k].shape))
                        : in.x[k];
      std::fill(out.grad[k].bytes.begin(), out.grad[k].bytes.end(), 77);
    }
  }
  if (c.info->has_statistics) {
    out.log_sum_exp = out.entropy = Array(computed, of_rows, packed(of_rows));
    if (!c.dense) out.label_log_prob = out.entropy;
    out.argmax = Array(FL_INT64, of_rows, packed(of_rows));
  }
  return out;
}

inline fl_call describe(const Case& c, Inputs& in, Outputs& out) {
  fl_call call{};
  call.struct_size = sizeof call;
  call.loss_id = c.loss_id;
  call.num_params = int32_t(c.params.size());
  call.params = c.params.data();
  call.row_axes = 1;
  call.reduction = c.reduction;
  call.has_ignore_label = c.ignore && !c.dense && c.info->targets == FL_TARGETS_ELEMENTS;
  call.has_upstream = 1;
  call.upstream = kUpstream;
  call.y_true = in.y_true.view();
  call.y_pred = out.x[0].view();
  call.sample_weight = in.weight.view();
  call.mask = in.mask.view();
  call.class_weight = in.class_weight.view();
  call.loss = out.loss.view();
  call.grad = c.in_place ? call.y_pred : out.grad[0].view();
  for (int k = 0; k < c.info->num_more; ++k) {
    call.more[k] = out.x[k + 1].view();
    call.more_grad[k] = c.in_place ? call.more[k] : out.grad[k + 1].view();
  }
  call.statistics = {out.log_sum_exp.view(), out.label_log_prob.view(), out.entropy.view(),
                     out.argmax.view()};
  return call;
}

constexpr int32_t kDtypes[] = {FL_FLOAT32, FL_FLOAT16, FL_BFLOAT16, FL_FLOAT64};
constexpr int32_t kLabelDtypes[] = {FL_INT64, FL_INT32, FL_INT16, FL_INT8, FL_UINT8};

// Everything but the number of classes and the loss at random.
inline Case random_case(Random& random, int32_t loss_id, int32_t dtype, int64_t classes) {
  Case c{fl_get_loss_info(loss_id), loss_id, dtype, 0, classes};
  c.rows = classes > 3000 ? 1 + random.pick(5) : 1 + random.pick(classes < 40 ? 300 : 20);
  c.memory = Memory(random.pick(5));
  c.dense = random.sometimes(3);
  c.weights = random.sometimes(3);
  c.mask = random.sometimes(4);
  c.ignore = random.sometimes(3);
  c.class_weight = c.info->takes_class_weight && random.sometimes(3);
  c.in_place = random.sometimes(3);
  c.gradient = !random.sometimes(6);
  if (!c.gradient) c.in_place = false;
  // Of a class without a target NaN counts on a CPU if a register has one beside it that has.
  c.odd = random.sometimes(6) && !c.dense;
  if (c.memory == Memory::kClassesFirst) c.rows = 1 + c.rows / 2;
  c.label_dtype = kLabelDtypes[random.pick(classes > 32767 ? 2 : 5)];
  c.target_dtype = random.sometimes(2) ? dtype : random.sometimes(2) ? FL_INT8 : FL_FLOAT32;
  c.reduction = random.sometimes(2) ? FL_NONE : random.pick(4);
  for (int i = 0; i < c.info->num_params; ++i) {
    double value = c.info->params[i].value;
    const std::string name = c.info->params[i].name;
    if (name == "label_smoothing" && random.sometimes(2)) value = 0.1;
    if (name == "smoothed_focus" && random.sometimes(2)) value = 1;
    if (name == "softcap" && random.sometimes(2)) value = 20;
    if (name == "z_loss" && random.sometimes(2)) value = 0.01;
    if (name == "swap" && random.sometimes(2)) value = 1;
    if (name == "p" && random.sometimes(2)) value = 2;
    c.params.push_back(value);
  }
  return c;
}
