"""The names of optax: its arguments, shapes and numbers."""

import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fusedloss.jax import optax as ours

theirs = pytest.importorskip("optax").losses

RANDOM = np.random.default_rng(0)
SHAPES = [(5,), (4, 5), (2, 3, 5)]


def real(shape: tuple[int, ...]) -> Any:
    return jnp.asarray(RANDOM.normal(size=shape), jnp.float32)


def arguments(name: str, shape: tuple[int, ...]) -> tuple[Any, Any]:
    x = real(shape)
    if name.endswith("integer_labels"):
        return x, jnp.asarray(RANDOM.integers(0, 5, shape[:-1]))
    if "sigmoid" in name:
        return x, jnp.asarray(RANDOM.integers(0, 2, shape), jnp.float32)
    if "hinge" in name:
        return x, jnp.asarray(RANDOM.choice([-1.0, 1.0], shape), jnp.float32)
    if "softmax" in name:
        return x, jax.nn.softmax(real(shape))
    if name.startswith("kl"):
        log_targets = jax.nn.log_softmax(real(shape))
        return jax.nn.log_softmax(x), log_targets if "log" in name else jnp.exp(log_targets)
    return x, real(shape)


@pytest.mark.parametrize("name", ours.__all__)
def test_values_and_gradients_are_those_of_optax(name: str) -> None:
    for shape in SHAPES:
        x, y = arguments(name, shape)
        got, want = (getattr(module, name)(x, y) for module in (ours, theirs))
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-6)

        def gradient(loss: Any, x: Any = x, y: Any = y) -> Any:
            return jax.jit(jax.grad(lambda x: (loss(x, y) ** 2).sum()))(x)

        got, want = (gradient(getattr(module, name)) for module in (ours, theirs))
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("huber_loss", {"delta": 0.3}),
        ("sigmoid_focal_loss", {"alpha": 0.3, "gamma": 1.5}),
        ("cosine_similarity", {"epsilon": 4.0}),
        ("cosine_distance", {"axis": 0}),
        ("softmax_cross_entropy", {"axis": 0}),
        ("kl_divergence", {"axis": 0}),
    ],
)
def test_options(name: str, options: dict[str, Any]) -> None:
    x, y = arguments(name, (4, 5))
    got, want = (getattr(module, name)(x, y, **options) for module in (ours, theirs))
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-6)


def test_targets_of_zero_are_the_default() -> None:
    for name in ("squared_error", "l2_loss", "huber_loss", "log_cosh"):
        x = real((3, 2))
        np.testing.assert_allclose(getattr(ours, name)(x), getattr(theirs, name)(x), 1e-5, 1e-6)


@pytest.mark.parametrize("name", ours.__all__)
def test_arguments_are_those_of_optax(name: str) -> None:
    mine, other = (inspect.signature(getattr(module, name)) for module in (ours, theirs))
    wanted = [each for each in other.parameters.values() if each.name != "where"]
    for got, want in zip(mine.parameters.values(), wanted, strict=True):
        assert (got.name, got.kind, got.default) == (want.name, want.kind, want.default)


def test_a_class_without_a_label_may_be_impossible() -> None:
    logits, labels = jnp.array([[1.0, 2.0, -jnp.inf]]), jnp.array([[0.5, 0.5, 0.0]])
    got, want = (module.safe_softmax_cross_entropy(logits, labels) for module in (ours, theirs))
    np.testing.assert_allclose(got, want, rtol=1e-5)
