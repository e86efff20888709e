"""NumPy functions of several arrays of predictions: a gradient for each, in a tuple."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

import fusedloss as fl
from numpy_cases import CLASSES, Shape
from numpy_formulas import reference

Arrays = tuple[np.ndarray, ...]
Draw = Callable[[np.random.Generator, Shape], Arrays]


class Case(NamedTuple):
    name: str
    formula: Callable[..., np.ndarray]
    draw: Draw
    parameters: Mapping[str, Any] = MappingProxyType({})

    def __str__(self) -> str:
        return "-".join([self.name, *self.parameters])

    def __call__(self, *arrays: np.ndarray, **options: Any) -> Any:
        """The public function, which for triplets has no targets."""
        arrays = arrays[self.name == "triplet_margin" :]
        return getattr(fl, self.name)(*arrays, **self.parameters, **options)


def pairs(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.choice([-1, 1], shape), random.normal(size=shape), random.normal(size=shape)


def uncertain(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.normal(size=shape), random.normal(size=shape), random.gamma(2, size=shape)


def counts(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.poisson(1, shape), random.gamma(2, size=shape), random.gamma(2, 0.3, size=shape)


def log_counts(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.poisson(1, shape), random.normal(size=shape), random.gamma(2, 0.3, size=shape)


def vectors(random: np.random.Generator, shape: Shape) -> Arrays:
    _, first, second = pairs(random, shape)
    return random.choice([-1, 0, 1], shape[:-1]), first, second


def triplets(random: np.random.Generator, shape: Shape) -> Arrays:
    return np.zeros(shape[:-1], int), *random.normal(size=(3, *shape))


LOG: dict[str, Any] = {"log_input": True}
POINTWISE = [
    Case("margin_ranking", reference("margin_ranking"), pairs, {"margin": 0.5}),
    Case("gaussian_nll", reference("gaussian_nll"), uncertain),
    Case("gaussian_nll", reference("gaussian_nll"), uncertain, {"epsilon": 0, "full": True}),
    Case("negative_binomial", reference("negative_binomial"), counts),
    Case("negative_binomial", reference("negative_binomial"), counts, {"epsilon": 0.1, "full": 1}),
    Case("negative_binomial", reference("negative_binomial_log_input"), log_counts, LOG),
    Case("zero_inflated_poisson", reference("zero_inflated_poisson"), counts, {"full": True}),
    Case("zero_inflated_poisson", reference("zero_inflated_poisson_log_input"), log_counts, LOG),
]
ROWS = [
    Case("cosine_embedding", reference("cosine_embedding"), vectors),
    Case("cosine_embedding", reference("cosine_embedding"), vectors, {"margin": 0.25}),
    Case("triplet_margin", reference("triplet_margin"), triplets),
    Case("triplet_margin", reference("triplet_margin"), triplets, {"p": 1, "swap": True}),
]
every_case = pytest.mark.parametrize("case", POINTWISE + ROWS, ids=str)
KINDS = [POINTWISE[0], ROWS[0], ROWS[2]]
every_kind = pytest.mark.parametrize("case", KINDS, ids=str)


def numeric_gradients(case: Case, y_true: np.ndarray, predictions: Arrays) -> list[np.ndarray]:
    """Central differences of the sum of the formula's losses, by each prediction."""

    def total(k: int, index: tuple[int, ...], step: float) -> float:
        moved = [array.copy() for array in predictions]
        moved[k][index] += step
        return float(case.formula(y_true, *moved, **case.parameters).sum())

    gradients, step = [], 1e-6
    for k, array in enumerate(predictions):
        gradient = np.empty(array.shape)
        for index in np.ndindex(array.shape):
            gradient[index] = (total(k, index, step) - total(k, index, -step)) / (2 * step)
        gradients.append(gradient)
    return gradients


