// Every row loss on the emulator against the CPU: values, gradients and statistics; and the bits of
// both orders in which threads may run.
//
// Usage: emulated_rows [--quick] [seed]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "fusedloss/fusedloss_cuda.h"
#include "kernels/dtypes.hpp"

namespace {

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

Shape packed(const Shape& shape) {
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

Array logits(const Case& c) {
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

class Runner {
 public:
  explicit Runner(uint64_t seed) : random_(seed) {}

  void run(const Case& c) {
    ++cases_;
    Inputs inputs = make_inputs(c);
    Outputs expected = make_outputs(c, inputs), found[3] = {expected, expected, expected};
    fl_status status{};
    fl_call call = describe(c, inputs, expected);
    const bool raises = c.bad_label;
    fl_result result{};
    if (fl_compute(&call, &result, &status) != FL_OK && !raises) fail(c, status.message);
    const char* const orders[] = {"forward", "reverse", "31"};
    for (int k = 0; k < 3; ++k) {
      setenv("FUSEDLOSS_EMULATED_ORDER", orders[k], 1);
      call = describe(c, inputs, found[k]);
      size_t bytes = 0;
      if (fl_cuda_workspace_bytes(&call, 0, &bytes, &status) != FL_OK) fail(c, status.message);
      std::vector<double> workspace(bytes / sizeof(double) + 16, std::nan(""));
      fl_cuda_launch launch{};
      launch.struct_size = sizeof launch;
      launch.workspace = (void*)((uintptr_t(workspace.data()) + 63) / 64 * 64);
      launch.workspace_bytes = bytes;
      if (fl_cuda_compute(&call, &launch, &status) != FL_OK) fail(c, status.message);
      if (k > 0 && (found[k].loss.bytes != found[0].loss.bytes ||
                    found[k].x[0].bytes != found[0].x[0].bytes ||
                    found[k].grad[0].bytes != found[0].grad[0].bytes))
        fail(c, "the order of the threads matters");
    }
    if (raises) return check_bad_labels(c, inputs, found[0]);
    compare(c, inputs, expected, found[0], result.scale * kUpstream);
  }

  int report() const {
    std::printf("%d cases, %d failures\n", cases_, failures_);
    return failures_ > 0;
  }

  int pick(int n) { return int(random_() % uint64_t(n)); }

 private:
  double uniform(double low, double high) {
    return low + (high - low) * double(random_() >> 11) * 0x1p-53;
  }
  double normal() { return std::normal_distribution<double>()(random_); }

  void fail(const Case& c, const std::string& what) {
    if (++failures_ <= 40) std::printf("FAIL %s: %s\n", c.name().c_str(), what.c_str());
  }

  Inputs make_inputs(const Case& c) {
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
          double v = normal() * 3;
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
      x.put(pick(int(c.classes)), inf);
      for (int64_t i = 0; rows > 1 && i < c.classes; ++i) x.put(c.classes + i, -inf);
      if (rows > 2) x.put(2 * c.classes + pick(int(c.classes)), std::nan(""));
      if (rows > 3) x.put(3 * c.classes + pick(int(c.classes)), -inf);
    }
    if (c.info->targets == FL_TARGETS_ROWS) {
      in.y_true = Array(FL_INT32, of_rows, packed(of_rows));
      for (int64_t r = 0; r < rows; ++r) in.y_true.put(r, pick(3) - 1);
    } else if (c.info->targets == FL_TARGETS_ELEMENTS && c.dense) {
      in.y_true = Array(c.target_dtype, x.shape, packed(x.shape));
      for (int64_t i = 0; i < x.count(); ++i)
        in.y_true.put(i, c.target_dtype == FL_INT8 ? pick(2) : pick(4) == 0 ? uniform(0, 1) : 0);
    } else if (c.info->targets == FL_TARGETS_ELEMENTS) {
      in.y_true = Array(c.label_dtype, of_rows, packed(of_rows));
      const bool narrow = fl::item_size(c.label_dtype) == 1;
      for (int64_t r = 0; r < rows; ++r)
        in.y_true.put(r, pick(int(narrow ? std::min<int64_t>(c.classes, 127) : c.classes)));
      if (c.ignore)
        for (int64_t r = 0; r < rows; r += 2) in.y_true.put(r, 0);
      if (c.bad_label) in.y_true.put(rows / 2, double(c.classes));
    }
    if (c.weights) {
      in.weight = Array(FL_FLOAT32, of_rows, packed(of_rows));
      for (int64_t r = 0; r < rows; ++r) in.weight.put(r, pick(4) == 0 ? 0 : uniform(-0.5, 2));
    }
    if (c.mask) {
      in.mask = Array(FL_BOOL, of_rows, packed(of_rows));
      for (int64_t r = 0; r < rows; ++r) in.mask.put(r, pick(3) != 0);
    }
    if (c.class_weight) {
      in.class_weight = Array(c.dtype == FL_FLOAT64 ? FL_FLOAT64 : FL_FLOAT32, {c.classes}, {1});
      for (int64_t i = 0; i < c.classes; ++i) in.class_weight.put(i, uniform(0.5, 2));
    }
    return in;
  }

  static Outputs make_outputs(const Case& c, const Inputs& in) {
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

  static fl_call describe(const Case& c, Inputs& in, Outputs& out) {
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

  // Of rows without a class for a label everything is NaN, and of no others.
  void check_bad_labels(const Case& c, Inputs& in, Outputs& found) {
    const int64_t rows = in.x[0].count() / c.classes;
    const Array& grad = c.in_place ? found.x[0] : found.grad[0];
    for (int64_t r = 0; r < rows; ++r) {
      const bool bad = r == rows / 2;
      bool all = std::isnan(found.loss.get(r)) == bad;
      for (int64_t i = 0; c.gradient && i < c.classes; ++i)
        all &= std::isnan(grad.get(r * c.classes + i)) == bad;
      if (!all) fail(c, "a label that is no class");
    }
  }

  // Sums have another order; beside that 16-bit logits have a quicker exponential, 3 units in the
  // last place of float. Losses are compared relative to the larger one of 1 and what they are,
  // unless they are differences of sums over the row; gradients in units of their
  // dtype, and of the largest slope of the row where they are differences.
  void compare(const Case& c, const Inputs& in, Outputs& expected, Outputs& found, double slope) {
    const double epsilon = c.dtype == FL_FLOAT64 ? 0x1p-52 : 0x1p-23;
    const bool difference = c.dense || c.info->takes_class_weight == 0;
    const double terms = difference ? std::max(8.0, 16 * std::sqrt(double(c.classes))) : 8;
    const auto close = [&](double a, double b, double size, double units) {
      return (std::isnan(a) && std::isnan(b)) || a == b ||
             std::abs(a - b) <= units * epsilon * size;
    };
    const auto all = [&](const char* what, const Array& a, const Array& b, double units) {
      for (int64_t i = 0; a && i < a.count(); ++i)
        if (!close(b.get(i), a.get(i), std::max(1.0, std::abs(a.get(i))), units))
          return fail(c, what + (" " + std::to_string(i) + ": " + std::to_string(b.get(i)) +
                                 " instead of " + std::to_string(a.get(i))));
    };
    all("loss", expected.loss, found.loss, terms);
    all("log_sum_exp", expected.log_sum_exp, found.log_sum_exp, 8);
    all("label_log_prob", expected.label_log_prob, found.label_log_prob, 8);
    all("entropy", expected.entropy, found.entropy, 40);
    all("argmax", expected.argmax, found.argmax, 0);
    const double unit = c.dtype == FL_FLOAT16 ? 0x1p-10 : c.dtype == FL_BFLOAT16 ? 0x1p-7 : epsilon;
    for (int k = 0; c.gradient && k <= c.info->num_more; ++k) {
      const Array& a = c.in_place ? expected.x[k] : expected.grad[k];
      const Array& b = c.in_place ? found.x[k] : found.grad[k];
      for (int64_t r = 0; r < a.count() / c.classes; ++r) {
        double largest = 4 * std::abs(slope);
        for (int64_t i = 0; i < c.classes; ++i)
          largest = std::max(largest, std::abs(a.get(r * c.classes + i)));
        for (int64_t i = 0; i < c.classes; ++i) {
          const double x = a.get(r * c.classes + i), y = b.get(r * c.classes + i);
          const double subnormal = c.dtype == FL_FLOAT16 ? 0x1p-24 : 0;
          if ((std::isnan(x) && std::isnan(y)) || x == y) continue;
          // Of a class without a target, next to one that has one in a register of the CPU.
          if (std::isnan(x) && y == 0 && c.dense && in.y_true.get(r * c.classes + i) == 0) continue;
          if (!(std::abs(x - y) <= 2 * unit * std::abs(x) + 8 * epsilon * largest + subnormal)) {
            char text[160];
            std::snprintf(text, sizeof text,
                          "gradient %d, row %lld, class %lld: %.9g instead of %.9g", k,
                          (long long)r, (long long)i, y, x);
            return fail(c, text);
          }
        }
      }
    }
  }

  std::mt19937_64 random_;
  int cases_ = 0, failures_ = 0;
};

constexpr int32_t kDtypes[] = {FL_FLOAT32, FL_FLOAT16, FL_BFLOAT16, FL_FLOAT64};
constexpr int32_t kLabelDtypes[] = {FL_INT64, FL_INT32, FL_INT16, FL_INT8, FL_UINT8};

// Everything but the number of classes and the loss at random.
Case random_case(Runner& runner, int32_t loss_id, int32_t dtype, int64_t classes) {
  Case c{fl_get_loss_info(loss_id), loss_id, dtype, 0, classes};
  const auto sometimes = [&](int n) { return runner.pick(n) == 0; };
  c.rows = classes > 3000 ? 1 + runner.pick(5) : 1 + runner.pick(classes < 40 ? 300 : 20);
  c.memory = Memory(runner.pick(5));
  c.dense = sometimes(3);
  c.weights = sometimes(3);
  c.mask = sometimes(4);
  c.ignore = sometimes(3);
  c.class_weight = c.info->takes_class_weight && sometimes(3);
  c.in_place = sometimes(3);
  c.gradient = !sometimes(6);
  if (!c.gradient) c.in_place = false;
  // Of a class without a target NaN counts on a CPU if a register has one beside it that has.
  c.odd = sometimes(6) && !c.dense;
  if (c.memory == Memory::kClassesFirst) c.rows = 1 + c.rows / 2;
  c.label_dtype = kLabelDtypes[runner.pick(classes > 32767 ? 2 : 5)];
  c.target_dtype = sometimes(2) ? dtype : sometimes(2) ? FL_INT8 : FL_FLOAT32;
  c.reduction = sometimes(2) ? FL_NONE : runner.pick(4);
  for (int i = 0; i < c.info->num_params; ++i) {
    double value = c.info->params[i].value;
    const std::string name = c.info->params[i].name;
    if (name == "label_smoothing" && sometimes(2)) value = 0.1;
    if (name == "smoothed_focus" && sometimes(2)) value = 1;
    if (name == "softcap" && sometimes(2)) value = 20;
    if (name == "z_loss" && sometimes(2)) value = 0.01;
    if (name == "swap" && sometimes(2)) value = 1;
    if (name == "p" && sometimes(2)) value = 2;
    c.params.push_back(value);
  }
  return c;
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  uint64_t seed = 1;
  for (int i = 1; i < argc; ++i)
    if (!std::strcmp(argv[i], "--quick"))
      quick = true;
    else
      seed = std::strtoull(argv[i], nullptr, 10);
  Runner runner(seed);
  const int64_t few[] = {1, 2, 3, 5, 8, 10, 17, 33, 64, 100};
  const int64_t many[] = {257, 1000, 1025, 2047, 2600, 5000};
  const int64_t huge[] = {16390, 50257, 70000};
  // Beyond: every kernel of cross-entropy, and what lies between their sizes.
  const int64_t held[] = {2,     7,     16,    127,   256,   257,   512,   768,  1000,
                          1024,  1023,  1030,  2048,  2049,  4096,  4100,  8192, 8200,
                          16384, 16385, 32000, 32769, 50257, 65536, 65537, 70000};
  for (const char* device : {"H200", "A100"}) {
    setenv("FUSEDLOSS_EMULATED_DEVICE", device, 1);
    const int32_t crossentropy = fl_find_loss("categorical_crossentropy_from_logits");
    for (const int64_t classes : held)
      for (const int32_t dtype : kDtypes)
        for (int turn = 0; turn < (quick ? 1 : 3); ++turn) {
          Case c = random_case(runner, crossentropy, dtype, classes);
          if (dtype == FL_FLOAT64) continue;
          c.dense = false;
          if (c.memory == Memory::kClassesFirst || c.memory == Memory::kReversed)
            c.memory = Memory::kPacked;
          if (turn == 2)
            c.bad_label = true, c.weights = c.mask = c.odd = c.ignore = false,
            c.reduction = FL_NONE, c.label_dtype = FL_INT32;
          runner.run(c);
        }
    if (!std::strcmp(device, "A100")) break;
    for (int32_t id = 0; id < fl_loss_count(); ++id) {
      if (fl_get_loss_info(id)->kind != FL_ROW) continue;
      for (const int32_t dtype : kDtypes) {
        for (const int64_t classes : few) runner.run(random_case(runner, id, dtype, classes));
        for (const int64_t classes : many)
          if (!quick || runner.pick(3) == 0) runner.run(random_case(runner, id, dtype, classes));
      }
      for (const int64_t classes : huge)
        if (!quick || classes == 16390)
          runner.run(random_case(runner, id, kDtypes[runner.pick(4)], classes));
    }
  }
  return runner.report();
}
