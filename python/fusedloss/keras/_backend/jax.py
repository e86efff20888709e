"""Keras on JAX: every loss is one custom call of XLA, wherever it is traced."""

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax import Array

from fusedloss.jax import _loss
from fusedloss.jax._arrays import signs as signs
from fusedloss.keras._backend._shared import attach_mask as attach_mask
from fusedloss.keras._backend._shared import described
from fusedloss.keras._backend._shared import mask_of as mask_of
from fusedloss.keras._backend._shared import numbers as numbers
from fusedloss.keras._backend._shared import positives as positives

_TARGETS = {"bool", "int8", "int16", "int32", "int64", "uint8"}
_TARGETS |= {"float16", "bfloat16", "float32", "float64"}


def fused(*arguments: Any, **options: Any) -> Array:
    """Return the loss: see `Backend.fused`."""
    call, operands = described(*arguments, **options)
    loss: Array = _loss.fused(call, False, operands)[0]
    return loss


def share(mean: Array) -> Array:
    """Return the mean: devices share the arrays of one program, which adds up what lies on all."""
    return mean


def dtype_of(name: str) -> Any:
    """Return the dtype of this name, or what JAX has instead unless it is told to have float64."""
    return jax.dtypes.canonicalize_dtype(name)


def cast(x: Array, dtype: Any) -> Array:
    """Return `x` in a dtype."""
    return x.astype(dtype)


def predictions(values: Any) -> Array:
    """Return `values` as an array of a floating dtype."""
    array = _array(values)
    floating = jnp.issubdtype(array.dtype, jnp.floating)
    return array if floating else array.astype(dtype_of(keras.config.floatx()))


def beside(y_pred: Array, values: Any) -> Array:  # noqa: ARG001
    """Return `values` as an array."""
    return _array(values)


def constant(values: np.ndarray) -> np.ndarray:
    """Return the array: one of JAX could belong to what is traced just now."""
    return values


def shape_of(x: Array) -> tuple[int, ...]:
    """Return the sizes of the axes."""
    return x.shape


def unsqueeze(x: Array, axis: int) -> Array:
    """Return an array with a new axis."""
    return jnp.expand_dims(x, axis)


def squeeze(x: Array, axis: int) -> Array:
    """Return an array without an axis."""
    return x.squeeze(axis)


def broadcast(x: Array, y: Array) -> tuple[Array, Array]:
    """Return arrays of the shape that both broadcast to."""
    x, y = jnp.broadcast_arrays(x, y)
    return x, y


def spread(x: Array, shape: Any) -> Array:
    """Return an array with as many axes: the core repeats those of size 1 itself."""
    return x if x.ndim == len(shape) else x.reshape((1,) * (len(shape) - x.ndim) + x.shape)


def fill(value: float, y_pred: Array) -> Array:
    """Return a number with as many axes as `y_pred`."""
    return jnp.full((1,) * y_pred.ndim, value, jnp.result_type(float))


def halves(x: Array, axis: int) -> tuple[Array, Array]:
    """Return the halves of an axis."""
    first, second = jnp.split(x, 2, axis)
    return first, second


def labels(y_true: Array) -> Array:
    """Return integers that the core reads."""
    is_read = y_true.dtype.kind == "i" or y_true.dtype == jnp.uint8
    return y_true if is_read else y_true.astype(dtype_of("int64"))


def readable(y_true: Array, y_pred: Array) -> Array:
    """Return targets in a dtype that the core reads, which are all real ones but a few."""
    return y_true if y_true.dtype.name in _TARGETS else y_true.astype(y_pred.dtype)


def truth(mask: Array) -> Array:
    """Return a bool array."""
    return mask.astype(jnp.bool_)


def _array(values: Any) -> Array:
    if isinstance(values, Array):
        return values
    array: Array = keras.ops.convert_to_tensor(values)
    return array
