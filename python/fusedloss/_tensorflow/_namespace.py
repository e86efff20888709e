"""The operations of the formulas in TensorFlow: see `fusedloss._formulas.namespace`."""

# ruff: noqa: A004, F401 (the names are those of NumPy, and the formulas look them up)

from typing import Any, TypeAlias

import tensorflow as tf
from tensorflow.math import (
    abs,
    argmax,
    exp,
    expm1,
    lgamma,
    log,
    log1p,
    log_sigmoid,
    sigmoid,
    sinh,
    sqrt,
    square,
    tanh,
    xlogy,
)
from tensorflow.math import is_finite as isfinite
from tensorflow.math import is_nan as isnan
from tensorflow.math import reduce_logsumexp as logsumexp
from tensorflow.math import reduce_max as max
from tensorflow.math import reduce_mean as mean
from tensorflow.math import reduce_sum as sum
from tensorflow.nn import log_softmax, relu

Tensor: TypeAlias = Any
"""A tf.Tensor, which has no types; sizes of its axes may not be known."""


def astype(x: Tensor, like: Tensor) -> Tensor:
    """Return x in the dtype of ``like``."""
    return tf.cast(x, like.dtype)


def full_like(x: Tensor, value: float) -> Tensor:
    """Return a constant in the shape and dtype of x."""
    return tf.zeros_like(x) + tf.constant(value, x.dtype)


def length(x: Tensor, axis: int) -> Any:
    """Return the size of an axis."""
    size = x.shape[axis]
    return tf.cast(tf.shape(x)[axis], x.dtype) if size is None else size


def logaddexp(x: Tensor, y: Tensor) -> Tensor:
    """Return ln(e^x + e^y), with slopes of all orders where both are equal."""
    alike = (x == y) & ~isfinite(x)
    above = where(alike, 0.0, x - y)
    return where(x > y, x + tf.math.softplus(-above), y + tf.math.softplus(above))


def lookup(x: Tensor, labels: Tensor) -> Tensor:
    """Return the entry of each label in the one row x."""
    return tf.gather(x, labels)


def maximum(x: Tensor, y: Tensor) -> Tensor:
    """Return the larger one; equals share the slope."""
    return where(x == y, 0.5 * (x + y), tf.maximum(x, y))


def minimum(x: Tensor, y: Tensor) -> Tensor:
    """Return the smaller one; equals share the slope."""
    return where(x == y, 0.5 * (x + y), tf.minimum(x, y))


def moveaxis(x: Tensor, source: int, destination: int) -> Tensor:
    """Return x with an axis in another place."""
    order = list(range(x.ndim))
    order.insert(destination % x.ndim, order.pop(source))
    return x if order == sorted(order) else tf.transpose(x, order)


def one_hot(labels: Tensor, like: Tensor, axis: int) -> Tensor:
    """Return 1 at the label of each row of ``like`` along an axis, and 0 elsewhere.

    A label that is none of these makes the row NaN: what computes the formula may be unable to
    raise an error.
    """
    classes = tf.shape(like)[axis]
    inside = tf.expand_dims(_are_classes(labels, classes), axis)
    return where(inside, tf.one_hot(labels, classes, axis=axis, dtype=like.dtype), float("nan"))


def stop_gradient(x: Tensor) -> Tensor:
    """Return x as a constant."""
    return tf.stop_gradient(x)


def take(x: Tensor, labels: Tensor, axis: int) -> Tensor:
    """Return the entry of the label of each row of x along an axis; NaN where it has none."""
    inside = _are_classes(labels, tf.shape(x)[axis])
    rows = moveaxis(x, axis, -1)
    own = tf.gather(rows, tf.where(inside, labels, 0), axis=-1, batch_dims=labels.ndim)
    return where(inside, own, float("nan"))


def where(condition: Tensor, x: Any, y: Any) -> Tensor:
    """Return x where the condition holds, elsewhere y: of the two, one may be a number."""
    # A cast would round a number to float32 first.
    if not tf.is_tensor(x):
        x = tf.constant(x, y.dtype)
    if not tf.is_tensor(y):
        y = tf.constant(y, x.dtype)
    return tf.where(condition, x, y)


def widen(x: Tensor) -> Tensor:
    """Return x in the dtype that its losses are computed in: float32 for what is narrower."""
    return tf.cast(x, loss_dtype(x.dtype))


def loss_dtype(dtype: Any) -> Any:
    """Return the dtype that losses of predictions of this one have."""
    return tf.float64 if dtype == tf.float64 else tf.float32


def _are_classes(labels: Tensor, classes: Tensor) -> Tensor:
    return (labels >= 0) & (labels < tf.cast(classes, labels.dtype))
