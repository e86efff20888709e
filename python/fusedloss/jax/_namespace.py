"""The operations of the formulas in JAX: see `fusedloss._formulas.namespace`."""

# ruff: noqa: A004, F401 (the names are those of NumPy, and the formulas look them up)

import jax
import jax.numpy as jnp
from jax import Array
from jax.lax import stop_gradient
from jax.nn import log_sigmoid, log_softmax, logsumexp, relu, sigmoid
from jax.numpy import (
    argmax,
    exp,
    expm1,
    full_like,
    isfinite,
    isnan,
    log,
    log1p,
    logaddexp,
    max,
    maximum,
    mean,
    minimum,
    moveaxis,
    sinh,
    sqrt,
    square,
    sum,
    tanh,
    where,
)
from jax.scipy.special import gammaln as lgamma
from jax.scipy.special import xlogy


def abs(x: Array) -> Array:  # noqa: A001
    """Return |x|, whose slope at 0 is 0; that of jnp.abs is 1."""
    return where(x == 0, 0, jnp.abs(x))


def astype(x: Array, like: Array) -> Array:
    """Return x in the dtype of ``like``."""
    return x.astype(like.dtype)


def length(x: Array, axis: int) -> int:
    """Return the size of an axis."""
    return x.shape[axis]


def lookup(x: Array, labels: Array) -> Array:
    """Return the entry of each label in the one row x."""
    return x[labels]


def one_hot(labels: Array, like: Array, axis: int) -> Array:
    """Return 1 at the label of each row of ``like`` along an axis, and 0 elsewhere."""
    return jax.nn.one_hot(labels, like.shape[axis], dtype=like.dtype, axis=axis)


def take(x: Array, labels: Array, axis: int) -> Array:
    """Return the entry of the label of each row of x along an axis."""
    return jnp.take_along_axis(x, jnp.expand_dims(labels, axis), axis).squeeze(axis)


def widen(x: Array) -> Array:
    """Return x in the dtype that its losses are computed in: float32 for what is narrower."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))
