"""Losses for Keras 3 on PyTorch, JAX or TensorFlow, as `keras.losses` has them.

Names, arguments and defaults are those of `keras.losses`, and they mean the same on each backend.

A loss is swapped by its module alone, in `compile(loss=...)` or in a loop of one's own:

>>> import fusedloss.keras
>>> loss = fusedloss.keras.SparseCategoricalCrossentropy(from_logits=True)
>>> float(loss([1, 0], [[0.0, 0.0], [0.0, 0.0]]))
0.6931

Weights, masks and the reduction are part of the kernel that computes value and gradient. The
numbers are those of `keras.losses`; where they differ on purpose, such as that a masked row or one
of weight 0 silences NaN, and why, is written down in docs/keras-differences.md, each with its test.

`get` finds losses by the names that Keras gives them:

>>> fusedloss.keras.get("bce") is fusedloss.keras.binary_crossentropy
True

Losses that Keras lacks follow its style: `Gamma`, `GaussianNLL`, `NegativeBinomial`, `Pinball`,
`SparseCategoricalFocalCrossentropy`, `Tweedie` and `ZeroInflatedPoisson`.

Import `fusedloss.keras` before loading a model that was saved with one of these losses: that
registers them, under `fusedloss>`. A model that was saved on one backend can be loaded on another.

Where an example shows a tensor, it is one of PyTorch.
"""

try:
    import keras as _keras  # noqa: F401
except ImportError as error:
    raise ImportError(
        "fusedloss.keras needs Keras 3 and the framework that it runs on: pip install "
        "'fusedloss[keras]' brings PyTorch; set the environment variable KERAS_BACKEND to torch, "
        "jax or tensorflow before Keras is imported"
    ) from error

from fusedloss.keras import _backend as _backend  # first: it refuses other backends of Keras
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._lookup import deserialize, get, serialize
from fusedloss.keras.binary import (
    BinaryCrossentropy,
    binary_crossentropy,
)
from fusedloss.keras.binary_focal import (
    BinaryFocalCrossentropy,
    binary_focal_crossentropy,
)
from fusedloss.keras.categorical import (
    CategoricalCrossentropy,
    categorical_crossentropy,
)
from fusedloss.keras.categorical_focal import (
    CategoricalFocalCrossentropy,
    SparseCategoricalFocalCrossentropy,
    categorical_focal_crossentropy,
    sparse_categorical_focal_crossentropy,
)
from fusedloss.keras.counts import (
    NegativeBinomial,
    Poisson,
    ZeroInflatedPoisson,
    negative_binomial,
    poisson,
    zero_inflated_poisson,
)
from fusedloss.keras.generalized import (
    CategoricalGeneralizedCrossEntropy,
    categorical_generalized_cross_entropy,
)
from fusedloss.keras.hinges import (
    CategoricalHinge,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    hinge,
    squared_hinge,
)
from fusedloss.keras.likelihoods import (
    Gamma,
    GaussianNLL,
    Pinball,
    Tweedie,
    gamma,
    gaussian_nll,
    pinball,
    tweedie,
)
from fusedloss.keras.regression import (
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_squared_error,
)
from fusedloss.keras.relative import (
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    mean_absolute_percentage_error,
    mean_squared_logarithmic_error,
)
from fusedloss.keras.similarity import (
    CosineSimilarity,
    KLDivergence,
    cosine_similarity,
    kl_divergence,
)
from fusedloss.keras.sparse import (
    SparseCategoricalCrossentropy,
    sparse_categorical_crossentropy,
)

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "FusedLoss",
    "Gamma",
    "GaussianNLL",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "NegativeBinomial",
    "Pinball",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SparseCategoricalFocalCrossentropy",
    "SquaredHinge",
    "Tweedie",
    "ZeroInflatedPoisson",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "gamma",
    "gaussian_nll",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "negative_binomial",
    "pinball",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "sparse_categorical_focal_crossentropy",
    "squared_hinge",
    "tweedie",
    "zero_inflated_poisson",
]
