"""NaN, infinities, ties, saturation and the edges of domains."""

from dataclasses import replace
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest

from cases import CASES, DEFAULTS, FLOATS, Case, Inputs, differentiate, exact, precision
from fusedloss import _core
from support import Result, assert_matches, assert_same_bits, call, compute, each_isa

F32 = np.dtype(np.float32)
NEGLIGIBLE = 1e-30
"""The focal losses bound 1 - p_t from below, so that its logarithm is finite."""
NAN, INF = np.nan, np.inf


def rows_of_losses(case: Case, inputs: Inputs) -> Result:
    return call(case, inputs, reduction=_core.NONE)


LAYOUTS = [(40, 5), (40, 80)]  # few classes, and long rows


@pytest.mark.parametrize("shape", LAYOUTS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_nan_in_nan_out_in_exactly_that_row(case: Case, shape: tuple[int, int]) -> None:
    row, column = 21, shape[-1] - 2
    bad = row if case.is_row else (row, column)
    for dtype, where in product(FLOATS, ["y_pred"] if case.labels else ["y_pred", "y_true"]):
        clean_inputs, inputs = case.inputs(dtype, shape), case.inputs(dtype, shape)
        getattr(inputs, where)[row, column] = NAN
        for isa in each_isa():
            what = f"{case}, {dtype}, {isa}, NaN in {where}"
            got = rows_of_losses(case, inputs)
            assert np.isnan(got.loss[bad]), what
            assert np.isnan(got.grad[bad]).all(), what
            assert_same_elsewhere(got, rows_of_losses(case, clean_inputs), bad, what)
            for reduction in [_core.SUM, _core.MEAN]:
                assert np.isnan(call(case, inputs, reduction=reduction).loss), what


@pytest.mark.parametrize("shape", LAYOUTS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_infinity_stays_in_its_row(case: Case, shape: tuple[int, int]) -> None:
    place = 21 if case.is_row else (21, 2)
    clean_inputs = case.inputs(F32, shape)
    for bad in [INF, -INF]:
        inputs = case.inputs(F32, shape)
        inputs.y_pred[21, 2] = bad
        for isa in each_isa():
            clean = rows_of_losses(case, clean_inputs)
            got = rows_of_losses(case, inputs)
            assert_same_elsewhere(got, clean, place, f"{case}, {isa}, {bad}")


def assert_same_elsewhere(got: Result, clean: Result, bad: Any, what: str) -> None:
    others = np.ones(got.loss.shape, bool)
    others[bad] = False
    assert_same_bits(got.loss[others], clean.loss[others], f"other losses of {what}")
    assert_same_bits(got.grad[others], clean.grad[others], f"other gradients of {what}")


EPSILON = np.float32(1e-7)
LOW, HIGH = float(EPSILON), float(1 - EPSILON)

# What the definition, or where it has none the convention of torch, says at the edges:
# (loss, parameters, y_true, y_pred, value, gradient), all in float32.
EDGES = [
    ("mean_squared_error", {}, 1, 1, 0, 0),
    ("mean_squared_error", {}, 0, INF, INF, INF),
    ("mean_squared_error", {}, 0, 3e19, INF, 6e19),
    ("mean_absolute_error", {}, 2, 2, 0, 0),
    ("mean_absolute_error", {}, 0, -0.0, 0, 0),
    ("mean_absolute_error", {}, 0, -INF, INF, -1),
    ("huber", {}, 3, 3, 0, 0),
    ("huber", {}, 3, 4, 0.5, 1),
    ("huber", {}, 3, 2, 0.5, -1),
    ("huber", {}, 0, INF, INF, 1),
    ("huber", {"delta": 2}, 0, -INF, INF, -2),
    ("poisson", {}, 0, 0, 0, 1),
    ("poisson", {"epsilon": 0}, 1, 0, INF, -INF),
    ("poisson", {}, 1, -1, NAN, None),
    ("poisson_log_input", {}, 3, 0, 1, -2),
    ("poisson_log_input", {}, 0, 100, INF, INF),
    # Keras clips to [epsilon, 1 - epsilon]; outside the loss is constant.
    ("binary_crossentropy", {}, 1, 0, -np.log(LOW), 0),
    ("binary_crossentropy", {}, 0, 1, -np.log1p(-HIGH), 0),
    ("binary_crossentropy", {}, 0, 0, -np.log1p(-LOW), 0),
    ("binary_crossentropy", {}, 1, 1, -np.log(HIGH), 0),
    ("binary_crossentropy", {}, 1, -3, -np.log(LOW), 0),
    ("binary_crossentropy", {}, 1, INF, -np.log(HIGH), 0),
    ("binary_crossentropy", {}, 1, LOW, -np.log(LOW), -1 / LOW),
    ("binary_crossentropy", {}, 0, HIGH, -np.log1p(-HIGH), 1 / (1 - HIGH)),
    # torch bounds the logarithms by -100 and p (1 - p) from below by 1e-12.
    ("binary_crossentropy_clamped", {}, 1, 0, 100, -1e12),
    ("binary_crossentropy_clamped", {}, 0, 1, 100, 1e12),
    ("binary_crossentropy_clamped", {}, 0, 0, 0, 0),
    ("binary_crossentropy_clamped", {}, 1, 1, 0, 0),
    ("binary_crossentropy_clamped", {}, 1, 1.0001, NAN, NAN),
    ("binary_crossentropy_clamped", {}, 1, -1e-6, NAN, NAN),
    ("binary_crossentropy_clamped", {}, -0.5, 0.5, NAN, NAN),
    ("binary_crossentropy_clamped", {}, 1.5, 0.5, NAN, NAN),
    ("binary_crossentropy_from_logits", {}, 1, -INF, INF, -1),
    ("binary_crossentropy_from_logits", {}, 0, INF, INF, 1),
    *(
        ("binary_focal_crossentropy", {"gamma": gamma}, y, y, None, 0)
        for gamma in (0.0, 1.0, 2.0, 5.0)
        for y in (0, 1)
    ),
]


@pytest.mark.parametrize(("name", "parameters", "y_true", "y_pred", "value", "gradient"), EDGES)
def test_edges(
    name: str,
    parameters: dict[str, float],
    y_true: float,
    y_pred: float,
    value: float | None,
    gradient: float | None,
) -> None:
    loss = next(case for case in DEFAULTS if case.loss.name == name)
    case = Case(loss.loss, loss.reference, parameters)
    y = np.full(3, y_true, np.float32), np.full(3, y_pred, np.float32)
    for isa in each_isa():
        got = compute(case, *y, reduction=_core.NONE)
        for found, wanted in [(got.loss, value), (got.grad, gradient)]:
            if wanted is not None:
                np.testing.assert_allclose(
                    found,
                    np.full(3, wanted, np.float32),
                    rtol=3e-7,
                    atol=NEGLIGIBLE,
                    err_msg=f"{case}, {isa}",
                )


SATURATED = [case for case in CASES if case.reference.predictions == "logit"]
LOGITS = [0.0, 17.0, 40.0, 88.5, 104.0, 300.0, 760.0, 1e4]


def saturated(case: Case, dtype: np.dtype[Any]) -> Inputs:
    """Every logit with both signs and both labels; rows: pairs of logits and one between them."""
    both = np.array([sign * x for x in LOGITS for sign in (1, -1)])
    if case.is_row:
        y_pred = np.stack([both, np.roll(both, 5), both / 2], axis=-1)
        y_true = np.arange(len(both)) % 3
    else:
        y_pred, y_true = np.tile(both, 2), np.repeat([0.0, 1.0], len(both))
    weight = None
    if case.weighted:
        weight = np.full(3 if case.is_row else y_pred.shape, 1.5, precision(dtype))
    if case.is_row and not case.labels:
        y_true = np.eye(3)[y_true]
    return Inputs(y_true if case.labels else y_true.astype(dtype), y_pred.astype(dtype), weight)


@pytest.mark.parametrize("case", SATURATED, ids=str)
def test_saturated_logits(case: Case) -> None:
    """No overflow on the way, and losses and gradients that fade out gradually."""
    inputs = saturated(case, F32)
    with mpmath.workdps(180):
        want = differentiate(case, inputs, exact, mpmath.mpf(10) ** -60)
    want = replace(want, value_noise=NEGLIGIBLE, gradient_noise=NEGLIGIBLE)
    for _ in each_isa():
        assert_matches(case, inputs, rows_of_losses(case, inputs), want)


@pytest.mark.parametrize("case", SATURATED, ids=str)
def test_saturated_logits_have_finite_losses_and_gradients(case: Case) -> None:
    for dtype in FLOATS:
        inputs = saturated(case, dtype)
        for isa in each_isa():
            got = rows_of_losses(case, inputs)
            assert np.isfinite(got.loss).all(), f"{case}, {dtype}, {isa}"
            assert np.isfinite(got.grad).all(), f"{case}, {dtype}, {isa}"


@pytest.mark.parametrize("gamma", [0.0, 0.25, 0.5, 0.99, 1.0, 2.0, 5.0, 50.0])
@pytest.mark.parametrize("case", [case for case in DEFAULTS if "gamma" in case.parameters], ids=str)
def test_focal_gradients_are_finite_at_certainty(case: Case, gamma: float) -> None:
    """(1 - p_t)^gamma has an infinite slope at p_t = 1 for gamma < 1."""
    focal = Case(case.loss, case.reference, {"gamma": gamma}, labels=case.labels)
    if case.reference.predictions == "logit":
        ends = np.array([-6e4, -90.0, 90.0, 6e4])
    else:
        ends = np.array([0.0, 1e-30, 1 - 2**-24, 1.0])
    for dtype in FLOATS:
        y_pred = ends.astype(dtype)
        if case.is_row:
            y_pred = np.stack([y_pred, y_pred[::-1]], axis=-1)
            y_true = np.array([0, 1, 0, 1])
            y_true = y_true if case.labels else np.eye(2)[y_true].astype(dtype)
        else:
            y_true = np.array([0, 1, 0, 1]).astype(dtype)
        got = compute(focal, y_true, y_pred, reduction=_core.NONE)
        assert np.isfinite(got.loss).all()
        assert np.isfinite(got.grad).all()


# Smoothing gives every class a target, so that an impossible class makes the loss infinite.
MASKABLE = [c for c in SATURATED if c.is_row and c.parameters.get("label_smoothing") == 0]


@pytest.mark.parametrize("classes", [5, 90])
@pytest.mark.parametrize("case", MASKABLE, ids=str)
def test_a_logit_of_minus_infinity_removes_its_class(case: Case, classes: int) -> None:
    """As if the class were not there: how vocabularies are masked."""
    inputs = case.inputs(F32, (6, classes))
    if case.labels:
        inputs.y_true[inputs.y_true == 3] = 0
    else:
        inputs.y_true[:, 3] = 0
    rest = [c for c in range(classes) if c != 3]
    inputs.y_pred[:, 3] = -INF
    got = rows_of_losses(case, inputs)
    y_true = inputs.y_true if not case.labels else inputs.y_true - (inputs.y_true > 3)
    weight = None if inputs.class_weight is None else inputs.class_weight[rest]
    without = Inputs(y_true if case.labels else y_true[:, rest], inputs.y_pred[:, rest], weight)
    wanted = rows_of_losses(case, without)
    assert (got.grad[:, 3] == 0).all()
    np.testing.assert_allclose(got.loss, wanted.loss, rtol=1e-6)
    np.testing.assert_allclose(got.grad[:, rest], wanted.grad, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("classes", [5, 90])
@pytest.mark.parametrize("name", ["labels", ""])
def test_an_impossible_target_costs_infinitely_much(name: str, classes: int) -> None:
    case = next(
        c
        for c in DEFAULTS
        if c.loss.name == "categorical_crossentropy_from_logits" and c.labels == bool(name)
    )
    y_pred = np.zeros((1, classes), np.float32)
    y_pred[0, 3] = -INF
    y_true = np.array([3]) if case.labels else np.eye(classes, dtype=np.float32)[[3]]
    got = compute(case, y_true, y_pred)
    assert got.loss == INF
    wanted = np.full((1, classes), 1 / (classes - 1))
    wanted[0, 3] = -1
    np.testing.assert_allclose(got.grad, wanted, rtol=1e-6)


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_equal_predictions(case: Case) -> None:
    """All the same: ties in the maximum, and probabilities of 1 / classes."""
    for classes in [4, 128]:  # powers of two, so that the probabilities are exact
        inputs = case.inputs(F32, (6, classes))
        inputs.y_pred[:] = 0.25
        assert_matches(case, inputs, rows_of_losses(case, inputs), differentiate(case, inputs))
