// Every row loss on the emulator against the CPU: values, gradients and statistics; and the bits of
// three orders in which threads may run.
//
// Usage: emulated_rows [--quick | --classes FIRST LAST] [seed]
//
// Without arguments every loss and dtype with some numbers of classes, and every kernel of
// cross-entropy with many; --quick: fewer. --classes: one call of cross-entropy for every number of
// classes, whose dtype is the next one with the next seed; about an hour for 1 to 70000.
#include <cstdlib>
#include <cstring>

#include "fusedloss/fusedloss_cuda.h"
#include "row_cases.hpp"

namespace {

// Devices of the emulator: with clusters, without, and with small ones.
constexpr const char* kDevices[] = {"H200", "A100", "slice"};

bool same_bits(const Outputs& a, const Outputs& b) {
  bool same = a.loss.bytes == b.loss.bytes && a.log_sum_exp.bytes == b.log_sum_exp.bytes &&
              a.label_log_prob.bytes == b.label_log_prob.bytes &&
              a.entropy.bytes == b.entropy.bytes && a.argmax.bytes == b.argmax.bytes;
  for (int k = 0; k < 3; ++k)
    same &= a.x[k].bytes == b.x[k].bytes && a.grad[k].bytes == b.grad[k].bytes;
  return same;
}

class Runner {
 public:
  explicit Runner(uint64_t seed) : random(seed) {}

  Random random;

  void run(const Case& c) {
    ++cases_;
    Inputs inputs = make_inputs(c, random);
    Outputs expected = make_outputs(c, inputs), found[3] = {expected, expected, expected};
    fl_status status{};
    fl_call call = describe(c, inputs, expected);
    fl_result result{};
    if (fl_compute(&call, &result, &status) != FL_OK && !c.bad_label) fail(c, status.message);
    const char* const orders[] = {"forward", "reverse", "31"};
    for (int k = 0; k < 3; ++k) {
      setenv("FUSEDLOSS_EMULATED_ORDER", orders[k], 1);
      compute(c, inputs, found[k]);
      if (!same_bits(found[k], found[0])) fail(c, "the order of the threads matters");
    }
    if (c.bad_label)
      check_bad_labels(c, inputs, found[0]);
    else
      compare(c, inputs, expected, found[0], result.scale * kUpstream);
  }

  int report() const {
    std::printf("%d cases, %d failures\n", cases_, failures_);
    return failures_ > 0;
  }

 private:
  void fail(const Case& c, const std::string& what) {
    if (++failures_ > 40) return;
    std::printf("FAIL %s, %s: %s\n", std::getenv("FUSEDLOSS_EMULATED_DEVICE"), c.name().c_str(),
                what.c_str());
  }

