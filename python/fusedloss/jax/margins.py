"""Losses of two classes, or of pairs, that ask for a margin."""

from jax import Array
from jax.typing import ArrayLike

from fusedloss._registry import BY_NAME
from fusedloss.jax._arrays import evaluate_pointwise, signs
from fusedloss.jax._documentation import documented

_HINGE = BY_NAME["hinge"]
_SQUARED_HINGE = BY_NAME["squared_hinge"]
_HINGE_EMBEDDING = BY_NAME["hinge_embedding"]
_SOFT_MARGIN = BY_NAME["soft_margin"]
_MARGIN_RANKING = BY_NAME["margin_ranking"]


@documented
def hinge(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.hinge`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> labels, scores = jnp.array([1, 0, 0]), jnp.array([0.5, -2.0, 1.0])
    >>> fl.hinge(labels, scores, reduction="none").tolist()
    [0.5, 0.0, 2.0]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_HINGE, (), signs(y_true), y_pred, options)


@documented
def squared_hinge(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.squared_hinge`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> labels, scores = jnp.array([1, -1, -1]), jnp.array([0.5, -2.0, 1.0])
    >>> fl.squared_hinge(labels, scores, reduction="none").tolist()
    [0.25, 0.0, 4.0]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_SQUARED_HINGE, (), signs(y_true), y_pred, options)


@documented
def hinge_embedding(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    margin: float = 1.0,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.hinge_embedding`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> alike, distances = jnp.array([1, -1, -1]), jnp.array([0.25, 0.25, 3.0])
    >>> fl.hinge_embedding(alike, distances, reduction="none").tolist()
    [0.25, 0.75, 0.0]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_HINGE_EMBEDDING, (margin,), y_true, y_pred, options)


@documented
def soft_margin(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.soft_margin`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> labels, scores = jnp.array([1, -1]), jnp.array([-1000.0, 0.0])
    >>> fl.soft_margin(labels, scores, reduction="none").round(4)
    Array([1.000e+03, 6.931e-01], dtype=float32)
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_SOFT_MARGIN, (), y_true, y_pred, options)


@documented
def margin_ranking(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    other: ArrayLike,
    *,
    margin: float = 0.0,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.margin_ranking`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, first, second = jnp.array([1, -1]), jnp.array([2.0, 5.0]), jnp.array([1.0, 3.0])
    >>> gradient = jax.grad(fl.margin_ranking, argnums=(1, 2))
    >>> [each.tolist() for each in gradient(y_true, first, second, margin=0.5)]
    [[-0.0, 0.5], [0.0, -0.5]]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    more = (other,)
    return evaluate_pointwise(_MARGIN_RANKING, (margin,), y_true, y_pred, options, more=more)
