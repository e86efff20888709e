"""The public functions against those for NumPy arrays, which the same kernels compute."""

import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fusedloss as fl
import fusedloss.jax as fj
from numpy_cases import CASES, KINDS, Case

REDUCTIONS = ["none", "sum", "mean", "mean_with_sample_weight"]
LOSSES = fl.losses.__all__


def draw(case: Case, shape: tuple[int, ...]) -> tuple[Any, Any]:
    y_true, y_pred = case.draw(np.random.default_rng(0), shape)
    if y_true.dtype == np.float64:
        y_true = y_true.astype(np.float32)
    return y_true, y_pred.astype(np.float32)


def compare(case: Case, shape: tuple[int, ...], **options: Any) -> None:
    """Loss and gradient are the same to the last bit."""
    y_true, y_pred = draw(case, shape)
    loss, gradient = case.function(y_true, y_pred, return_grad=True, **case.parameters, **options)

    def ours(y_pred: Any) -> Any:
        losses = getattr(fj, case.name)(jnp.asarray(y_true), y_pred, **case.parameters, **options)
        return losses.sum() if options.get("reduction") == "none" else losses

    got, derivative = jax.jit(jax.value_and_grad(ours))(jnp.asarray(y_pred))
    if options.get("reduction") == "none":
        got = getattr(fj, case.name)(y_true, y_pred, **case.parameters, **options)
    np.testing.assert_array_equal(got, loss)
    np.testing.assert_array_equal(derivative, gradient)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_loss_is_that_of_numpy(case: Case) -> None:
    compare(case, (5, 7))


@pytest.mark.parametrize("shape", [(6,), (5, 7), (3, 4, 7)], ids=str)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("case", KINDS, ids=str)
def test_reductions_weights_and_masks(case: Case, reduction: str, shape: tuple[int, ...]) -> None:
    if len(shape) == 1 and "categorical" in case.name:
        pytest.skip("a row of classes needs an axis of its own")
    random = np.random.default_rng(2)
    weight, mask = random.uniform(size=shape[:1]).astype("f"), random.uniform(size=shape[:1]) < 0.7
    weight[0] = 0
    compare(case, shape, reduction=reduction)
    compare(case, shape, reduction=reduction, sample_weight=weight, mask=mask)


@pytest.mark.parametrize("case", KINDS, ids=str)
def test_denominators(case: Case) -> None:
    y_true, y_pred = draw(case, (5, 7))
    loss, gradient = case.function(
        y_true, y_pred, denominator=3.5, return_grad=True, **case.parameters
    )
    ours = getattr(fj, case.name)
    for denominator in (3.5, jnp.float32(3.5)):
        got, derivative = jax.value_and_grad(ours, argnums=1)(
            jnp.asarray(y_true), jnp.asarray(y_pred), denominator=denominator, **case.parameters
        )
        np.testing.assert_allclose(got, loss, rtol=1e-6)
        np.testing.assert_allclose(derivative, gradient, rtol=1e-6)


def test_a_denominator_of_positive_targets() -> None:
    labels = np.array([[1.0, 0, 1], [0, 0, 0], [1, 1, 1]], np.float32)
    logits = np.linspace(-2, 2, 9, dtype=np.float32).reshape(3, 3)
    mask = np.array([True, True, False])
    options: dict[str, Any] = {"from_logits": True, "mask": mask, "denominator": "positives"}
    wanted = fl.binary_focal_crossentropy(labels, logits, **options)
    np.testing.assert_allclose(
        fj.binary_focal_crossentropy(labels, logits, **options), wanted, 1e-6
    )
    classes = np.array([0, 2, 1])
    options["ignore_class"] = 2
    wanted = fl.sparse_categorical_focal_crossentropy(classes, logits, **options)
    got = fj.sparse_categorical_focal_crossentropy(classes, logits, **options)
    np.testing.assert_allclose(got, wanted, 1e-6)