@every_case
@pytest.mark.parametrize("shape", [(6, CLASSES), (3, 2, 4)], ids=str)
def test_values_and_gradients_are_those_of_the_formula(case: Case, shape: Shape) -> None:
    y_true, *predictions = case.draw(np.random.default_rng(1), shape)
    losses, gradients = case(y_true, *predictions, reduction="none", return_grad=True)
    expected = case.formula(y_true, *predictions, **case.parameters)
    np.testing.assert_allclose(losses, expected, rtol=1e-12, atol=1e-14)
    assert isinstance(gradients, tuple)
    numeric = numeric_gradients(case, y_true, (*predictions,))
    for gradient, wanted in zip(gradients, numeric, strict=True):
        np.testing.assert_allclose(gradient, wanted, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("case", POINTWISE, ids=str)
def test_elements_of_a_vector_are_samples(case: Case) -> None:
    arrays = case.draw(np.random.default_rng(2), (9,))
    expected = case.formula(*arrays, **case.parameters)
    np.testing.assert_allclose(case(*arrays, reduction="none"), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("case", [case for case in POINTWISE if "nom" in case.name], ids=str)
@pytest.mark.parametrize("value", [0.5, np.float32(2), 1])
def test_a_number_is_the_same_for_all_elements_and_has_no_gradient(case: Case, value: Any) -> None:
    y_true, y_pred, _ = case.draw(np.random.default_rng(3), (5, 4))
    filled = np.full(y_pred.shape, float(value))
    expected, (of_first, _) = case(y_true, y_pred, filled, return_grad=True)
    loss, gradient = case(y_true, y_pred, value, return_grad=True)
    assert loss == expected
    np.testing.assert_array_equal(gradient, of_first)
    out = np.empty_like(y_pred)
    assert case(y_true, y_pred, value, out=out) == expected
    np.testing.assert_array_equal(out, of_first)


@every_kind
@pytest.mark.parametrize("return_grad", [False, True])
def test_out_is_a_tuple(case: Case, return_grad: bool) -> None:
    y_true, *predictions = case.draw(np.random.default_rng(4), (4, CLASSES))
    loss, gradients = case(y_true, *predictions, return_grad=True)
    for first in (np.empty_like(gradients[0]), predictions[0]):
        out = (first, *(np.empty((CLASSES, 8))[:, ::2].T for _ in gradients[1:]))
        result = case(y_true, *predictions, out=out, return_grad=return_grad)
        for got, wanted in zip(out, gradients, strict=True):
            np.testing.assert_array_equal(got, wanted)
        if return_grad:
            assert all(a is b for a, b in zip(result[1], out, strict=True))
        assert (result[0] if return_grad else result) == loss


@every_kind
def test_out_that_cannot_be_used_is_refused(case: Case) -> None:
    y_true, *predictions = case.draw(np.random.default_rng(5), (4, CLASSES))
    fresh = [np.zeros_like(array) for array in predictions]
    same = [fresh[0]] * len(fresh)
    count = len(fresh)
    for out, error, message in [
        (fresh[0], TypeError, rf"out must be a tuple of {count} arrays.*got a ndarray"),
        ((fresh[0],), TypeError, rf"out must be a tuple of {count} arrays.*got a tuple of 1"),
        (fresh, TypeError, "got a list"),
        ((*fresh[1:], None), TypeError, rf"out\[{count - 1}\] must be a numpy.ndarray, got None"),
        (same, TypeError, "list"),
        ((*same,), ValueError, r"out\[1\] must not overlap out\[0\]"),
        ((fresh[0], *predictions[1:]), ValueError, r"out\[1\] must not overlap"),
        ((fresh[0], predictions[0], *fresh[2:]), ValueError, r"out\[1\] must not overlap y_pred"),
        ((predictions[1], *fresh[1:]), ValueError, r"out\[0\] must not overlap"),
        ((fresh[0], fresh[1][1:], *fresh[2:]), ValueError, r"out\[1\] must have the shape"),
    ]:
        with pytest.raises(error, match=message):
            case(y_true, *predictions, out=out)
    assert all((array == 0).all() for array in fresh)


@every_kind
def test_further_predictions_that_do_not_match_are_refused(case: Case) -> None:
    y_true, first, *more = case.draw(np.random.default_rng(6), (4, CLASSES))
    shape = rf"\(4, {CLASSES}\)"
    for bad, error, message in [
        (more[0][0], ValueError, rf"must have the shape of \w+, {shape}, got \({CLASSES},\)"),
        (more[0][:3], ValueError, rf"must have the shape of \w+, {shape}, got"),
        (list(more[0]), TypeError, "must be a numpy.ndarray, got a list"),
        (None, TypeError, "must be a numpy.ndarray, got None"),
        (more[0].astype(complex), TypeError, ""),
        (more[0].astype(int), TypeError, ""),
    ]:
        names = {"margin_ranking": "other", "cosine_embedding": "other"}
        name = names.get(case.name, "positive")
        with pytest.raises(error, match=f"^{name} .*{message}"):
            case(y_true, first, bad, *more[1:])


@every_case
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_further_predictions_may_have_another_dtype(case: Case, dtype: type) -> None:
    y_true, first, *more = case.draw(np.random.default_rng(7), (4, CLASSES))
    short = [array.astype(dtype) for array in more]
    loss, gradients = case(y_true, first, *short, return_grad=True)
    wide = [array.astype(float) for array in short]
    expected, expected_gradients = case(y_true, first, *wide, return_grad=True)
    assert loss == expected
    for gradient, wanted in zip(gradients, expected_gradients, strict=True):
        assert gradient.dtype == first.dtype
        np.testing.assert_array_equal(gradient, wanted)


@pytest.mark.parametrize("case", ROWS, ids=str)
@pytest.mark.parametrize("axis", [0, 1, -2])
def test_the_axis_may_lie_anywhere(case: Case, axis: int) -> None:
    y_true, *predictions = case.draw(np.random.default_rng(8), (3, 4, CLASSES))
    expected, wanted = case(y_true, *predictions, reduction="none", return_grad=True)
    turned = [np.moveaxis(array, -1, axis) for array in predictions]
    losses, gradients = case(y_true, *turned, axis=axis, reduction="none", return_grad=True)
    np.testing.assert_allclose(losses, expected, rtol=1e-13, atol=1e-15)
    for gradient, of_last in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(gradient, np.moveaxis(of_last, -1, axis), rtol=1e-13, atol=1e-15)


@every_kind
def test_rows_that_do_not_count_are_not_read(case: Case) -> None:
    y_true, *predictions = case.draw(np.random.default_rng(9), (5, CLASSES))
    counts = np.array([True, True, False, True, False])
    expected, wanted = case(y_true, *predictions, mask=counts, return_grad=True)
    for array in predictions:
        array[2], array[4] = np.nan, np.inf
    loss, gradients = case(y_true, *predictions, mask=counts, return_grad=True)
    assert loss == expected
    for gradient, other in zip(gradients, wanted, strict=True):
        np.testing.assert_array_equal(gradient, other)
        assert (gradient[~counts] == 0).all()
