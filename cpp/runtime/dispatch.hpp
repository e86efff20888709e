// Which instruction set computes.
#pragma once

#include "kernels/kernel.hpp"

namespace fl {

// Of the instruction set in use. Throws if FUSEDLOSS_ISA asked for one that cannot be had.
const Kernels& kernels();

}  // namespace fl
