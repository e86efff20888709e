"""NaN, infinities, ties, saturation and the edges of domains."""

from dataclasses import replace
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest

from cases import CASES, DEFAULTS, FLOATS, Case, Inputs, precision
from derivatives import Expected, differentiate, exact
from fusedloss import _core
from support import Result, assert_matches, assert_same_bits, call, compute, each_isa

F32 = np.dtype(np.float32)
NEGLIGIBLE = 1e-30
"""The focal losses bound 1 - p_t from below, so that its logarithm is finite."""
NAN, INF = np.nan, np.inf


def rows_of_losses(case: Case, inputs: Inputs) -> Result:
    return call(case, inputs, reduction=_core.NONE)


LAYOUTS = [(40, 5), (40, 80)]  # few classes, and long rows
# Losses of rows that are sums over classes, each with a slope of its own.
APART = (
    "categorical_crossentropy_from_log_probs",
    "categorical_generalized_crossentropy",
    "kl_divergence",
    "multi_margin",
)
LINEAR = ("categorical_crossentropy_from_log_probs", "kl_divergence_from_log_probs")
"""Their gradient does not depend on the predictions."""


@pytest.mark.parametrize("shape", LAYOUTS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_nan_in_nan_out_in_exactly_that_row(case: Case, shape: tuple[int, int]) -> None:
    row, column = 21, shape[-1] - 2
    name, bad = case.loss.name, row if case.is_row else (row, column)
    of_slope = (row, column) if name in APART else bad
    names = ["y_pred", *case.loss.more]
    if case.is_dense and name != "hinge_embedding":  # there, what is not 1 or -1 counts as both
        names.append("y_true")
    for dtype, (place, where) in product(FLOATS, enumerate(names)):
        clean_inputs, inputs = case.inputs(dtype, shape), case.inputs(dtype, shape)
        (*inputs.predictions, inputs.y_true)[place][row, column] = NAN
        is_lost = np.isnan(case.value(inputs).astype(float)[bad])  # or the class has no target
        assert is_lost or name in APART
        for isa in each_isa():
            what = f"{case}, {dtype}, {isa}, NaN in {where}"
            clean, got = rows_of_losses(case, clean_inputs), rows_of_losses(case, inputs)
            assert np.isnan(got.loss[bad]) == is_lost, what
            if where == "y_true":  # where the prediction is clipped, the slope is 0 for any target
                lost = np.isnan(got.grad[of_slope]) | (clean.grad[of_slope] == 0)
                assert lost.all(), what
            elif name not in LINEAR:
                assert np.isnan(got.grads[place][of_slope]).all(), what
            assert_same_elsewhere(got, clean, bad, what)
            for reduction in [_core.SUM, _core.MEAN]:
                assert np.isnan(call(case, inputs, reduction=reduction).loss) == is_lost, what


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
    for grad, clean_grad in zip(got.grads, clean.grads, strict=True):
        assert_same_bits(grad[others], clean_grad[others], f"other gradients of {what}")


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
    value, *gradients = (replace(q, noise=NEGLIGIBLE) for q in (want.value, *want.gradients))
    want = Expected(value, (*gradients,))
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


# By kind, as in references.DRAW. Exponentials of logarithms stay within float32.
EXTREMES = {
    "real": [0.0, 1e-6, -1e-6, 1.0, -1.0, 30.0, -1e4, 1e4],
    "count": [0.0, 1.0, 3.0, 1e4],
    "rare_count": [0.0, 1.0, 3.0, 1e4],
    "rate": [0.0, 1e-6, 1.0, 1e4],
    "log_rate": [-20.0, -1.0, 0.0, 1e-6, 20.0],
    "dispersion": [0.0, 1e-6, 0.01, 1.0, 1e3],
    "label": [0.0, 1e-6, 0.5, 1.0],
    "few_labels": [0.0, 1.0],
    "sign": [-1.0, 1.0],
    "probability": [0.0, 1e-30, 1e-6, 0.5, 1 - 2.0**-24, 1.0],
    "log_probability": [-1e4, -104.0, -1.0, 0.0],
    "logit": [*LOGITS, *(-x for x in LOGITS)],
    "classes": [0.0, 1e-6, 0.5, 1.0],
    "distribution": [0.0, 1e-30, 1e-6, 0.5, 1.0],
}
# Without an epsilon the domain ends short of these: a mean of 0 has no logarithm.
WITHIN = [case for case in CASES if case.parameters.get("epsilon") != 0]


def extremes(case: Case) -> list[np.ndarray]:
    """Targets and predictions: all combinations, or many rows of a choice for each class."""
    kinds = [case.reference.targets, *case.kinds]
    if not case.is_row:
        return [grid.reshape(-1) for grid in np.meshgrid(*(EXTREMES[kind] for kind in kinds))]
    rng = np.random.default_rng(0)
    rows, classes = 400, 4
    y_true = rng.choice(EXTREMES.get(kinds[0], [0.0]), (rows, classes))
    if case.labels:
        y_true = rng.integers(0, classes, rows)
    elif not case.is_dense:
        y_true = rng.choice([-1, 1], rows)
    predictions = [rng.choice(EXTREMES[kind], (rows, classes)) for kind in kinds[1:]]
    if kinds[1] == "distribution":
        predictions[0][:, -1] = 0.5  # all of nothing is no distribution
    return [y_true, *predictions]


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("case", WITHIN, ids=str)
def test_gradients_of_finite_inputs_are_finite(case: Case, dtype: np.dtype[Any]) -> None:
    """Unless half precision cannot hold them."""
    y_true, *predictions = extremes(case)
    y_true = y_true.astype(dtype) if case.is_dense else y_true
    targets = None if case.loss.targets == "none" else y_true
    weight = None
    if case.weighted:
        weight = np.full(4 if case.is_row else y_true.shape, 0.75, precision(dtype))
    first, *more = (p.astype(dtype) for p in predictions)
    inputs = Inputs(targets, first, weight, (*more,))
    wide = Inputs(targets, first.astype(precision(dtype)), weight, inputs.more)
    for isa in each_isa():
        got, want = rows_of_losses(case, inputs), rows_of_losses(case, wide)
        assert np.isfinite(got.loss).all(), f"{case}, {dtype}, {isa}"
        for grad, in_full in zip(got.grads, want.grads, strict=True):
            with np.errstate(over="ignore"):
                finite = np.isfinite(in_full.astype(dtype))
            assert np.isfinite(in_full).all(), f"{case}, {dtype}, {isa}"
            assert np.isfinite(grad[finite]).all(), f"{case}, {dtype}, {isa}"


# Smoothing gives every class a target, so that an impossible class makes the loss infinite; a
# softcap makes it possible.
MASKABLE = [
    case
    for case in SATURATED
    if case.is_row
    and not case.parameters.get("label_smoothing")
    and not case.parameters.get("softcap")
]


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


# The largest of equal scores has no derivative: see test_edges.py.
@pytest.mark.parametrize(
    "case", [case for case in DEFAULTS if case.loss.name != "categorical_hinge"], ids=str
)
def test_equal_predictions(case: Case) -> None:
    """All the same: ties in the maximum, and probabilities of 1 / classes."""
    for classes in [4, 128]:  # powers of two, so that the probabilities are exact
        inputs = case.inputs(F32, (6, classes))
        inputs.y_pred[:] = 0.25
        assert_matches(case, inputs, rows_of_losses(case, inputs), differentiate(case, inputs))
