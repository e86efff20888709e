// What this machine offers: instruction sets, and CPUs this process may use.
#pragma once

namespace fl {

bool cpu_has_avx2();    // with FMA and F16C
bool cpu_has_avx512();  // with BW, DQ and VL
int usable_cpus();      // by affinity and container limits, at least 1

}  // namespace fl
