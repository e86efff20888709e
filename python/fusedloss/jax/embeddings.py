"""Losses of vectors: their directions and distances."""

from jax import Array
from jax.typing import ArrayLike

from fusedloss._registry import BY_NAME
from fusedloss.jax._arrays import ONE_HOT, evaluate_dense, evaluate_vectors
from fusedloss.jax._documentation import documented

_COSINE = BY_NAME["cosine_similarity"]
_COSINE_EMBEDDING = BY_NAME["cosine_embedding"]
_TRIPLET = BY_NAME["triplet_margin"]


@documented
def cosine_similarity(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    axis: int = -1,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.cosine_similarity`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, y_pred = jnp.array([[3.0, 4.0], [1.0, 0.0]]), jnp.array([[6.0, 8.0], [0.0, 2.0]])
    >>> fl.cosine_similarity(y_true, y_pred, reduction="none").round(6) + 0
    Array([-1.,  0.], dtype=float32)
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_dense(_COSINE, (), y_true, y_pred, options, axis, labels=ONE_HOT)[0]


@documented
def cosine_embedding(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    other: ArrayLike,
    *,
    margin: float = 0.0,
    axis: int = -1,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.cosine_embedding`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> alike = jnp.array([1, -1])
    >>> first, second = jnp.array([[1.0, 0.0], [1.0, 0.0]]), jnp.array([[0.0, 2.0], [3.0, 4.0]])
    >>> fl.cosine_embedding(alike, first, second, margin=0.5, reduction="none").round(6)
    Array([1. , 0.1], dtype=float32)
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_vectors(_COSINE_EMBEDDING, (margin,), y_true, y_pred, options, axis, (other,))


@documented
def triplet_margin(
    anchor: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    epsilon: float = 1e-6,
    swap: bool = False,
    axis: int = -1,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.triplet_margin`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> anchor, positive = jnp.array([[0.0, 0.0]]), jnp.array([[3.0, 4.0]])
    >>> negative = jnp.array([[5.0, 0.0]])
    >>> float(fl.triplet_margin(anchor, positive, negative, epsilon=0))
    1.0
    """
    options = sample_weight, mask, reduction, denominator, inplace
    params = margin, p, epsilon, swap
    more = positive, negative
    return evaluate_vectors(_TRIPLET, params, None, anchor, options, axis, more, "anchor")
