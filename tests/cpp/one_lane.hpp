// What one_lane.cpp compares: functions of arrays, compiled in two ways.
#pragma once

#include <vector>

namespace one_lane {

// to[i] = f(x[i], y[i], z[i]) for i < kBatch, and more[i] where there is a second result.
constexpr int kBatch = 1024;  // whole registers of every CPU

template <class T>
struct Function {
  const char* name;
  void (*apply)(const T* x, const T* y, const T* z, T* to, T* more);
};

struct Functions {  // the same ones, in the same order
  std::vector<Function<float>> of_float;
  std::vector<Function<double>> of_double;
};
Functions in_registers();
Functions in_lanes();

}  // namespace one_lane
