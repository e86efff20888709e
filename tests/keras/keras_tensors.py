"""Tensors of whatever Keras runs on: made, differentiated and compared in the same words."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest

BACKEND = keras.backend.backend()
ON_TORCH = BACKEND == "torch"

if ON_TORCH:
    import torch
    from torch.autograd import forward_ad
elif BACKEND == "jax":
    import jax
else:
    import tensorflow as tf

Tensor = Any

only_torch = pytest.mark.skipif(not ON_TORCH, reason="is about PyTorch")


def tensor(values: Any, dtype: Any = None) -> Tensor:
    """A tensor of the backend; a dtype may be that of PyTorch."""
    if dtype is None:
        return keras.ops.convert_to_tensor(values)
    name = str(dtype).removeprefix("torch.")
    return keras.ops.cast(keras.ops.convert_to_tensor(values), name)


def array(x: Any) -> np.ndarray:
    """The values of a tensor, those of 16 bits in float32."""
    if dtype_of(x) == "bfloat16":
        x = keras.ops.cast(x, "float32")
    if ON_TORCH and isinstance(x, torch.Tensor):
        x = x.detach()
    return np.asarray(x)


def dtype_of(x: Any) -> str:
    return keras.backend.standardize_dtype(x.dtype)


def attach_mask(x: Tensor, mask: Any) -> Tensor:
    """``x`` with a mask, as a layer of Keras gives it one."""
    from keras.src.backend.common.masking import set_keras_mask

    if mask is not None:
        set_keras_mask(x, tensor(mask))
    return x


def gradients(
    function: Callable[..., Tensor], variables: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """The value of a function, and its derivatives, weighted by what flows in: 1, 2, ..."""

    def flows_in(value: Tensor) -> np.ndarray:
        count = int(np.prod(value.shape))
        return np.arange(1, count + 1, dtype=dtype_of(value)).reshape(tuple(value.shape))

    if BACKEND == "torch":
        leaves = [each.detach().clone().requires_grad_() for each in variables]
        value = function(*leaves)
        value.backward(torch.from_numpy(flows_in(value)))
        return value.detach(), [
            torch.zeros_like(each) if each.grad is None else each.grad for each in leaves
        ]
    if BACKEND == "jax":
        value, pull = jax.vjp(function, *variables)
        return value, list(pull(jax.numpy.asarray(flows_in(value))))
    with tf.GradientTape() as tape:
        tape.watch(variables)
        value = function(*variables)
    given = tape.gradient(value, variables, tf.constant(flows_in(value)), "zero")
    return value, [tf.convert_to_tensor(each) for each in given]


def slopes(function: Callable[..., Tensor], variables: Sequence[Tensor]) -> list[Tensor]:
    """The derivatives of a function, which can be differentiated again; 0 where there is none."""
    if BACKEND == "torch":
        leaves = [each.requires_grad_() for each in variables]
        value = function(*leaves)
        if not value.requires_grad:
            return [torch.zeros_like(each) for each in leaves]
        return list(torch.autograd.grad(value, leaves, create_graph=True, materialize_grads=True))
    if BACKEND == "jax":
        return list(jax.grad(function, range(len(variables)))(*variables))
    with tf.GradientTape() as tape:
        tape.watch(variables)
        value = function(*variables)
    return list(tape.gradient(value, variables, unconnected_gradients="zero"))


def pushed(function: Callable[..., Tensor], variables: list[Tensor], moves: list[Tensor]) -> Tensor:
    """How fast a function changes where its variables move: in forward mode."""
    if BACKEND == "torch":
        with forward_ad.dual_level():
            pairs = zip(variables, moves, strict=True)
            value = function(*(forward_ad.make_dual(each.detach(), move) for each, move in pairs))
            tangent = forward_ad.unpack_dual(value).tangent
        return torch.zeros_like(value) if tangent is None else tangent
    if BACKEND == "jax":
        return jax.jvp(function, (*variables,), (*moves,))[1]
    with tf.autodiff.ForwardAccumulator(variables, moves) as accumulator:
        value = function(*variables)
    return accumulator.jvp(value, unconnected_gradients="zero")


def value_and_grad(
    loss: Callable[..., Any], y_true: Any, y_pred: Any, *arguments: Any, mask: Any = None
) -> tuple[Tensor, Tensor]:
    """The loss, and the gradient of its sum weighted by 1, 2, ... so that rows differ."""

    def of_predictions(y_pred: Tensor) -> Tensor:
        return loss(y_true, attach_mask(y_pred, mask), *arguments)

    value, (gradient,) = gradients(of_predictions, [tensor(y_pred)])
    return value, gradient


def assert_close(
    mine: Any, other: Any, rtol: float = 1.3e-6, atol: float = 1e-5, same_dtype: bool = True
) -> None:
    """Equal up to rounding, in shape too; NaN is equal to itself."""
    if same_dtype and hasattr(mine, "dtype") and hasattr(other, "dtype"):
        assert dtype_of(mine) == dtype_of(other)
    mine, other = array(mine), array(other)
    assert mine.shape == other.shape
    np.testing.assert_allclose(mine, other, rtol=rtol, atol=atol)


# Both sides compute in float32 and add up in different orders; Keras' focal losses also subtract
# from 1 what ours take from a logarithm.
ROUNDING = {"rtol": 2e-5, "atol": 2e-6}


def assert_same(
    ours: tuple[Tensor, Tensor], theirs: tuple[Tensor, Tensor], **tolerance: float
) -> None:
    """Value and gradient are equal up to rounding, in shape and dtype too."""
    for mine, other in zip(ours, theirs, strict=True):
        assert_close(mine, other, **(tolerance or ROUNDING))
