"""Likelihoods of amounts, positive or any."""

from jax import Array
from jax.typing import ArrayLike

from fusedloss._arguments import not_negative
from fusedloss._registry import BY_NAME
from fusedloss.jax._arrays import evaluate_pointwise
from fusedloss.jax._documentation import documented

_GAMMA = BY_NAME["gamma"]
_GAMMA_LOG_INPUT = BY_NAME["gamma_log_input"]
_TWEEDIE = BY_NAME["tweedie"]
_TWEEDIE_LOG_INPUT = BY_NAME["tweedie_log_input"]
_GAUSSIAN = BY_NAME["gaussian_nll"]


@documented
def gamma(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    epsilon: float = 1e-7,
    log_input: bool = False,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.gamma`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> claims, log_mean = jnp.array([1.0, 3.0]), jnp.array([0.0, 0.0])
    >>> loss, gradient = jax.value_and_grad(fl.gamma, argnums=1)(claims, log_mean, log_input=True)
    >>> float(loss), gradient.tolist()
    (2.0, [0.0, -1.0])
    """
    options = sample_weight, mask, reduction, denominator, inplace
    if log_input:
        return evaluate_pointwise(_GAMMA_LOG_INPUT, (), y_true, y_pred, options)
    return evaluate_pointwise(_GAMMA, (epsilon,), y_true, y_pred, options)


@documented
def tweedie(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    power: float = 1.5,
    epsilon: float = 1e-7,
    log_input: bool = False,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.tweedie`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> rain, mean = jnp.array([0.0, 4.0]), jnp.array([1.0, 1.0])
    >>> fl.tweedie(rain, mean, epsilon=0, reduction="none").tolist()
    [2.0, 10.0]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    if log_input:
        return evaluate_pointwise(_TWEEDIE_LOG_INPUT, (power,), y_true, y_pred, options)
    return evaluate_pointwise(_TWEEDIE, (power, epsilon), y_true, y_pred, options)


@documented
def gaussian_nll(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    variance: ArrayLike,
    *,
    epsilon: float = 1e-6,
    full: bool = False,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.gaussian_nll`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, mean, variance = jnp.array([0.0, 2.0]), jnp.array([0.0, 0.0]), jnp.array([1.0, 1.0])
    >>> of_mean, of_variance = jax.grad(fl.gaussian_nll, argnums=(1, 2))(y_true, mean, variance)
    >>> of_mean.tolist(), of_variance.tolist()
    ([0.0, -1.0], [0.25, -0.75])
    """
    options = sample_weight, mask, reduction, denominator, inplace
    more = (not_negative("variance", variance),)
    return evaluate_pointwise(_GAUSSIAN, (epsilon, full), y_true, y_pred, options, more=more)
