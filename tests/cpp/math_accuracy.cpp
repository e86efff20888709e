// The ULP bounds of simd/math.hpp, checked against the C library in a wider type.
//
//   math_accuracy            every float of each function's domain, and 2^26 doubles
//   math_accuracy --quick    every 4099th float (a prime, so that all exponents and signs are met)
//
// Prints the largest error of each function in units in the last place; fails above its bound.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "simd/math.hpp"

namespace {

using fl::Double;
using fl::Float;

#if defined(__FMA__) || defined(__ARM_NEON)
constexpr bool kFused = true;
#else
constexpr bool kFused = false;
#endif

bool this_cpu_can_run_it() {
#if defined(__AVX512F__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
#elif defined(__AVX2__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return true;
#endif
}

// |got - expected| in units of the last place of T at `expected`, subnormals included.
template <class T, class Wide>
double ulp_error(T got, Wide expected) {
  const T nearest = T(expected);
  if (std::isnan(nearest)) return std::isnan(got) ? 0 : INFINITY;
  if (std::isinf(nearest) || std::isinf(got)) return got == nearest ? 0 : INFINITY;
  const int digits = sizeof(T) == 4 ? 24 : 53, lowest = sizeof(T) == 4 ? -149 : -1074;
  const int exponent = nearest == 0 ? lowest : std::max(std::ilogb(nearest) - digits + 1, lowest);
  return double(std::fabs((Wide(got) - expected) / std::ldexp(Wide(1), exponent)));
}

template <class V, class Wide>
struct Function {
  const char* name;
  V (*ours)(V);
  Wide (*reference)(Wide);
  double low, high;  // domain
  double bound;
};

template <class Wide>
Wide decay_reference(Wide x) {
  return std::exp(-std::fabs(x));
}

const Function<Float, double> kFloatFunctions[] = {
    {"exp", [](Float x) { return exp(x); }, std::exp, -INFINITY, INFINITY, 1.02},
    {"decay", [](Float x) { return decay(x); }, decay_reference, -INFINITY, INFINITY, 1.02},
    {"expm1", [](Float x) { return expm1(x); }, std::expm1, -INFINITY, 0, 0.96},
    {"tanh", [](Float x) { return tanh(x); }, std::tanh, -INFINITY, INFINITY, 2.29},
    {"log", [](Float x) { return log(x); }, std::log, -INFINITY, INFINITY, 0.99},
    {"log1p", [](Float x) { return log1p(x); }, std::log1p, -INFINITY, INFINITY, 1.27},
    {"log1p_of_fraction", [](Float x) { return log1p_of_fraction(x); }, std::log1p, 0, 1,
     kFused ? 1.86 : 2.48},
};
const Function<Double, long double> kDoubleFunctions[] = {
    {"exp", [](Double x) { return exp(x); }, std::exp, -INFINITY, INFINITY, 0.99},
    {"decay", [](Double x) { return decay(x); }, decay_reference, -INFINITY, INFINITY, 0.99},
    {"expm1", [](Double x) { return expm1(x); }, std::expm1, -INFINITY, 0, 1.15},
    {"tanh", [](Double x) { return tanh(x); }, std::tanh, -INFINITY, INFINITY, 2.51},
    {"log", [](Double x) { return log(x); }, std::log, -INFINITY, INFINITY, 0.87},
    {"log1p", [](Double x) { return log1p(x); }, std::log1p, -INFINITY, INFINITY, 0.86},
    {"log1p_of_fraction", [](Double x) { return log1p_of_fraction(x); }, std::log1p, 0, 1, 0.86},
};

struct Worst {
  double error = 0, at = 0;
};

// Feeds arguments first, first + step, ... of `count` to the function, as made by argument(i).
template <class V, class Wide, class Argument>
Worst sweep(const Function<V, Wide>& f, uint64_t first, uint64_t step, uint64_t count,
            Argument argument) {
  using T = typename V::Scalar;
  Worst worst;
  T x[V::kSize], y[V::kSize];
  int filled = 0;
  const auto flush = [&] {
    f.ours(V::load(x)).store(y);
    for (int i = 0; i < filled; ++i) {
      const double error = ulp_error(y[i], f.reference(Wide(x[i])));
      if (error > worst.error) worst = {error, double(x[i])};
    }
    filled = 0;
  };
  for (T& v : x) v = 0;
  for (uint64_t i = first; i < count; i += step) {
    const T value = argument(i);
    if (!(value >= f.low && value <= f.high) && !std::isnan(value)) continue;
    x[filled++] = value;
    if (filled == V::kSize) flush();
  }
  flush();
  return worst;
}

float float_of_bits(uint64_t i) {
  const uint32_t bits = uint32_t(i);
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// Doubles spread over all exponents: a multiplicative hash of the index as bits.
double double_of_hash(uint64_t i) {
  const uint64_t bits = (i + 1) * 0x9E3779B97F4A7C15;
  double x;
  std::memcpy(&x, &bits, sizeof x);
  // Every other one in [-40, 40], where the functions are used.
  return i % 2 ? x : double(int64_t(bits)) * (40.0 / 9.3e18);
}

template <class V, class Wide, class Argument>
bool check(const Function<V, Wide>& f, uint64_t step, uint64_t count, Argument argument) {
  const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<Worst> found(threads);
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < threads; ++t)
    workers.emplace_back(
        [&, t] { found[t] = sweep(f, t * step, threads * step, count, argument); });
  for (auto& worker : workers) worker.join();
  Worst worst;
  for (const Worst& w : found)
    if (w.error > worst.error) worst = w;
  const bool passed = worst.error <= f.bound;
  std::printf("%-8s %-17s %.3f ulp at %.9g (bound %g)%s\n",
              sizeof(typename V::Scalar) == 4 ? "float" : "double", f.name, worst.error, worst.at,
              f.bound, passed ? "" : "  FAILED");
  return passed;
}

}  // namespace

int main(int count, char** arguments) {
  if (!this_cpu_can_run_it()) return 77;
  const bool quick = count > 1 && std::string(arguments[1]) == "--quick";
  int failed = 0;
  for (const auto& f : kFloatFunctions)
    failed += !check(f, quick ? 4099 : 1, uint64_t(1) << 32, float_of_bits);
  for (const auto& f : kDoubleFunctions)
    failed += !check(f, 1, uint64_t(1) << (quick ? 18 : 26), double_of_hash);
  const int all = int(std::size(kFloatFunctions) + std::size(kDoubleFunctions));
  std::printf("%d passed, %d failed\n", all - failed, failed);
  return failed ? 1 : 0;
}
