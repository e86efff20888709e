"""Keras on PyTorch, whatever runs in the same process; its global settings are put back."""

import os
from collections.abc import Iterator

os.environ["KERAS_BACKEND"] = "torch"  # Keras reads it once, when it is first imported

import keras
import pytest


@pytest.fixture(autouse=True)
def _same_start() -> Iterator[None]:
    floatx, epsilon, policy = (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.dtype_policy(),
    )
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_floatx(floatx)
    keras.config.set_epsilon(epsilon)
    keras.config.set_dtype_policy(policy)
