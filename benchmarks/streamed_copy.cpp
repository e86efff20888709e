// A copy with non-temporal stores: they do not read the lines that they overwrite, nor keep them in
// the caches. Compiled by copies.py, for a bound that stands beside those of plain copies.

#include <emmintrin.h>

#include <cstddef>

extern "C" void streamed_copy(void* target, const void* source, std::size_t bytes, int threads) {
  constexpr std::size_t kRegister = sizeof(__m128i), kLine = 4 * kRegister;
  auto* to = static_cast<char*>(target);
  const auto* from = static_cast<const char*>(source);
  const auto lines = static_cast<std::ptrdiff_t>(bytes / kLine);
#pragma omp parallel num_threads(threads)
  {
#pragma omp for schedule(static)
    for (std::ptrdiff_t line = 0; line < lines; ++line) {
      for (std::size_t at = line * kLine; at < (line + 1) * kLine; at += kRegister) {
        const auto value = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
        _mm_stream_si128(reinterpret_cast<__m128i*>(to + at), value);
      }
    }
    _mm_sfence();
  }
}
