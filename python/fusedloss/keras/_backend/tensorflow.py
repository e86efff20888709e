"""Keras on TensorFlow: eager, in a graph whose sizes may be known only when it runs, and in XLA."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from fusedloss._tensorflow import _loss
from fusedloss._tensorflow._recording import records
from fusedloss.keras._backend import Shape, Tensor, _shared
from fusedloss.keras._backend._shared import attach_mask as attach_mask
from fusedloss.keras._backend._shared import described
from fusedloss.keras._backend._shared import mask_of as mask_of
from fusedloss.keras._backend._shared import positives as positives

_LABELS = {tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8}
_TARGETS = _LABELS | {tf.float16, tf.bfloat16, tf.float32, tf.float64, tf.bool}


def fused(*arguments: Any, **options: Any) -> Tensor:
    """Return the loss: see `Backend.fused`."""
    return _loss.fused(*described(*arguments, **options))


def share(mean: Tensor) -> Tensor:
    """Return the mean over the number of replicas, as Keras does.

    Each replica of a strategy has a part of the batch, and their gradients are added up.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    return mean if replicas == 1 else mean / replicas


def dtype_of(name: str) -> tf.DType:
    """Return the dtype of this name."""
    return tf.as_dtype(name)


def cast(x: Tensor, dtype: tf.DType) -> Tensor:
    """Return `x` in a dtype."""
    return tf.cast(x, dtype)


def predictions(values: Any) -> Tensor:
    """Return `values` as a tensor of a floating dtype."""
    tensor = _tensor(values)
    return tensor if tensor.dtype.is_floating else tf.cast(tensor, keras.config.floatx())


def beside(y_pred: Tensor, values: Any) -> Tensor:  # noqa: ARG001 (TensorFlow copies it there)
    """Return `values` as a tensor."""
    return _tensor(values)


def numbers(values: Any) -> np.ndarray:
    """Return real numbers as an array of float64."""
    if isinstance(values, (tf.Tensor, tf.Variable)) and records([tf.convert_to_tensor(values)]):
        raise NotImplementedError
    return _shared.numbers(values)


def constant(values: np.ndarray) -> np.ndarray:
    """Return the array: a tensor would belong to the graph that is built just now."""
    return values


def shape_of(x: Tensor) -> Shape:
    """Return the sizes of the axes, None where the graph does not know them."""
    return tuple(x.shape)


def unsqueeze(x: Tensor, axis: int) -> Tensor:
    """Return a tensor with a new axis."""
    return tf.expand_dims(x, axis)


def squeeze(x: Tensor, axis: int) -> Tensor:
    """Return a tensor without an axis."""
    return tf.squeeze(x, axis)


def broadcast(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return tensors of the shape that both broadcast to."""
    static = tf.broadcast_static_shape(x.shape, y.shape)
    shape = (
        static if static.is_fully_defined() else tf.broadcast_dynamic_shape(*map(tf.shape, (x, y)))
    )
    pair = []
    for tensor in (x, y):
        tensor = tf.broadcast_to(tensor, shape)
        tensor.set_shape(static)
        pair.append(tensor)
    return pair[0], pair[1]


def spread(x: Tensor, shape: Shape) -> Tensor:
    """Return a tensor with as many axes: the core repeats those of size 1 itself."""
    for _ in range(len(shape) - x.ndim):
        x = tf.expand_dims(x, 0)
    return x


def fill(value: float, y_pred: Tensor) -> Tensor:
    """Return a number with as many axes as `y_pred`."""
    return tf.fill([1] * y_pred.shape.rank, tf.constant(value, tf.float64))


def halves(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Return the halves of an axis."""
    first, second = tf.split(x, 2, axis)
    return first, second


def labels(y_true: Tensor) -> Tensor:
    """Return integers that the core reads."""
    return y_true if y_true.dtype in _LABELS else tf.cast(y_true, tf.int64)


def readable(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return targets in a dtype that the core reads, which are all real ones but a few."""
    return y_true if y_true.dtype in _TARGETS else tf.cast(y_true, y_pred.dtype)


def signs(y_true: Tensor) -> Tensor:
    """Return 0 and 1 as -1 and 1 if there are no others, and anything else as it is."""
    if not y_true.dtype.is_floating:
        y_true = tf.cast(y_true, tf.int32)  # which has a -1
    binary = tf.reduce_all((y_true == 0) | (y_true == 1))
    return tf.where(binary, 2 * y_true - 1, y_true)


def truth(mask: Tensor) -> Tensor:
    """Return a bool tensor."""
    return tf.cast(mask, tf.bool)


def _tensor(values: Any) -> Tensor:
    if isinstance(values, tf.Tensor):
        return values
    # Twice: Keras takes a variable for a tensor already.
    return tf.convert_to_tensor(keras.ops.convert_to_tensor(values))
