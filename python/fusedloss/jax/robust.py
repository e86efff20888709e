"""Losses of continuous targets in which large errors count less than their square."""

from jax import Array
from jax.typing import ArrayLike

from fusedloss._registry import BY_NAME
from fusedloss.jax._arrays import evaluate_pointwise
from fusedloss.jax._documentation import documented

_HUBER = BY_NAME["huber"]
_SMOOTH_L1 = BY_NAME["smooth_l1"]
_LOG_COSH = BY_NAME["log_cosh"]
_PINBALL = BY_NAME["pinball"]


@documented
def huber(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    delta: float = 1.0,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.huber`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, y_pred = jnp.array([0.0, 1.0]), jnp.array([0.5, 4.0])
    >>> loss, gradient = jax.value_and_grad(fl.huber, argnums=1)(y_true, y_pred, delta=1.0)
    >>> float(loss), gradient.tolist()
    (1.3125, [0.25, 0.5])
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_HUBER, (delta,), y_true, y_pred, options)


@documented
def smooth_l1(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    beta: float = 1.0,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.smooth_l1`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, y_pred = jnp.array([0.0, 1.0]), jnp.array([0.5, 4.0])
    >>> loss, gradient = jax.value_and_grad(fl.smooth_l1, argnums=1)(y_true, y_pred, beta=2.0)
    >>> float(loss), gradient.tolist()
    (1.03125, [0.125, 0.5])
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_SMOOTH_L1, (beta,), y_true, y_pred, options)


@documented
def log_cosh(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.log_cosh`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, y_pred = jnp.array([0.0, 0.0]), jnp.array([0.0, 100.0])
    >>> fl.log_cosh(y_true, y_pred, reduction="none").round(4).tolist()
    [0.0, 99.30690002441406]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_LOG_COSH, (), y_true, y_pred, options)


@documented
def pinball(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    quantile: float = 0.5,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.pinball`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, y_pred = jnp.array([1.0, 1.0]), jnp.array([0.0, 2.0])
    >>> fl.pinball(y_true, y_pred, quantile=0.75, reduction="none").tolist()
    [0.75, 0.25]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_PINBALL, (quantile,), y_true, y_pred, options)
