// One lane (simd/lane.hpp) has the bits of a register of this CPU: in the functions of
// simd/math.hpp, the conversions of simd/formats.hpp, every pointwise loss and its gradient.
//
//   one_lane            2^26 arguments of each
//   one_lane --quick    2^18
//
// NaN may be any NaN. A CPU without FMA (exit status 77) has other bits, as it has in the library.
#include "one_lane.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

namespace {

using one_lane::Function;
using one_lane::kBatch;

bool this_cpu_has_fma() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
#else
  return true;
#endif
}

// Of three in a row one is any number of the format, one is such a number and the next argument
// close to it, and one lies in [-8, 8], as those of losses do; among them 0, 1 and infinities.
template <class T>
T argument(uint64_t index, int place) {
  const uint64_t hash = (3 * index + uint64_t(place) + 1) * 0x9E3779B97F4A7C15;
  const uint64_t mixed = hash ^ hash >> 29;
  T x;
  if (index % 3 == 2) {
    constexpr double kPlain[] = {0, -0.0, 1, -1, 0.5, INFINITY, -INFINITY, NAN};
    return T(mixed % 61 < 8 ? kPlain[mixed % 61] : double(int64_t(hash)) * (8 / 9.3e18));
  }
  const uint64_t base = (3 * index + 1) * 0x9E3779B97F4A7C15;
  const uint64_t bits = index % 3 ? base + (mixed >> (sizeof(T) == 4 ? 40 : 12)) * place : mixed;
  std::memcpy(&x, (const char*)&bits + (8 - sizeof x), sizeof x);
  return x;
}

template <class T>
bool same(T a, T b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}

template <class T>
bool check(const Function<T>& lane, const Function<T>& expected, uint64_t count) {
  T x[kBatch], y[kBatch], z[kBatch], got[2][kBatch] = {}, wanted[2][kBatch] = {};
  for (uint64_t first = 0; first < count; first += kBatch) {
    for (int i = 0; i < kBatch; ++i) {
      x[i] = argument<T>(first + uint64_t(i), 0);
      y[i] = argument<T>(first + uint64_t(i), 1);
      z[i] = argument<T>(first + uint64_t(i), 2);
    }
    lane.apply(x, y, z, got[0], got[1]);
    expected.apply(x, y, z, wanted[0], wanted[1]);
    for (int k = 0; k < 2; ++k)
      for (int i = 0; i < kBatch; ++i)
        if (!same(got[k][i], wanted[k][i])) {
          std::printf("%s %s of %a, %a, %a: %a, not %a  FAILED\n",
                      sizeof(T) == 4 ? "float" : "double", lane.name, double(x[i]), double(y[i]),
                      double(z[i]), double(got[k][i]), double(wanted[k][i]));
          return false;
        }
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  if (!this_cpu_has_fma()) return 77;
  const bool quick = count > 1 && std::string(arguments[1]) == "--quick";
  const uint64_t tried = uint64_t(1) << (quick ? 18 : 26);
  const auto lanes = one_lane::in_lanes(), registers = one_lane::in_registers();
  int passed = 0, failed = 0;
  const auto check_all = [&](const auto& of_lanes, const auto& of_registers) {
    for (size_t i = 0; i < of_lanes.size(); ++i)
      ++(check(of_lanes[i], of_registers[i], tried) ? passed : failed);
  };
  check_all(lanes.of_float, registers.of_float);
  check_all(lanes.of_double, registers.of_double);
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed ? 1 : 0;
}
