"""Losses of several classes that ask for a margin."""

from collections.abc import Sequence

from jax import Array
from jax.typing import ArrayLike

from fusedloss._registry import BY_NAME
from fusedloss.jax._arrays import ONE_HOT, evaluate_dense, evaluate_sparse
from fusedloss.jax._documentation import documented

_HINGE = BY_NAME["categorical_hinge"]
_MULTI_MARGIN = BY_NAME["multi_margin"]
_MULTI_HOT = f"use multi_margin, or {ONE_HOT}"


@documented
def categorical_hinge(
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
    """As `fusedloss.categorical_hinge`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, scores = jnp.array([[0, 1, 0]]), jnp.array([[0.25, 0.5, 0.125]])
    >>> loss, gradient = jax.value_and_grad(fl.categorical_hinge, argnums=1)(y_true, scores)
    >>> float(loss), gradient.tolist()
    (0.75, [[1.0, -1.0, 0.0]])
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_dense(_HINGE, (), y_true, y_pred, options, axis, labels=ONE_HOT)[0]


@documented
def multi_margin(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    p: float = 1,
    margin: float = 1.0,
    ignore_class: int | None = None,
    axis: int = -1,
    class_weight: Sequence[float] | ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.multi_margin`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> labels, scores = jnp.array([1]), jnp.array([[0.25, 0.5, -1.0, 0.0]])
    >>> loss, gradient = jax.value_and_grad(fl.multi_margin, argnums=1)(labels, scores)
    >>> float(loss), gradient.tolist()
    (0.3125, [[0.25, -0.5, 0.0, 0.25]])
    """
    options = sample_weight, mask, reduction, denominator, inplace
    # fmt: off
    return evaluate_sparse(
        _MULTI_MARGIN, (p, margin), y_true, y_pred, options, axis, ignore_class, class_weight,
        dense="use multilabel_margin",
    )[0]
    # fmt: on


@documented
def multilabel_margin(
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
    """As `fusedloss.multilabel_margin`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, scores = jnp.array([[1, 0, 1, 0]]), jnp.array([[0.5, 0.25, 2.0, 0.0]])
    >>> loss, gradient = jax.value_and_grad(fl.multilabel_margin, argnums=1)(y_true, scores)
    >>> float(loss), gradient.tolist()
    (0.3125, [[-0.5, 0.25, 0.0, 0.25]])
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_dense(_MULTI_MARGIN, (), y_true, y_pred, options, axis, labels=_MULTI_HOT)[0]
