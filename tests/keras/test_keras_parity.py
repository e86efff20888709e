"""The numbers of keras.losses: values and gradients, for whatever both accept."""

from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras_cases import (
    CASES,
    CLASSES,
    Case,
    assert_same,
    named,
    needs_current_keras,
    value_and_grad,
)
from torch import Tensor

pytestmark = needs_current_keras

ROWS = {(6, 5): (6,), (4, 5, 3): (4, 3), (4, 3, 5): (4, 3)}


def shape_for(case: Case, ndim: int) -> tuple[int, ...]:
    """Five classes along the loss' axis; `axis=1` lies inside if there are three."""
    if ndim == 2:
        return 6, 5
    return (4, 5, 3) if case.axis == 1 else (4, 3, 5)


def weights_for(rows: tuple[int, ...]) -> list[Any]:
    """Sample weights of every shape that has one meaning in Keras, with 0 and a negative one."""
    random = np.random.default_rng(1)

    def draw(*shape: int) -> Tensor:
        weights = random.uniform(0.5, 2, shape).astype(np.float32)
        weights.flat[0] = 0
        weights.flat[-1] = -0.5
        return torch.from_numpy(weights)

    weights = [None, 2.0, draw(*rows), draw(*rows, 1)]
    if len(rows) == 2:
        weights += [draw(rows[0], 1), draw(1, rows[1])]
    return weights


def for_keras(weights: Any, rows: tuple[int, ...], reduction: str | None, masked: bool) -> Any:
    """The same weights, where need be in the shape of the rows.

    Keras divides by the weights before it broadcasts them, and it multiplies the mask into them in
    place: into the caller's own tensor, if that is large enough, and else it fails.
    """
    if weights is None:
        return None
    weights = torch.as_tensor(weights)
    if reduction == "mean_with_sample_weight" or masked:
        column = weights.ndim > len(rows)
        weights = weights.expand(*rows, 1) if column else weights.expand(rows)
    return weights.clone()


@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", None]
)
@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_reductions_weights_and_masks(case: Case, ndim: int, reduction: str | None) -> None:
    shape = shape_for(case, ndim)
    rows = ROWS[shape]
    y_true, y_pred = case.batch(*shape)
    ours, theirs = case.ours(reduction=reduction), case.theirs(reduction=reduction)
    some = torch.from_numpy(np.random.default_rng(2).uniform(size=rows) < 0.6)
    none = torch.zeros(rows, dtype=torch.bool)
    weights = weights_for(rows)
    for weight, mask in [
        *((weight, None) for weight in weights),
        *((weight, some) for weight in weights),
        (None, none),
        (weights[-1], none),
    ]:
        masked = mask is not None or "ignore_class" in case.options
        same = for_keras(weight, rows, reduction, masked)
        mine = value_and_grad(ours, y_true, y_pred, weight, mask=mask)
        assert_same(mine, value_and_grad(theirs, y_true, y_pred, same, mask=mask))


