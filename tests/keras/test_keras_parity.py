"""The numbers of keras.losses: values and gradients, for whatever both accept."""

from typing import Any

import keras
import numpy as np
import pytest
from keras_cases import CASES, CLASSES, Case, named, needs_current_keras
from keras_tensors import (
    BACKEND,
    ON_TORCH,
    array,
    assert_close,
    assert_same,
    dtype_of,
    only_torch,
    tensor,
    value_and_grad,
)

# What decides is the same code on each backend: on torch in every combination, on others in some.
SOME_CASES = CASES if ON_TORCH else CLASSES
ANY_CASE = CLASSES if ON_TORCH else [named("Huber"), named("SparseCategoricalCrossentropy")]

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

    def draw(*shape: int) -> np.ndarray:
        weights = random.uniform(0.5, 2, shape).astype(np.float32)
        weights.flat[0] = 0
        weights.flat[-1] = -0.5
        return weights

    weights = [None, 2.0, draw(*rows), draw(*rows, 1)]
    if len(rows) == 2:
        weights += [draw(rows[0], 1), draw(1, rows[1])]
    return weights


def for_keras(weights: Any, rows: tuple[int, ...], reduction: str | None, masked: bool) -> Any:
    """The same weights, where need be in the shape of the rows.

    Keras divides by the weights before it broadcasts them, and on torch it multiplies the mask into
    them in place: into the caller's own tensor, if that is large enough, and else it fails.
    """
    if weights is None:
        return None
    weights = np.asarray(weights, np.float32)
    if reduction == "mean_with_sample_weight" or masked:
        column = weights.ndim > len(rows)
        weights = np.broadcast_to(weights, (*rows, 1) if column else rows)
    return tensor(weights.copy())


@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", None]
)
@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_reductions_weights_and_masks(case: Case, ndim: int, reduction: str | None) -> None:
    other_reduction = reduction != "sum_over_batch_size"
    if not ON_TORCH and (ndim == 2 or (other_reduction and case not in ANY_CASE)):
        pytest.skip("the same code on each backend")
    shape = shape_for(case, ndim)
    rows = ROWS[shape]
    y_true, y_pred = case.batch(*shape)
    ours, theirs = case.ours(reduction=reduction), case.theirs(reduction=reduction)
    some = np.random.default_rng(2).uniform(size=rows) < 0.6
    none = np.zeros(rows, np.bool_)
    weights = weights_for(rows)
    combinations = [
        *((weight, None) for weight in weights),
        *((weight, some) for weight in weights),
        (None, none),
        (weights[-1], none),
    ]
    if not ON_TORCH:
        combinations = [(weights[2], None), (weights[-1], some)]
    for weight, mask in combinations:
        masked = mask is not None or "ignore_class" in case.options
        same = for_keras(weight, rows, reduction, masked)
        mine = value_and_grad(ours, y_true, y_pred, weight, mask=mask)
        assert_same(mine, value_and_grad(theirs, y_true, y_pred, same, mask=mask))


@pytest.mark.parametrize("alias", [("mean", "sum_over_batch_size"), ("none", None)])
@pytest.mark.parametrize("case", ANY_CASE, ids=str)
def test_names_of_a_reduction(case: Case, alias: tuple[str, str | None]) -> None:
    y_true, y_pred = case.batch(6, 5)
    random = np.random.default_rng(0)
    weights, mask = random.uniform(size=6).astype(np.float32), random.uniform(size=6) < 0.5
    mine, other = (
        value_and_grad(case.ours(reduction=name), y_true, y_pred, weights, mask=mask)
        for name in alias
    )
    assert_same(mine, other, rtol=0, atol=0)


@pytest.mark.parametrize(("dtype", "eps"), [("float16", 2**-10), ("bfloat16", 2**-7)])
@pytest.mark.parametrize("case", SOME_CASES, ids=str)
def test_half_precision_predictions(case: Case, dtype: str, eps: float) -> None:
    if not ON_TORCH and SOME_CASES.index(case) % 2 == (dtype == "float16"):
        pytest.skip("the two in turn")
    y_true, y_pred = case.batch(*shape_for(case, 2), dtype=dtype)
    value, gradient = value_and_grad(case.ours(), y_true, y_pred)
    expected, slope = value_and_grad(case.theirs(), y_true, y_pred)
    # Keras computes in float32, too, but from a copy.
    assert_close(value, expected, rtol=2e-5, atol=2e-6)
    # Ours is rounded when it is stored and, for float16, once more when it is divided.
    assert_close(gradient, slope, rtol=2 * eps, atol=1e-6)


@pytest.mark.skipif(BACKEND == "jax", reason="JAX has float64 on demand only")
@pytest.mark.parametrize("case", SOME_CASES, ids=str)
def test_float64(case: Case) -> None:
    y_true, y_pred = case.batch(*shape_for(case, 2), dtype="float64")
    y_true = y_true if case.targets == "label" else tensor(y_true, "float64")
    options = {"dtype": "float64", "reduction": "sum"}
    mine = value_and_grad(case.ours(**options), y_true, y_pred)
    theirs = value_and_grad(case.theirs(**options), y_true, y_pred)
    assert_same(mine, theirs, rtol=2e-7, atol=5e-8)  # Keras takes some steps in float32


@pytest.mark.parametrize(
    ("dtype", "eps"),
    [
        pytest.param(
            "float64", 2e-5, marks=pytest.mark.skipif(BACKEND == "jax", reason="on demand only")
        ),
        ("bfloat16", 2**-7),
        ("float16", 2**-10),
    ],
)
@pytest.mark.parametrize("case", ANY_CASE, ids=str)
def test_dtype_of_the_result(case: Case, dtype: str, eps: float) -> None:
    y_true, y_pred = case.batch(6, 5)
    value = case.ours(dtype=dtype)(y_true, y_pred)
    expected = case.theirs(dtype="float32")(y_true, y_pred)
    assert dtype_of(value) == dtype
    # The result is rounded once; Keras would round the predictions as well.
    assert_close(value, expected, rtol=eps, atol=0, same_dtype=False)


