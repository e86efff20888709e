"""The operations of the formulas in JAX: see `fusedloss._formulas.namespace`."""

# ruff: noqa: A004 (the names are those of NumPy)

import jax
import jax.numpy as jnp
from jax import Array
from jax.lax import stop_gradient
from jax.nn import log_sigmoid, log_softmax, logsumexp, relu, sigmoid
from jax.numpy import (
    abs,
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

__all__ = [
    "abs",
    "argmax",
    "astype",
    "clip",
    "exp",
    "expm1",
    "full_like",
    "isfinite",
    "isnan",
    "length",
    "lgamma",
    "log",
    "log1p",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "lookup",
    "max",
    "maximum",
    "mean",
    "minimum",
    "moveaxis",
    "norm",
    "one_hot",
    "relu",
    "sigmoid",
    "sinh",
    "sqrt",
    "square",
    "stop_gradient",
    "sum",
    "take",
    "tanh",
    "where",
    "widen",
    "xlogy",
]


def astype(x: Array, like: Array) -> Array:
    """Return x in the dtype of ``like``."""
    return x.astype(like.dtype)


def clip(x: Array, low: float | None, high: float | None) -> Array:
    """Return x between two bounds; at these its slope is still 1, unlike that of jnp.clip."""
    if low is not None:
        x = where(x < low, low, x)
    return x if high is None else where(x > high, high, x)


def length(x: Array, axis: int) -> int:
    """Return the size of an axis."""
    return x.shape[axis]


def lookup(x: Array, labels: Array) -> Array:
    """Return the entry of each label in the one row x."""
    return x[labels]


def norm(x: Array, p: float, axis: int) -> Array:
    """Return the p-norm along an axis; its derivative is 0 where x is, and finite everywhere."""
    nowhere = x == 0
    size = abs(where(nowhere, 1, x))
    powers = size if p == 1 else square(size) if p == 2 else size**p
    total = sum(where(nowhere, 0, powers), axis)
    if p == 1:
        return total
    empty = total == 0
    total = where(empty, 1, total)
    return where(empty, 0, sqrt(total) if p == 2 else total ** (1 / p))


def one_hot(labels: Array, like: Array, axis: int) -> Array:
    """Return 1 at the label of each row of ``like`` along an axis, and 0 elsewhere."""
    return jax.nn.one_hot(labels, like.shape[axis], dtype=like.dtype, axis=axis)


def take(x: Array, labels: Array, axis: int) -> Array:
    """Return the entry of the label of each row of x along an axis."""
    return jnp.take_along_axis(x, jnp.expand_dims(labels, axis), axis).squeeze(axis)


def widen(x: Array) -> Array:
    """Return x in the dtype that its losses are computed in: float32 for what is narrower."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))
