"""The NumPy functions against float64 formulas: values, gradients, dtypes, axes."""

import numpy as np
import pytest

import fusedloss as fl
from numpy_cases import (
    CLASSES,
    ELEMENT_CASES,
    KINDS,
    WEIGHTS,
    Case,
    Shape,
    binary_logits,
    every_case,
    sparse_logits,
)
from numpy_formulas import binary_crossentropy


def numeric_gradient(case: Case, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Central differences of the sum of the reference's losses."""
    gradient = np.empty(y_pred.shape)
    step = 1e-6
    for index in np.ndindex(y_pred.shape):
        high, low = y_pred.copy(), y_pred.copy()
        high[index] += step
        low[index] -= step
        sums = [case.reference(y_true, p, **case.parameters).sum() for p in (high, low)]
        gradient[index] = (sums[0] - sums[1]) / (2 * step)
    return gradient


@every_case
@pytest.mark.parametrize("shape", [(11, CLASSES), (3, 2, CLASSES), (1, CLASSES)], ids=str)
def test_values_and_gradients_are_those_of_the_formula(case: Case, shape: Shape) -> None:
    y_true, y_pred = case.draw(np.random.default_rng(1), shape)
    losses, gradient = case.function(
        y_true, y_pred, reduction="none", return_grad=True, **case.parameters
    )
    assert losses.dtype == gradient.dtype == np.float64
    # Both sides sum a few terms, each with the error of a few logarithms.
    expected = case.reference(y_true, y_pred, **case.parameters)
    np.testing.assert_allclose(losses, expected, rtol=1e-12, atol=1e-14)
    # A step of 1e-6 leaves a truncation of 1e-12 and a rounding error of 1e-16 / 1e-6.
    np.testing.assert_allclose(
        gradient, numeric_gradient(case, y_true, y_pred), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("case", ELEMENT_CASES, ids=str)
def test_elements_of_a_vector_are_samples(case: Case) -> None:
    y_true, y_pred = case.draw(np.random.default_rng(2), (9,))
    losses, gradient = case.function(
        y_true, y_pred, reduction="none", return_grad=True, **case.parameters
    )
    expected = case.reference(y_true, y_pred, **case.parameters)
    np.testing.assert_allclose(losses, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        gradient, numeric_gradient(case, y_true, y_pred), rtol=1e-6, atol=1e-8
    )
    mean = case.function(y_true, y_pred, **case.parameters)
    np.testing.assert_allclose(mean, expected.mean(), rtol=1e-12)


# dtype of y_pred -> error of one rounding, relative and, below the smallest normal number, absolute
ROUNDING = {"float32": (2.0**-24, 0.0), "float16": (2.0**-11, 2.0**-25), "bfloat16": (2.0**-8, 0.0)}


def floating(name: str) -> np.dtype:
    return np.dtype(getattr(pytest.importorskip("ml_dtypes"), name) if name[0] == "b" else name)


@every_case
@pytest.mark.parametrize("dtype_name", ROUNDING)
def test_short_floats_are_computed_in_float32(case: Case, dtype_name: str) -> None:
    y_true, y_pred = case.draw(np.random.default_rng(3), (6, 4, CLASSES))
    y_pred = y_pred.astype(floating(dtype_name))
    loss, gradient = case.function(
        y_true, y_pred, reduction="sum", return_grad=True, **case.parameters
    )
    exact_loss, exact_gradient = case.function(
        y_true, y_pred.astype(float), reduction="sum", return_grad=True, **case.parameters
    )
    assert type(loss) is np.float32
    assert gradient.dtype == y_pred.dtype
    # Some tens of roundings to float32 in each loss, few of them at the loss' full size.
    np.testing.assert_allclose(loss, exact_loss, rtol=20 * 2**-24)
    relative, absolute = ROUNDING[dtype_name]
    # The gradient is rounded once, after float32 arithmetic that cancels at most terms of size 10.
    np.testing.assert_allclose(
        gradient.astype(float),
        exact_gradient,
        rtol=relative + 50 * 2**-24,
        atol=absolute + 20 * 2**-24,
    )


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint8, np.int64, np.uint16, np.float16])
@pytest.mark.parametrize("case", [KINDS[0], KINDS[1]], ids=str)
def test_targets_may_have_any_real_dtype(case: Case, dtype: type) -> None:
    y_true, y_pred = binary_logits(np.random.default_rng(4), (5, 3))
    expected = case.function(y_true.astype(float), y_pred, **case.parameters)
    assert case.function(y_true.astype(dtype), y_pred, **case.parameters) == expected


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4"])
def test_labels_may_have_any_integer_dtype(dtype: str) -> None:
    labels, logits = sparse_logits(np.random.default_rng(5), (8, CLASSES))
    expected = fl.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    labels = labels.astype(dtype)
    assert fl.sparse_categorical_crossentropy(labels, logits, from_logits=True) == expected


@pytest.mark.parametrize("axis", [0, 1, -2, np.int64(2)])
@pytest.mark.parametrize("case", [KINDS[1], KINDS[2], KINDS[3]], ids=str)
def test_the_axis_may_lie_anywhere(case: Case, axis: int) -> None:
    y_true, y_pred = case.draw(np.random.default_rng(6), (3, 4, CLASSES))
    expected, expected_gradient = case.function(
        y_true, y_pred, reduction="none", return_grad=True, **case.parameters
    )
    y_pred = np.moveaxis(y_pred, -1, axis)
    if y_true.ndim == y_pred.ndim:
        y_true = np.moveaxis(y_true, -1, axis)
    losses, gradient = case.function(
        y_true, y_pred, axis=axis, reduction="none", return_grad=True, **case.parameters
    )
    # Another axis is another kernel, which adds the same terms in another order.
    np.testing.assert_allclose(losses, expected, rtol=1e-14)
    np.testing.assert_allclose(
        gradient, np.moveaxis(expected_gradient, -1, axis), rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize("axis", [-1, 0])
def test_pos_weight_may_differ_between_outputs(axis: int) -> None:
    parameters = {"from_logits": True, "axis": axis}
    y_true, y_pred = binary_logits(np.random.default_rng(7), (CLASSES, CLASSES))
    losses = fl.binary_crossentropy(
        y_true, y_pred, pos_weight=WEIGHTS, reduction="none", **parameters
    )
    expected = binary_crossentropy(y_true, y_pred, pos_weight=WEIGHTS, **parameters)
    np.testing.assert_allclose(losses, expected, rtol=1e-12)