@pytest.mark.skipif(BACKEND == "jax", reason="JAX has float64 on demand only")
def test_dtype_follows_floatx() -> None:
    keras.config.set_floatx("float64")
    for case in CLASSES:
        y_true, y_pred = case.batch(6, 5)
        assert dtype_of(case.ours()(y_true, y_pred)) == "float64"


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "int16", "int32", "int64"] if ON_TORCH else ["uint16"]
)
@pytest.mark.parametrize("case", SOME_CASES, ids=str)
def test_integer_targets(case: Case, dtype: str) -> None:
    y_true, y_pred = case.batch(*shape_for(case, 2))
    y_true = tensor(abs(y_true), dtype)
    mine = value_and_grad(case.ours(), y_true, y_pred)
    assert_same(mine, value_and_grad(case.theirs(), y_true, y_pred))


@pytest.mark.parametrize("dtype", [np.bool_, np.int64, np.float16, np.float64])
@pytest.mark.parametrize("case", ANY_CASE, ids=str)
def test_dtypes_of_weights(case: Case, dtype: Any) -> None:
    y_true, y_pred = case.batch(6, 5)
    weights = np.array([0.0, 1.0, 2.0, 3.0, 1.0, 0.0]).astype(dtype)
    mine = value_and_grad(case.ours(), y_true, y_pred, weights)
    assert_same(mine, value_and_grad(case.theirs(), y_true, y_pred, weights))


def variable(values: np.ndarray) -> keras.Variable:
    return keras.Variable(values, trainable=False, dtype=str(values.dtype))


@pytest.mark.parametrize("convert", [np.ndarray.tolist, np.copy, variable])
@pytest.mark.parametrize("case", ANY_CASE, ids=str)
def test_inputs_that_are_no_tensors(case: Case, convert: Any) -> None:
    y_true, y_pred = case.batch(6, 5)
    weights = np.arange(6, dtype=np.float32)
    value = case.ours()(convert(array(y_true)), convert(array(y_pred)), convert(weights))
    assert_close(value, case.ours()(y_true, y_pred, weights))
    assert_close(value, case.theirs()(y_true, y_pred, weights))


@only_torch
@pytest.mark.parametrize("case", CASES, ids=str)
def test_strides(case: Case) -> None:
    import torch

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
    if not ON_TORCH and (not prediction or name != "Huber"):
        pytest.skip("the same code on each backend; Keras has a loss of one number on torch only")
    case = next(case for case in CASES if case.name == name)
    random = np.random.default_rng(0)
    y_true, y_pred = (
        np.asarray(random.uniform(low, low + 1, shape), np.float32)
        for low, shape in [(1, target), (0.5, prediction)]
    )
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
    if not ON_TORCH and (case.by_formula or len(prediction) == 1):
        pytest.skip("in Keras on torch only")
    random = np.random.default_rng(0)
    y_true = np.asarray(random.integers(0, 2, target))
    y_pred = random.normal(size=prediction).astype(np.float32)
    mine = value_and_grad(case.ours(), y_true, y_pred)
    assert_same(mine, value_and_grad(case.theirs(), y_true, y_pred))


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", None])
@pytest.mark.parametrize("name", ["MeanSquaredError", "Huber"])
def test_weights_for_a_single_row(name: str, reduction: str | None) -> None:
    """Keras reads 1-D predictions as one row, and repeats its loss for every weight."""
    if not ON_TORCH and name != "Huber":
        pytest.skip("the same code for each loss")
    case = next(case for case in CASES if case.name == name)
    ours, theirs = case.ours(reduction=reduction), case.theirs(reduction=reduction)
    for shape in [(5,), (1, 5)]:
        y_true, y_pred = case.batch(*shape)
        for weights in [np.array([1.0, 0.0, 2.5], np.float32), np.array([0.5], np.float32)]:
            for mask in [None, np.ones(weights.shape, np.bool_)]:
                mine = value_and_grad(ours, y_true, y_pred, weights, mask=mask)
                other = value_and_grad(theirs, y_true, y_pred, tensor(weights.copy()), mask=mask)
                assert_same(mine, other)


@pytest.mark.parametrize("case", ANY_CASE, ids=str)
def test_large_batch(case: Case) -> None:
    """Large enough for several threads and for a gradient in reused memory."""
    y_true, y_pred = case.batch(700, 90, 5)
    weights = np.random.default_rng(0).uniform(size=(700, 90)).astype(np.float32)
    # Keras' sum of 63 000 float32 losses is itself off by some 1e-5.
    mine = value_and_grad(case.ours(), y_true, y_pred, weights)
    theirs = value_and_grad(case.theirs(), y_true, y_pred, weights)
    assert_same(mine, theirs, rtol=1e-4, atol=1e-9)


def test_epsilon_is_that_of_keras() -> None:
    keras.config.set_epsilon(0.01)
    y_pred = tensor([[0.0, 1.0, 0.0, 0.0, 0.0], [0.001, 0.999, 0.0, 0.0, 0.0]])
    for case in SOME_CASES:
        if case.predictions not in ("probability", "distribution", "rate"):
            continue
        if case.targets == "label" and BACKEND == "tensorflow":
            continue  # Keras clips there before it divides by the sum, not after
        y_true = tensor([0, 1]) if case.targets == "label" else np.eye(5, dtype=np.float32)[:2]
        ours, theirs = case.ours(), case.theirs()
        assert_close(ours(y_true, y_pred), theirs(y_true, y_pred))
