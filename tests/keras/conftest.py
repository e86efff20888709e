"""Keras on one backend: PyTorch unless KERAS_BACKEND names another. Its settings are put back."""

import os
from collections.abc import Iterator

# Keras reads it once, when it is first imported.
os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND", "torch")

import keras
import pytest

if keras.backend.backend() == "jax":
    import jax

    # Most of the time goes into compiling programs that run once.
    jax.config.update("jax_disable_most_optimizations", True)
if keras.backend.backend() != "torch":
    # What is special about torch, and where Keras on torch has other numbers than ours. What ours
    # are in these places on every backend: test_keras_numbers.py.
    collect_ignore = [
        "test_keras_differences.py",
        "test_keras_modes.py",
        "test_keras_value_differences.py",
    ]


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
