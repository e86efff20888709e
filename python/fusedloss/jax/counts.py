"""Losses of counts."""

from jax import Array
from jax.typing import ArrayLike

from fusedloss._arguments import not_negative
from fusedloss._registry import BY_NAME
from fusedloss.jax._arrays import evaluate_pointwise
from fusedloss.jax._documentation import documented

_POISSON = BY_NAME["poisson"]
_POISSON_LOG_INPUT = BY_NAME["poisson_log_input"]
_NEGATIVE_BINOMIAL = BY_NAME["negative_binomial"]
_NEGATIVE_BINOMIAL_LOG_INPUT = BY_NAME["negative_binomial_log_input"]
_ZERO_INFLATED = BY_NAME["zero_inflated_poisson"]
_ZERO_INFLATED_LOG_INPUT = BY_NAME["zero_inflated_poisson_log_input"]


@documented
def poisson(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    epsilon: float = 1e-7,
    log_input: bool = False,
    full: bool = False,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.poisson`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> visits, log_rate = jnp.array([0, 2, 1]), jnp.array([0.0, 0.0, 0.0])
    >>> gradient = jax.grad(fl.poisson, argnums=1)
    >>> gradient(visits, log_rate, log_input=True, reduction="sum").tolist()
    [1.0, -1.0, 0.0]
    """
    options = sample_weight, mask, reduction, denominator, inplace
    if log_input:
        return evaluate_pointwise(_POISSON_LOG_INPUT, (full,), y_true, y_pred, options)
    return evaluate_pointwise(_POISSON, (epsilon, full), y_true, y_pred, options)


@documented
def negative_binomial(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    dispersion: ArrayLike,
    *,
    epsilon: float = 1e-7,
    log_input: bool = False,
    full: bool = False,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.negative_binomial`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> visits, mean = jnp.array([0, 4]), jnp.array([1.0, 1.0])
    >>> losses = fl.negative_binomial(visits, mean, 0.5, full=True, reduction="none")
    >>> jnp.exp(-losses).round(4)  # the probability of either count
    Array([0.44439998, 0.0274    ], dtype=float32)
    """
    options = sample_weight, mask, reduction, denominator, inplace
    more = (not_negative("dispersion", dispersion),)
    loss = _NEGATIVE_BINOMIAL_LOG_INPUT if log_input else _NEGATIVE_BINOMIAL
    params = (full,) if log_input else (epsilon, full)
    return evaluate_pointwise(loss, params, y_true, y_pred, options, more=more)


@documented
def zero_inflated_poisson(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    zero_logit: ArrayLike,
    *,
    epsilon: float = 1e-7,
    log_input: bool = False,
    full: bool = False,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.zero_inflated_poisson`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> visits, mean = jnp.array([0, 1]), jnp.array([2.0, 2.0])
    >>> zero_logit = jnp.array([0.0, 0.0])
    >>> losses = fl.zero_inflated_poisson(visits, mean, zero_logit, full=True, reduction="none")
    >>> jnp.exp(-losses).round(4)  # the probability of either count
    Array([0.56769997, 0.1353    ], dtype=float32)
    """
    options = sample_weight, mask, reduction, denominator, inplace
    more = (zero_logit,)
    loss = _ZERO_INFLATED_LOG_INPUT if log_input else _ZERO_INFLATED
    params = (full,) if log_input else (epsilon, full)
    return evaluate_pointwise(loss, params, y_true, y_pred, options, more=more)
