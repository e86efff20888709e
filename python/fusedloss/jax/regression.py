"""Losses of continuous targets."""

from jax import Array
from jax.typing import ArrayLike

from fusedloss._registry import BY_NAME
from fusedloss.jax._arrays import evaluate_pointwise
from fusedloss.jax._documentation import documented

_MEAN_SQUARED_ERROR = BY_NAME["mean_squared_error"]
_MEAN_ABSOLUTE_ERROR = BY_NAME["mean_absolute_error"]
_PERCENTAGE = BY_NAME["mean_absolute_percentage_error"]
_LOGARITHMIC = BY_NAME["mean_squared_logarithmic_error"]


@documented
def mean_squared_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.mean_squared_error`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, y_pred = jnp.array([[0.0, 1.0], [2.0, 3.0]]), jnp.array([[0.0, 3.0], [2.0, 2.0]])
    >>> fl.mean_squared_error(y_true, y_pred, reduction="none").tolist()
    [2.0, 0.5]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_MEAN_SQUARED_ERROR, (), y_true, y_pred, options)


@documented
def mean_absolute_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.mean_absolute_error`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, y_pred = jnp.array([0.0, 1.0, 2.0, 3.0]), jnp.array([0.0, 3.0, 2.0, 2.0])
    >>> loss, gradient = jax.value_and_grad(fl.mean_absolute_error, argnums=1)(y_true, y_pred)
    >>> float(loss), gradient.tolist()
    (0.75, [0.0, 0.25, 0.0, -0.25])
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_MEAN_ABSOLUTE_ERROR, (), y_true, y_pred, options)


@documented
def mean_absolute_percentage_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.mean_absolute_percentage_error`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> prices, estimates = jnp.array([10.0, 20.0]), jnp.array([12.0, 19.0])
    >>> fl.mean_absolute_percentage_error(prices, estimates, reduction="none").tolist()
    [20.0, 5.0]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_PERCENTAGE, (), y_true, y_pred, options)


@documented
def mean_squared_logarithmic_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.mean_squared_logarithmic_error`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, y_pred = jnp.array([[0.0, 1.0]]), jnp.array([[0.0, 3.0]])
    >>> print(f"{fl.mean_squared_logarithmic_error(y_true, y_pred):.4f}")
    0.2402
    """
    options = sample_weight, mask, reduction, denominator, inplace
    return evaluate_pointwise(_LOGARITHMIC, (), y_true, y_pred, options)