  void compute(const Case& c, Inputs& inputs, Outputs& outputs) {
    const fl_call call = describe(c, inputs, outputs);
    fl_status status{};
    fl_cuda_launch launch{};
    launch.struct_size = sizeof launch;
    if (fl_cuda_workspace_bytes(&call, 0, &launch.workspace_bytes, &status) != FL_OK)
      fail(c, status.message);
    std::vector<double> workspace(launch.workspace_bytes / sizeof(double) + 16, std::nan(""));
    launch.workspace = (void*)((uintptr_t(workspace.data()) + 63) / 64 * 64);
    if (fl_cuda_compute(&call, &launch, &status) != FL_OK) fail(c, status.message);
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
    const double root = std::sqrt(double(c.classes));
    const bool smoothed = c.value_of("label_smoothing") > 0;  // a sum over all classes
    const double terms = difference ? std::max(8.0, 16 * root) : smoothed ? 8 + root / 4 : 8;
    const auto close = [&](double a, double b, double size, double units) {
      return (std::isnan(a) && std::isnan(b)) || a == b ||
             std::abs(a - b) <= units * epsilon * size;
    };
    const auto all = [&](const char* what, const Array& a, const Array& b, double units) {
      for (int64_t i = 0; a && i < a.count(); ++i) {
        const double x = a.get(i), y = b.get(i);
        if (close(y, x, std::max(1.0, std::abs(x)), units)) continue;
        char text[160];
        std::snprintf(text, sizeof text, "%s %lld: %.17g instead of %.17g", what, (long long)i, y,
                      x);
        return fail(c, text);
      }
    };
    all("loss", expected.loss, found.loss, terms);
    all("log_sum_exp", expected.log_sum_exp, found.log_sum_exp, 8);
    all("label_log_prob", expected.label_log_prob, found.label_log_prob, 8);
    all("entropy", expected.entropy, found.entropy, 40);
    all("argmax", expected.argmax, found.argmax, 0);
    const double slopes = smoothed ? terms : 8;
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
          if (!(std::abs(x - y) <=
                2 * unit * std::abs(x) + slopes * epsilon * largest + subnormal)) {
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

  int cases_ = 0, failures_ = 0;
};

// Labels, and the classes of a row as neighbours in memory: what crossentropy.hpp has kernels for.
Case crossentropy_case(Random& random, int32_t dtype, int64_t classes) {
  Case c =
      random_case(random, fl_find_loss("categorical_crossentropy_from_logits"), dtype, classes);
  c.dense = false;
  if (c.memory == Memory::kClassesFirst || c.memory == Memory::kReversed)
    c.memory = Memory::kPacked;
  return c;
}

// Sizes that each kernel of cross-entropy has, and what lies between these.
void run_crossentropy(Runner& runner, bool quick) {
  const int64_t sizes[] = {2,     7,     16,    127,   256,   257,   512,   768,  1000,
                           1024,  1023,  1030,  2048,  2049,  4096,  4100,  8192, 8200,
                           16384, 16385, 32000, 32769, 50257, 65536, 65537, 70000};
  for (const int64_t classes : sizes)
    for (const int32_t dtype : {FL_FLOAT32, FL_FLOAT16, FL_BFLOAT16})
      for (int turn = 0; turn < (quick ? 1 : 3); ++turn) {
        Case c = crossentropy_case(runner.random, dtype, classes);
        if (turn == 2)
          c.bad_label = true, c.weights = c.mask = c.odd = c.ignore = false, c.reduction = FL_NONE,
          c.label_dtype = FL_INT32;
        runner.run(c);
      }
}

void run_every_loss(Runner& runner, bool quick) {
  const int64_t few[] = {1, 2, 3, 5, 8, 10, 17, 33, 64, 100};
  const int64_t many[] = {257, 1000, 1025, 2047, 2600, 5000};
  const int64_t huge[] = {16390, 50257, 70000};
  Random& random = runner.random;
  for (int32_t id = 0; id < fl_loss_count(); ++id) {
    if (fl_get_loss_info(id)->kind != FL_ROW) continue;
    for (const int32_t dtype : kDtypes) {
      for (const int64_t classes : few)
        if (!quick || random.sometimes(2)) runner.run(random_case(random, id, dtype, classes));
      for (const int64_t classes : many)
        if (!quick || random.sometimes(6)) runner.run(random_case(random, id, dtype, classes));
    }
    for (const int64_t classes : huge)
      if (!quick) runner.run(random_case(random, id, kDtypes[random.pick(4)], classes));
  }
}

void run_every_size(Runner& runner, int64_t first, int64_t last, uint64_t seed) {
  for (int64_t classes = first; classes <= last; ++classes) {
    Random& random = runner.random;
    Case c = crossentropy_case(random, kDtypes[(uint64_t(classes) + seed) % 4], classes);
    if (classes > 3000) c.rows = 1 + random.pick(2);
    setenv("FUSEDLOSS_EMULATED_DEVICE", kDevices[random.pick(3)], 1);
    runner.run(c);
  }
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false;
  int64_t first = 0, last = 0;
  uint64_t seed = 1;
  for (int i = 1; i < argc; ++i)
    if (!std::strcmp(argv[i], "--quick"))
      quick = true;
    else if (!std::strcmp(argv[i], "--classes") && i + 2 < argc)
      first = std::atoll(argv[++i]), last = std::atoll(argv[++i]);
    else
      seed = std::strtoull(argv[i], nullptr, 10);
  Runner runner(seed);
  if (last > 0) {
    run_every_size(runner, first, last, seed);
    return runner.report();
  }
  for (const char* device : kDevices) {
    setenv("FUSEDLOSS_EMULATED_DEVICE", device, 1);
    run_crossentropy(runner, quick);
  }
  setenv("FUSEDLOSS_EMULATED_DEVICE", kDevices[0], 1);
  run_every_loss(runner, quick);
  return runner.report();
}
