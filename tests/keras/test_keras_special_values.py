"""Zeros, ties, saturations, infinities and NaN: Keras' numbers, or a difference that is named."""

from typing import Any

import numpy as np
import pytest
from keras_cases import (
    CASES,
    KERAS_CLASSES,
    Case,
    assert_same,
    named,
    needs_current_keras,
    value_and_grad,
)
from keras_tensors import (
    BACKEND,
    ON_TORCH,
    Tensor,
    array,
    assert_close,
    only_torch,
    tensor,
)

INF, NAN = float("inf"), float("nan")
REAL = [-1e4, -1.0, -0.5, -1e-7, 0.0, 1e-7, 0.5, 1.0, 1e4]
PROBABILITIES = [0.0, 1e-7, 0.25, 0.5, 1.0 - 6e-8, 1.0]
TARGETS = {
    "real": REAL,
    "amount": [0.0, 1e-7, 0.5, 1.0, 1e4],
    "count": [0.0, 1.0, 2.0, 1e4],
    "binary": [0.0, 0.25, 1.0],
    "sign": [-1.0, 1.0, 0.0, 0.25],
}
ELEMENTWISE = [
    case
    for case in CASES
    if case in KERAS_CLASSES or str(case).endswith("Crossentropy-from_logits=True")
    if case.targets in TARGETS and case.name != "CosineSimilarity" and not case.extra
    if ON_TORCH or case in KERAS_CLASSES  # elsewhere, what is computed around the same kernels
]
# Where a loss has no derivative, at a tie or a bound, each framework has a slope of its own, and
# Keras that of its framework. Ours is that of torch, on all.
OTHER_SLOPES = {
    "torch": [],
    "jax": [
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "BinaryCrossentropy",
        "BinaryFocalCrossentropy",
        "KLDivergence",
    ],
    "tensorflow": ["MeanSquaredLogarithmicError", "Hinge", "CategoricalHinge"],
}[BACKEND]