@pytest.mark.parametrize("alias", [("mean", "sum_over_batch_size"), ("none", None)])
@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_names_of_a_reduction(case: Case, alias: tuple[str, str | None]) -> None:
    y_true, y_pred = case.batch(6, 5)
    weights, mask = torch.rand(6), torch.rand(6) < 0.5
    mine, other = (
        value_and_grad(case.ours(reduction=name), y_true, y_pred, weights, mask=mask)
        for name in alias
    )
    assert_same(mine, other, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_half_precision_predictions(case: Case, dtype: torch.dtype) -> None:
    y_true, y_pred = case.batch(*shape_for(case, 2), dtype=dtype)
    value, gradient = value_and_grad(case.ours(), y_true, y_pred)
    expected, slope = value_and_grad(case.theirs(), y_true, y_pred)
    # Keras computes in float32, too, but from a copy.
    torch.testing.assert_close(value, expected, rtol=2e-5, atol=2e-6)
    # Ours is rounded when it is stored and, for float16, once more when it is divided.
    torch.testing.assert_close(gradient, slope, rtol=2 * torch.finfo(dtype).eps, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_float64(case: Case) -> None:
    y_true, y_pred = case.batch(*shape_for(case, 2), dtype=torch.float64)
    y_true = y_true.double() if y_true.is_floating_point() else y_true
    options = {"dtype": "float64", "reduction": "sum"}
    mine = value_and_grad(case.ours(**options), y_true, y_pred)
    theirs = value_and_grad(case.theirs(**options), y_true, y_pred)
    assert_same(mine, theirs, rtol=2e-7, atol=5e-8)  # Keras takes some steps in float32


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "float16"])
@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_dtype_of_the_result(case: Case, dtype: str) -> None:
    y_true, y_pred = case.batch(6, 5)
    value = case.ours(dtype=dtype)(y_true, y_pred)
    expected = case.theirs(dtype="float32")(y_true, y_pred)
    assert value.dtype == getattr(torch, dtype)
    # The result is rounded once; Keras would round the predictions as well.
    eps = max(torch.finfo(value.dtype).eps, 2e-5)
    torch.testing.assert_close(value.float(), expected, rtol=eps, atol=0)


def test_dtype_follows_floatx() -> None:
    keras.config.set_floatx("float64")
    for case in CLASSES:
        y_true, y_pred = case.batch(6, 5)
        assert case.ours()(y_true, y_pred).dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_integer_targets(case: Case, dtype: torch.dtype) -> None:
    y_true, y_pred = case.batch(*shape_for(case, 2))
    y_true = y_true.abs().to(dtype)
    mine = value_and_grad(case.ours(), y_true, y_pred)
    assert_same(mine, value_and_grad(case.theirs(), y_true, y_pred))


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float16, torch.float64])
@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_dtypes_of_weights(case: Case, dtype: torch.dtype) -> None:
    y_true, y_pred = case.batch(6, 5)
    weights = torch.tensor([0.0, 1.0, 2.0, 3.0, 1.0, 0.0]).to(dtype)
    mine = value_and_grad(case.ours(), y_true, y_pred, weights)
    assert_same(mine, value_and_grad(case.theirs(), y_true, y_pred, weights))


def variable(tensor: Tensor) -> keras.Variable:
    return keras.Variable(tensor, trainable=False, dtype=str(tensor.dtype).removeprefix("torch."))


@pytest.mark.parametrize("convert", [Tensor.tolist, Tensor.numpy, variable])
@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_inputs_that_are_no_tensors(case: Case, convert: Any) -> None:
    y_true, y_pred = case.batch(6, 5)
    weights = torch.arange(6.0)
    value = case.ours()(convert(y_true), convert(y_pred), convert(weights))
    torch.testing.assert_close(value.detach(), case.ours()(y_true, y_pred, weights))
    torch.testing.assert_close(value.detach(), case.theirs()(y_true, y_pred, weights))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_strides(case: Case) -> None:
    shape = shape_for(case, 3)
    y_true, y_pred = case.batch(*shape)
    expected = value_and_grad(case.theirs(), y_true, y_pred)
    y_true = y_true.mT.contiguous().mT
    strided = torch.empty(*shape[:-1], 2 * y_pred.shape[-1])[..., ::2].copy_(y_pred)
    assert_same(value_and_grad(case.ours(), y_true, strided), expected)


