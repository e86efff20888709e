"""The losses as functions of NumPy arrays; `fusedloss` offers the same names."""

from fusedloss.losses.binary import (
    binary_crossentropy,
    binary_focal_crossentropy,
)
from fusedloss.losses.categorical import (
    categorical_crossentropy,
    categorical_focal_crossentropy,
)
from fusedloss.losses.class_margins import (
    categorical_hinge,
    multi_margin,
    multilabel_margin,
)
from fusedloss.losses.counts import (
    negative_binomial,
    poisson,
    zero_inflated_poisson,
)
from fusedloss.losses.distributions import (
    categorical_generalized_cross_entropy,
    kl_divergence,
    nll,
)
from fusedloss.losses.embeddings import (
    cosine_embedding,
    cosine_similarity,
    triplet_margin,
)
from fusedloss.losses.likelihoods import (
    gamma,
    gaussian_nll,
    tweedie,
)
from fusedloss.losses.margins import (
    hinge,
    hinge_embedding,
    margin_ranking,
    soft_margin,
    squared_hinge,
)
from fusedloss.losses.regression import (
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from fusedloss.losses.robust import (
    huber,
    log_cosh,
    pinball,
    smooth_l1,
)
from fusedloss.losses.sparse_categorical import (
    sparse_categorical_crossentropy,
    sparse_categorical_focal_crossentropy,
)

__all__ = [
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_embedding",
    "cosine_similarity",
    "gamma",
    "gaussian_nll",
    "hinge",
    "hinge_embedding",
    "huber",
    "kl_divergence",
    "log_cosh",
    "margin_ranking",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "multi_margin",
    "multilabel_margin",
    "negative_binomial",
    "nll",
    "pinball",
    "poisson",
    "smooth_l1",
    "soft_margin",
    "sparse_categorical_crossentropy",
    "sparse_categorical_focal_crossentropy",
    "squared_hinge",
    "triplet_margin",
    "tweedie",
    "zero_inflated_poisson",
]
