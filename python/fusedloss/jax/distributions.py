"""Losses of distributions over classes, beside cross-entropy and focal loss."""

from collections.abc import Sequence

from jax import Array
from jax.typing import ArrayLike

from fusedloss._registry import BY_NAME
from fusedloss.jax._arrays import ONE_HOT, evaluate_dense, evaluate_sparse
from fusedloss.jax._documentation import documented

_DIVERGENCE = BY_NAME["kl_divergence"]
_GENERALIZED = BY_NAME["categorical_generalized_crossentropy"]
_GENERALIZED_FROM_LOGITS = BY_NAME["categorical_generalized_crossentropy_from_logits"]
_LOG_PROBS = BY_NAME["categorical_crossentropy_from_log_probs"]
_DENSE = "use categorical_crossentropy"


@documented
def kl_divergence(
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
    """As `fusedloss.kl_divergence`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, y_pred = jnp.array([[0.5, 0.5]]), jnp.array([[0.5, 0.125]])
    >>> loss, gradient = jax.value_and_grad(fl.kl_divergence, argnums=1)(y_true, y_pred)
    >>> print(f"{loss:.4f}", gradient)
    0.6931 [[-1. -4.]]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_dense(_DIVERGENCE, (), y_true, y_pred, options, axis, labels=ONE_HOT)[0]


@documented
def categorical_generalized_cross_entropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    q: float = 0.5,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.categorical_generalized_cross_entropy`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> labels, probabilities = jnp.array([1, 0]), jnp.array([[0.75, 0.25], [0.75, 0.25]])
    >>> losses = fl.categorical_generalized_cross_entropy(labels, probabilities, reduction="none")
    >>> losses.round(4)
    Array([1.    , 0.2679], dtype=float32)
    """
    options = sample_weight, mask, reduction, denominator, inplace
    loss = _GENERALIZED_FROM_LOGITS if from_logits else _GENERALIZED
    if getattr(y_true, "ndim", 0) == getattr(y_pred, "ndim", 0):
        return evaluate_dense(loss, (q,), y_true, y_pred, options, axis)[0]
    return evaluate_sparse(loss, (q,), y_true, y_pred, options, axis, ignore_class, dense=_DENSE)[0]


@documented
def nll(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    ignore_class: int | None = None,
    axis: int = -1,
    class_weight: Sequence[float] | ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.nll`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> labels, log_probs = jnp.array([1, 0]), jnp.log(jnp.array([[0.5, 0.5], [0.25, 0.75]]))
    >>> loss, gradient = jax.value_and_grad(fl.nll, argnums=1)(labels, log_probs)
    >>> print(f"{loss:.4f}", gradient.tolist())
    1.0397 [[0.0, -0.5], [-0.5, 0.0]]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    # fmt: off
    return evaluate_sparse(
        _LOG_PROBS, (), y_true, y_pred, options, axis, ignore_class, class_weight, dense=_DENSE,
    )[0]
    # fmt: on
