"""Keras on JAX as a provider: a loss of keras.losses, its gradient taken and compiled by JAX.

Nothing here is needed: without Keras or JAX the others are measured.
"""

import os
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def why_not(threads: int) -> str | None:
    """What keeps it from being measured; called once, before Keras or JAX are imported."""
    os.environ["KERAS_BACKEND"] = "jax"  # Keras reads it when it is imported
    os.environ["NPROC"] = str(threads)  # and XLA how many threads its pool should have
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    try:
        import jax
        import keras
    except ImportError as error:
        return str(error)
    backend = keras.backend.backend()
    return None if backend == "jax" and jax.devices() else f"Keras runs on {backend}"


def call(loss_of: Callable[[Any], Any], y_pred: Tensor, y_true: Tensor) -> Callable[[], Any]:
    """Value and gradient, waited for; the arguments are converted here, once."""
    import jax
    import keras

    loss = loss_of(keras.losses)
    value_and_gradient = jax.jit(jax.value_and_grad(lambda y_pred, y_true: loss(y_true, y_pred)))
    if not y_true.is_floating_point():
        y_true = y_true.to(torch.int32)  # JAX has no wider integers unless told to
    arrays = [jax.numpy.from_dlpack(tensor.detach()) for tensor in (y_pred, y_true)]
    return lambda: jax.block_until_ready(value_and_gradient(*arrays))
