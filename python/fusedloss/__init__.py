"""Loss functions with value and gradient in one pass, for NumPy arrays and deep learning.

    loss = fusedloss.huber(y_true, y_pred)
    loss, gradient = fusedloss.huber(y_true, y_pred, return_grad=True)

The functions here need NumPy alone. `fusedloss.torch` and `fusedloss.keras` offer the same losses
under the names and arguments of those frameworks, and `fusedloss.jax` under those from here; each
imports its framework.
"""

from fusedloss._config import get_num_threads, release_memory, set_num_threads, show_config
from fusedloss._core import LabelError, __version__
from fusedloss._statistics import Statistics
from fusedloss.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    cosine_embedding,
    cosine_similarity,
    gamma,
    gaussian_nll,
    hinge,
    hinge_embedding,
    huber,
    kl_divergence,
    log_cosh,
    margin_ranking,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    multi_margin,
    multilabel_margin,
    negative_binomial,
    nll,
    pinball,
    poisson,
    smooth_l1,
    soft_margin,
    sparse_categorical_crossentropy,
    sparse_categorical_focal_crossentropy,
    squared_hinge,
    triplet_margin,
    tweedie,
    zero_inflated_poisson,
)

__all__ = [
    "LabelError",
    "Statistics",
    "__version__",
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
    "get_num_threads",
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
    "release_memory",
    "set_num_threads",
    "show_config",
    "smooth_l1",
    "soft_margin",
    "sparse_categorical_crossentropy",
    "sparse_categorical_focal_crossentropy",
    "squared_hinge",
    "triplet_margin",
    "tweedie",
    "zero_inflated_poisson",
]
