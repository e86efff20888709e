"""The losses for JAX: names and arguments of `fusedloss`, for arrays and tracers of JAX.

    loss = fusedloss.jax.huber(y_true, y_pred)
    loss, gradient = jax.value_and_grad(fusedloss.jax.huber, argnums=1)(y_true, y_pred)

Everything that JAX does to functions applies: jit, grad, vmap, scan, checkpoint, export. Value and
gradient come from one pass of a kernel, on CPUs and, where those kernels are built, on NVIDIA's
GPUs; a batch that is sharded stays so. Derivatives of other kinds and other devices have the same
loss in jax.numpy. On a GPU a label that is no class makes its row NaN, and raises nothing.
`fusedloss.jax.optax` offers the names and arguments of `optax.losses`.
"""

import fusedloss.jax._version  # noqa: F401  (first: it refuses versions of JAX that do not fit)
from fusedloss.jax import optax
from fusedloss.jax.binary import (
    binary_crossentropy,
    binary_focal_crossentropy,
)
from fusedloss.jax.categorical import (
    categorical_crossentropy,
    categorical_focal_crossentropy,
)
from fusedloss.jax.class_margins import (
    categorical_hinge,
    multi_margin,
    multilabel_margin,
)
from fusedloss.jax.counts import (
    negative_binomial,
    poisson,
    zero_inflated_poisson,
)
from fusedloss.jax.distributions import (
    categorical_generalized_cross_entropy,
    kl_divergence,
    nll,
)
from fusedloss.jax.embeddings import (
    cosine_embedding,
    cosine_similarity,
    triplet_margin,
)
from fusedloss.jax.likelihoods import (
    gamma,
    gaussian_nll,
    tweedie,
)
from fusedloss.jax.margins import (
    hinge,
    hinge_embedding,
    margin_ranking,
    soft_margin,
    squared_hinge,
)
from fusedloss.jax.regression import (
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from fusedloss.jax.robust import (
    huber,
    log_cosh,
    pinball,
    smooth_l1,
)
from fusedloss.jax.sparse_categorical import (
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
    "optax",
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