def grid(targets: list[float], predictions: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Every target with every prediction, each pair a row."""
    y_true, y_pred = np.meshgrid(np.float32(targets), np.float32(predictions), indexing="ij")
    return y_true.reshape(-1, 1), y_pred.reshape(-1, 1)


def both(case: Case, y_true: Any, y_pred: Any) -> list[tuple[Tensor, Tensor]]:
    return [
        value_and_grad(loss, y_true, y_pred)
        for loss in (case.ours(reduction=None), case.theirs(reduction=None))
    ]


@needs_current_keras
@pytest.mark.parametrize("case", ELEMENTWISE, ids=str)
def test_zeros_ties_and_saturations(case: Case) -> None:
    predictions = PROBABILITIES if case.predictions == "probability" else REAL
    if case.predictions == "rate":
        predictions = [value for value in REAL if value >= 0]
    if "Focal" in case.name and case.predictions == "logit":
        predictions = predictions[1:-1]  # Keras clips: test_focal_losses_from_logits_...
    ours, theirs = both(case, *grid(TARGETS[case.targets], predictions))
    # Up to 108 times the rounding of a single row.
    tolerance = {"rtol": 2e-5, "atol": 1e-5}
    assert_close(ours[0], theirs[0], **tolerance)
    if case.name not in OTHER_SLOPES:
        assert_close(ours[1], theirs[1], **tolerance)


@only_torch
@needs_current_keras
@pytest.mark.parametrize("case", ELEMENTWISE, ids=str)
def test_infinities_and_nan(case: Case) -> None:
    """Equal, or one of the two is NaN: ours is for a prediction that is, in value and gradient."""
    if case.predictions == "probability":
        pytest.skip("Keras raises what torch does: test_labels_outside_0_and_1_are_computed")
    ours, theirs = both(case, *grid(TARGETS[case.targets], [-INF, INF]))
    for mine, other in zip(ours, theirs, strict=True):
        if "Focal" not in case.name:  # which are not clipped
            one, another = array(mine), array(other)
            unknown = np.isnan(one) | np.isnan(another)
            assert_close(np.where(unknown, NAN, one), np.where(unknown, NAN, another))
    y_true, y_pred = grid(TARGETS[case.targets], [NAN])
    value, gradient = value_and_grad(case.ours(reduction=None), y_true, y_pred)
    assert np.isnan(array(value)).all()
    assert np.isnan(array(gradient)).all()


ROWS: list[tuple[str, list[float], list[float]]] = [
    # a zero vector as a target; a short one; one whose square overflows
    ("CosineSimilarity", [0.0, 0.0], [1.0, 2.0]),
    ("CosineSimilarity", [1.0, 2.0], [1e-8, 1e-9]),
    ("CosineSimilarity", [1.0, 2.0], [1e30, 1.0]),
    ("CosineSimilarity", [1.0, 2.0], [NAN, 1.0]),
    ("CosineSimilarity", [1.0, 2.0], [INF, 1.0]),
    # at both bounds, and outside
    ("KLDivergence", [0.0, 1.0], [0.0, 1.0]),
    ("KLDivergence", [0.0, 1.0], [1.0, 1e-7]),
    ("KLDivergence", [0.5, 0.5], [-1.0, 2.0]),
    ("KLDivergence", [0.5, 0.5], [0.5, INF]),
    ("KLDivergence", [NAN, 0.5], [0.5, 0.5]),
    # ties of both maxima
    ("CategoricalHinge", [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]),
    ("CategoricalHinge", [0.0, 1.0, 0.0], [1.0, 2.0, 1.0]),
    ("CategoricalHinge", [0.0, 1.0, 0.0], [-1.0, 1.0, -1.0]),
    ("CategoricalHinge", [0.5, 0.5, 0.0], [1.0, 1.0, 1.0]),
    ("CategoricalHinge", [0.0, 1.0, 0.0], [NAN, 1.0, -1.0]),
    *(
        (f"{name}{logits}", target, y_pred)
        for name, target in [
            ("CategoricalCrossentropy", [1.0, 0.0]),
            ("CategoricalFocalCrossentropy", [1.0, 0.0]),
            ("SparseCategoricalCrossentropy", []),
        ]
        for logits in ("", "-from_logits=True")
        for y_pred in [[0.5, 0.5], [0.0, 1.0], [1.0, 0.0], [1e-9, 1.0], [NAN, 0.0], [1e4, -1e4]]
    ),
    ("CategoricalCrossentropy-from_logits=True", [1.0, 0.0], [-INF, 0.0]),
    ("CategoricalCrossentropy-from_logits=True", [1.0, 0.0], [INF, 0.0]),
    ("SparseCategoricalCrossentropy-from_logits=True", [], [-INF, 0.0]),
    ("SparseCategoricalCrossentropy-from_logits=True", [], [0.0, -INF]),
    ("SparseCategoricalCrossentropy-from_logits=True", [], [INF, 0.0]),
    ("CategoricalGeneralizedCrossEntropy-q=0.5", [], [1.0, 0.0]),
    ("CategoricalGeneralizedCrossEntropy-q=0.5", [], [2.0, 1.0]),
]


@needs_current_keras
@pytest.mark.parametrize(("name", "target", "prediction"), ROWS[:: 1 if ON_TORCH else 2])
def test_special_rows(name: str, target: list[float], prediction: list[float]) -> None:
    y_true = np.float32([target]) if target else np.array([0])
    if not ON_TORCH and name.startswith("Sparse") and not 0 < abs(np.sum(prediction)) < INF:
        pytest.skip("Keras clips before it normalises on TensorFlow; on JAX it takes inf - inf")
    ours, theirs = both(named(name), y_true, np.float32([prediction]))
    assert_same(ours[:1], theirs[:1])
    if name not in OTHER_SLOPES:
        assert_same(ours[1:], theirs[1:])


@only_torch
@needs_current_keras
@pytest.mark.parametrize("case", KERAS_CLASSES, ids=str)
def test_a_prediction_without_axes(case: Case) -> None:
    """Where Keras has a loss of a single number, so have we."""
    if case.targets in ("one-hot", "label", "distribution"):
        pytest.skip("a row of classes has an axis")
    assert_same(*both(case, tensor(np.float32(1)), tensor(np.float32(0.75))))


GAMMAS = [0.0, 0.5, 1.0, 2.0, 5.0]
EVERY_GAMMA = [
    Case(case.name, case.targets, case.predictions, {**case.options, "gamma": gamma}, case.extra)
    for case in CASES
    if "Focal" in case.name
    for gamma in GAMMAS
]


def extreme(case: Case, dtype: str) -> tuple[Any, Tensor]:
    """A batch of the largest, smallest and equal predictions within the domain of the loss.

    In half precision, so that the slope itself can be represented, no nearer to 0 than 0.01.
    """
    y_true, drawn = case.batch(60, 5) if case.axis == -1 else case.batch(60, 5, 1)
    y_pred = array(drawn)
    low = 0.0 if dtype == "float32" else 0.01
    values: dict[str, list[float]] = {
        "real": [-1e4, -1.0, 0.0, 1.0, 1e4],
        "logit": [-1e4, -100.0, 0.0, 100.0, 1e4],
        "rate": [low, 0.5, 1.0, 1e4],
        "log rate": [-5.0, 0.0, 5.0],
        "probability": [low, 0.5, 1 - low],
    }
    random = np.random.default_rng(0)

    def draw(kind: str, shape: Any) -> np.ndarray:
        return random.choice(np.float32(values[kind]), shape)

    if case.predictions == "distribution":
        y_pred = np.full_like(y_pred, low)
        largest = np.arange(len(y_pred)) % 5
        y_pred[np.arange(len(y_pred)), largest] = 1 - 4 * low
    elif case.predictions in values:
        y_pred = draw(case.predictions, y_pred.shape)
    else:
        first = {"m": "real", "r": "rate", "l": "log rate"}[case.predictions[0]]
        second = "rate" if first == "real" else "logit"
        half = (len(y_pred), y_pred.shape[-1] // 2)
        y_pred = np.concatenate([draw(first, half), draw(second, half)], -1)
        if case.name == "GaussianNLL":  # whose slope is (p - y)^2 / v^2
            y_pred = y_pred.clip(-10, 10)
            y_pred[:, 5:] += 0.5
    if dtype == "float16":
        y_pred = y_pred.clip(-6e4, 6e4)
    return y_true, tensor(y_pred, dtype)


@only_torch
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("case", [*CASES, *EVERY_GAMMA], ids=str)
def test_every_gradient_is_finite(case: Case, dtype: str) -> None:
    value, gradient = value_and_grad(case.ours(), *extreme(case, dtype))
    assert np.isfinite(array(value))
    assert np.isfinite(array(gradient)).all()
