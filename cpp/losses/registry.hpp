// The list of losses: one line each, and its place is its id.
#pragma once
#include "losses/binary_crossentropy.hpp"
#include "losses/binary_focal_crossentropy.hpp"
#include "losses/categorical_crossentropy.hpp"
#include "losses/categorical_focal_crossentropy.hpp"
#include "losses/categorical_generalized_crossentropy.hpp"
#include "losses/categorical_hinge.hpp"
#include "losses/cosine.hpp"
#include "losses/gamma.hpp"
#include "losses/gaussian_nll.hpp"
#include "losses/hinge.hpp"
#include "losses/huber.hpp"
#include "losses/kl_divergence.hpp"
#include "losses/log_cosh.hpp"
#include "losses/mean_absolute_error.hpp"
#include "losses/mean_absolute_percentage_error.hpp"
#include "losses/mean_squared_error.hpp"
#include "losses/mean_squared_logarithmic_error.hpp"
#include "losses/multi_margin.hpp"
#include "losses/negative_binomial.hpp"
#include "losses/pinball.hpp"
#include "losses/poisson.hpp"
#include "losses/smooth_l1.hpp"
#include "losses/triplet_margin.hpp"
#include "losses/zero_inflated_poisson.hpp"

namespace fl::losses {

using Pointwise = List<            //
    MeanSquaredError,              //
    MeanAbsoluteError,             //
    MeanAbsolutePercentageError,   //
    MeanSquaredLogarithmicError,   //
    LogCosh,                       //
    Huber,                         //
    SmoothL1,                      //
    Pinball,                       //
    Poisson,                       //
    PoissonLogInput,               //
    ZeroInflatedPoisson,           //
    ZeroInflatedPoissonLogInput,   //
    NegativeBinomial,              //
    NegativeBinomialLogInput,      //
    Gamma,                         //
    GammaLogInput,                 //
    Tweedie,                       //
    TweedieLogInput,               //
    GaussianNLL,                   //
    KLDivergenceFromLogProbs,      //
    Hinge,                         //
    SquaredHinge,                  //
    HingeEmbedding,                //
    SoftMargin,                    //
    MarginRanking,                 //
    BinaryCrossentropy,            //
    BinaryCrossentropyClamped,     //
    BinaryCrossentropyFromLogits,  //
    BinaryFocalCrossentropy,       //
    BinaryFocalCrossentropyFromLogits>;

using Row = List<                                 //
    CategoricalCrossentropy<Probability>,         //
    CategoricalCrossentropy<Softmax>,             //
    CategoricalCrossentropy<ScaledSoftmax>,       //
    CategoricalCrossentropy<LogProbability>,      //
    CategoricalFocalCrossentropy<Probability>,    //
    CategoricalFocalCrossentropy<Softmax>,        //
    CategoricalGeneralizedCrossentropy<Given>,    //
    CategoricalGeneralizedCrossentropy<Softmax>,  //
    CategoricalHinge,                             //
    KLDivergence,                                 //
    CosineSimilarity,                             //
    CosineEmbedding,                              //
    TripletMargin,                                //
    MultiMargin>;

}  // namespace fl::losses
