// Compiled for registers of this CPU and, with FL_EMULATED, for one lane as on a GPU.
#include "kernels/make_loss.hpp"
#include "losses/registry.hpp"
#include "one_lane.hpp"
#include "simd/formats.hpp"
#include "simd/math.hpp"

namespace one_lane {
namespace {

template <class T>
using V = fl::Native<T>;

template <class T, class F>
Function<T> function(const char* name, F) {
  return {name, [](const T* x, const T* y, const T* z, T* to, T*) {
            for (int i = 0; i < kBatch; i += V<T>::kSize)
              F{}(V<T>::load(x + i), V<T>::load(y + i), V<T>::load(z + i)).store(to + i);
          }};
}

template <class T, class Loss>
Function<T> loss_function() {
  return {Loss::info.name, [](const T* y_true, const T* y_pred, const T* third, T* to, T* more) {
            double params[fl::LossInfo::kMaxParams] = {};
            for (int p = 0; p < Loss::info.num_params; ++p) params[p] = Loss::info.params[p].value;
            const Loss loss = fl::make_loss<Loss>(params);
            for (int i = 0; i < kBatch; i += V<T>::kSize) {
              const auto result = [&] {
                const auto a = V<T>::load(y_true + i), b = V<T>::load(y_pred + i);
                if constexpr (requires { loss(a, b); })
                  return loss(a, b);
                else
                  return loss(a, b, V<T>::load(third + i));
              }();
              result.value.store(to + i);
              result.grad.store(more + i);
            }
          }};
}

template <class T, class Format>
Function<T> format_function(const char* name) {
  return {name, [](const T* x, const T*, const T*, T* to, T* more) {
            for (int i = 0; i < kBatch; ++i) {
              const Format narrow = fl::narrow<Format>(x[i]);
              to[i] = fl::widen<T>(narrow);
              more[i] = T(x[i] == x[i] ? narrow.bits : 0);
            }
          }};
}

template <class T, class... Loss>
std::vector<Function<T>> all_functions(fl::List<Loss...>*) {
  using W = V<T>;
  return {
      function<T>("exp", [](W x, W, W) { return exp(x); }),
      function<T>("decay", [](W x, W, W) { return decay(x); }),
      function<T>("expm1", [](W x, W, W) { return expm1(x); }),
      function<T>("tanh", [](W x, W, W) { return tanh(x); }),
      function<T>("log", [](W x, W, W) { return log(x); }),
      function<T>("log1p", [](W x, W, W) { return log1p(x); }),
      function<T>("log1p_of_fraction", [](W x, W, W) { return log1p_of_fraction(x); }),
      function<T>("sqrt", [](W x, W, W) { return sqrt(x); }),
      function<T>("abs", [](W x, W, W) { return abs(x); }),
      function<T>("sign", [](W x, W, W) { return sign(x); }),
      function<T>("negative", [](W x, W, W) { return -x; }),
      function<T>("sum", [](W x, W y, W) { return x + y; }),
      function<T>("difference", [](W x, W y, W) { return x - y; }),
      function<T>("product", [](W x, W y, W) { return x * y; }),
      function<T>("quotient", [](W x, W y, W) { return x / y; }),
      function<T>("fma", [](W x, W y, W z) { return fma(x, y, z); }),
      function<T>("min", [](W x, W y, W) { return min(x, y); }),
      function<T>("max", [](W x, W y, W) { return max(x, y); }),
      function<T>("clamp", [](W x, W y, W z) { return clamp(x, y, z); }),
      function<T>("select",
                  [](W x, W y, W z) { return select((x < y) | ((y <= z) & (x != z)), y, z); }),
      format_function<T, fl::Half>("float16"),
      format_function<T, fl::BFloat16>("bfloat16"),
      loss_function<T, Loss>()...,
  };
}

}  // namespace

#if defined(FL_EMULATED)
Functions in_lanes() {
#else
Functions in_registers() {
#endif
  auto* const losses = (fl::losses::Pointwise*)nullptr;
  return {all_functions<float>(losses), all_functions<double>(losses)};
}

}  // namespace one_lane
