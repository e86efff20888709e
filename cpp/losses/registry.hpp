// The list of losses: one line each, and its place is its id.
#pragma once
#include "losses/binary_crossentropy.hpp"
#include "losses/binary_focal_crossentropy.hpp"
#include "losses/categorical_crossentropy.hpp"
#include "losses/categorical_focal_crossentropy.hpp"
#include "losses/huber.hpp"
#include "losses/mean_absolute_error.hpp"
#include "losses/mean_squared_error.hpp"
#include "losses/poisson.hpp"

namespace fl::losses {

using Pointwise = List<            //
    MeanSquaredError,              //
    MeanAbsoluteError,             //
    Huber,                         //
    Poisson,                       //
    PoissonLogInput,               //
    BinaryCrossentropy,            //
    BinaryCrossentropyClamped,     //
    BinaryCrossentropyFromLogits,  //
    BinaryFocalCrossentropy,       //
    BinaryFocalCrossentropyFromLogits>;

using Row = List<                               //
    CategoricalCrossentropy<Probability>,       //
    CategoricalCrossentropy<Softmax>,           //
    CategoricalFocalCrossentropy<Probability>,  //
    CategoricalFocalCrossentropy<Softmax>>;

}  // namespace fl::losses