def test_an_ignored_class_and_every_dtype_of_labels() -> None:
    logits = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    for dtype in (np.int8, np.int16, np.int32, np.uint8, np.uint16, np.uint32):
        labels = np.array([0, 1, 2, 7], dtype)
        options: dict[str, Any] = {"from_logits": True, "ignore_class": 7}
        wanted = fl.sparse_categorical_crossentropy(labels, logits, **options)
        assert fj.sparse_categorical_crossentropy(labels, logits, **options) == wanted


def test_classes_on_another_axis() -> None:
    logits = np.random.default_rng(0).normal(size=(4, 3, 5)).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 3, (4, 5))
    options: dict[str, Any] = {"from_logits": True, "axis": 1, "class_weight": [1.0, 2.0, 0.5]}
    wanted, gradient = fl.sparse_categorical_crossentropy(
        labels, logits, return_grad=True, **options
    )
    got, derivative = jax.value_and_grad(fj.sparse_categorical_crossentropy, argnums=1)(
        jnp.asarray(labels), jnp.asarray(logits), **options
    )
    assert got == wanted
    np.testing.assert_array_equal(derivative, gradient)


@pytest.mark.parametrize("dense", [False, True])
def test_statistics(dense: bool) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(6, 4)).astype(np.float32)
    logits[2, 1] = np.nan
    labels = random.integers(0, 4, 6)
    y_true = np.eye(4, dtype=np.float32)[labels] if dense else labels
    name = "categorical_crossentropy" if dense else "sparse_categorical_crossentropy"
    options: dict[str, Any] = {
        "from_logits": True,
        "temperature": 0.5,
        "softcap": 3.0,
        "mask": np.array([True] * 5 + [False]),
        "return_statistics": True,
    }
    loss, wanted = getattr(fl, name)(y_true, logits, **options)
    got, found = getattr(fj, name)(y_true, logits, **options)
    np.testing.assert_array_equal(got, loss)
    for field in wanted._fields:
        if getattr(wanted, field) is None:
            assert getattr(found, field) is None
        else:
            np.testing.assert_array_equal(getattr(found, field), getattr(wanted, field))


def test_numbers_in_place_of_further_predictions() -> None:
    y_true, y_pred = np.float32([[0, 2], [1, 3]]), np.float32([[0.5, 1], [2, 2]])
    for name in ("gaussian_nll", "negative_binomial"):
        wanted, gradient = getattr(fl, name)(y_true, y_pred, 0.5, return_grad=True)
        got, derivative = jax.value_and_grad(getattr(fj, name), argnums=1)(
            jnp.asarray(y_true), jnp.asarray(y_pred), 0.5
        )
        assert got == wanted
        np.testing.assert_array_equal(derivative, gradient)


def test_empty_batches() -> None:
    empty = jnp.zeros((0, 3))
    assert fj.huber(empty, empty) == 0
    assert jax.grad(fj.huber, argnums=1)(empty, empty).shape == (0, 3)
    labels = jnp.zeros(0, jnp.int32)
    assert fj.sparse_categorical_crossentropy(labels, empty, from_logits=True) == 0


def test_the_names_are_those_of_numpy() -> None:
    assert set(fj.__all__) == {*LOSSES, "optax"}


@pytest.mark.parametrize("name", LOSSES)
def test_arguments_and_documentation_are_those_of_numpy(name: str) -> None:
    ours = inspect.signature(getattr(fj, name)).parameters
    theirs = inspect.signature(getattr(fl, name)).parameters
    shared = [each for each in theirs if each not in ("return_grad", "out")]
    assert list(ours) == [*shared, "inplace"]
    assert ours["inplace"].default is False
    for parameter in map(ours.get, shared):
        assert parameter.default == theirs[parameter.name].default
        assert parameter.kind == theirs[parameter.name].kind
    text = inspect.getdoc(getattr(fj, name))
    assert text is not None
    assert text.startswith((inspect.getdoc(getattr(fl, name)) or "").split("\n")[0])
    described = text.partition("\nArgs:\n")[2].partition("\nReturns:\n")[0]
    names = [line.split(":")[0].strip() for line in described.splitlines() if line[2] != " "]
    assert names == list(ours)
    assert not {"`out`", "LabelError", "return_grad", "NumPy"} & set(text.replace("(", " ").split())
