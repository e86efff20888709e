// The kernels of one instruction set: compiled once for each, with its flags, as FL_ISA.
#include "kernels/table.hpp"

#define FL_JOIN_(a, b) a##b
#define FL_JOIN(a, b) FL_JOIN_(a, b)

namespace fl {
extern const Kernels FL_JOIN(kernels_, FL_ISA);
const Kernels FL_JOIN(kernels_, FL_ISA){
    kPointwise.kernel,
    kRow.kernel,
    each_block<divisor_block, DivisorCall>,
    {each_block<scale_block<float>, ScaleCall>, each_block<scale_block<double>, ScaleCall>}};
}  // namespace fl
