#include "runtime/dispatch.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

#include "runtime/cpu.hpp"
#include "runtime/status.hpp"

namespace fl {

#if FL_HAS_NEON
extern const Kernels kernels_neon;
#else
extern const Kernels kernels_baseline;
#endif
#if FL_HAS_AVX2
extern const Kernels kernels_avx2;
#endif
#if FL_HAS_AVX512
extern const Kernels kernels_avx512;
#endif

namespace {

struct InstructionSet {
  const char* name;
  const Kernels* kernels;
  bool (*usable)();
};

bool always() { return true; }

constexpr InstructionSet kSets[] = {
#if FL_HAS_NEON
    {"neon", &kernels_neon, always},
#else
    {"baseline", &kernels_baseline, always},
#endif
#if FL_HAS_AVX2
    {"avx2", &kernels_avx2, cpu_has_avx2},
#endif
#if FL_HAS_AVX512
    {"avx512", &kernels_avx512, cpu_has_avx512},
#endif
};
constexpr int kCount = sizeof kSets / sizeof kSets[0];

std::string usable_names() {
  std::string names;
  for (const auto& set : kSets)
    if (set.usable()) names += (names.empty() ? "" : ", ") + std::string(set.name);
  return names;
}

// The best usable set, or the one FUSEDLOSS_ISA names; -1 if that cannot be had.
int choose() {
  const char* wanted = std::getenv("FUSEDLOSS_ISA");
  int chosen = -1;
  for (int i = 0; i < kCount; ++i)
    if (kSets[i].usable() && (!wanted || !*wanted || !std::strcmp(wanted, kSets[i].name)))
      chosen = i;
  return chosen;
}

std::atomic<int>& current() {
  static std::atomic<int> isa{choose()};
  return isa;
}

}  // namespace

const Kernels& kernels() {
  const int isa = current().load(std::memory_order_relaxed);
  if (isa < 0)
    fail(FL_INVALID_VALUE, "FUSEDLOSS_ISA is \"%s\", but this machine can use: %s",
         std::getenv("FUSEDLOSS_ISA"), usable_names().c_str());
  return *kSets[isa].kernels;
}

}  // namespace fl

extern "C" {

int32_t fl_isa_count(void) { return fl::kCount; }

const char* fl_isa_name(int32_t isa) {
  return isa >= 0 && isa < fl::kCount ? fl::kSets[isa].name : nullptr;
}

int32_t fl_isa_usable(int32_t isa) { return fl_isa_name(isa) && fl::kSets[isa].usable(); }

int32_t fl_get_isa(void) { return fl::current().load(); }

int32_t fl_set_isa(int32_t isa, fl_status* status) {
  *status = {};
  if (!fl_isa_usable(isa)) {
    status->code = FL_INVALID_VALUE;
    std::snprintf(status->message, sizeof status->message,
                  "isa must be one this machine can use (%s)", fl::usable_names().c_str());
  } else {
    fl::current().store(isa);
  }
  return status->code;
}

}  // extern "C"