@pytest.mark.parametrize(
    "name",
    [
        "MeanSquaredError",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError",
        "LogCosh",
        "Huber",
        "Hinge",
        "SquaredHinge",
        "CategoricalHinge",
        "KLDivergence",
        "Poisson",
    ],
)
@pytest.mark.parametrize(
    ("target", "prediction"),
    [
        ((6,), (6, 1)),
        ((6, 1), (6,)),
        ((4, 3, 1), (4, 3)),
        ((4, 3), (4, 3, 1)),
        ((), ()),
        ((1,), ()),
        ((5,), (5,)),
        ((4, 1), (4, 3)),
        ((4, 3), (4, 1)),
        ((3,), (4, 3)),
        ((4, 3), (3,)),
    ],
)
def test_last_axis_of_size_1_and_broadcasting(
    name: str, target: tuple[int, ...], prediction: tuple[int, ...]
) -> None:
    case = next(case for case in CASES if case.name == name)
    y_true, y_pred = torch.rand(target) + 1, torch.rand(prediction) + 0.5
    mine = value_and_grad(case.ours(), y_true, y_pred)
    assert_same(mine, value_and_grad(case.theirs(), y_true, y_pred))


@pytest.mark.parametrize(
    ("case", "target", "prediction"),
    [
        (named("BinaryCrossentropy-from_logits=True"), (6,), (6, 1)),
        (named("BinaryCrossentropy-from_logits=True"), (6, 1), (6,)),
        (named("CategoricalCrossentropy-from_logits=True"), (5,), (5,)),
        (named("SparseCategoricalCrossentropy-from_logits=True"), (6, 1), (6, 5)),
        (named("SparseCategoricalCrossentropy-from_logits=True"), (4, 3, 1), (4, 3, 5)),
        (named("SparseCategoricalCrossentropy-from_logits=True"), (), (5,)),
        (named("SparseCategoricalCrossentropy-from_logits=True"), (1,), (5,)),
        (named("SparseCategoricalCrossentropy-from_logits=True-axis=1"), (4, 1, 3), (4, 5, 3)),
    ],
    ids=str,
)
def test_last_axis_of_size_1_of_labels(
    case: Case, target: tuple[int, ...], prediction: tuple[int, ...]
) -> None:
    y_true, y_pred = torch.randint(0, 2, target), torch.randn(prediction)
    mine = value_and_grad(case.ours(), y_true, y_pred)
    assert_same(mine, value_and_grad(case.theirs(), y_true, y_pred))


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", None])
@pytest.mark.parametrize("name", ["MeanSquaredError", "Huber"])
def test_weights_for_a_single_row(name: str, reduction: str | None) -> None:
    """Keras reads 1-D predictions as one row, and repeats its loss for every weight."""
    case = next(case for case in CASES if case.name == name)
    ours, theirs = case.ours(reduction=reduction), case.theirs(reduction=reduction)
    for shape in [(5,), (1, 5)]:
        y_true, y_pred = case.batch(*shape)
        for weights in [torch.tensor([1.0, 0.0, 2.5]), torch.tensor([0.5])]:
            for mask in [None, torch.ones(weights.shape, dtype=torch.bool)]:
                mine = value_and_grad(ours, y_true, y_pred, weights, mask=mask)
                other = value_and_grad(theirs, y_true, y_pred, weights.clone(), mask=mask)
                assert_same(mine, other)


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_large_batch(case: Case) -> None:
    """Large enough for several threads and for a gradient in reused memory."""
    y_true, y_pred = case.batch(700, 90, 5)
    weights = torch.rand(700, 90)
    # Keras' sum of 63 000 float32 losses is itself off by some 1e-5.
    mine = value_and_grad(case.ours(), y_true, y_pred, weights)
    theirs = value_and_grad(case.theirs(), y_true, y_pred, weights)
    assert_same(mine, theirs, rtol=1e-4, atol=1e-9)


def test_epsilon_is_that_of_keras() -> None:
    keras.config.set_epsilon(0.01)
    y_pred = torch.tensor([[0.0, 1.0, 0.0, 0.0, 0.0], [0.001, 0.999, 0.0, 0.0, 0.0]])
    for case in CASES:
        if case.predictions not in ("probability", "distribution", "rate"):
            continue
        y_true = torch.tensor([0, 1]) if case.targets == "label" else torch.eye(5)[:2]
        ours, theirs = case.ours(), case.theirs()
        torch.testing.assert_close(ours(y_true, y_pred), theirs(y_true, y_pred))
