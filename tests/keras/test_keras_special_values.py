"""Zeros, ties, saturations, infinities and NaN: Keras' numbers, or a difference that is named."""

from typing import Any

import pytest
import torch
from keras_cases import (
    CASES,
    KERAS_CLASSES,
    Case,
    assert_same,
    named,
    needs_current_keras,
    value_and_grad,
)
from torch import Tensor

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
]


def grid(targets: list[float], predictions: list[float]) -> tuple[Tensor, Tensor]:
    """Every target with every prediction, each pair a row."""
    y_true = torch.tensor(targets).repeat_interleave(len(predictions))
    return y_true[:, None], torch.tensor(predictions).repeat(len(targets))[:, None]


def both(case: Case, y_true: Tensor, y_pred: Tensor) -> list[tuple[Tensor, Tensor]]:
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
    # Up to 108 times the rounding of a single row.
    assert_same(*both(case, *grid(TARGETS[case.targets], predictions)), rtol=2e-5, atol=1e-5)


@needs_current_keras
@pytest.mark.parametrize("case", ELEMENTWISE, ids=str)
def test_infinities_and_nan(case: Case) -> None:
    """Equal, or one of the two is NaN: ours is for a prediction that is, in value and gradient."""
    if case.predictions == "probability":
        pytest.skip("Keras raises what torch does: test_labels_outside_0_and_1_are_computed")
    ours, theirs = both(case, *grid(TARGETS[case.targets], [-INF, INF]))
    for mine, other in zip(ours, theirs, strict=True):
        if "Focal" not in case.name:  # which are not clipped
            torch.testing.assert_close(
                torch.where(other.isnan(), NAN, mine),
                torch.where(mine.isnan(), NAN, other),
                equal_nan=True,
            )
    y_true, y_pred = grid(TARGETS[case.targets], [NAN])
    value, gradient = value_and_grad(case.ours(reduction=None), y_true, y_pred)
    assert value.isnan().all()
    assert gradient.isnan().all()


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
@pytest.mark.parametrize(("name", "target", "prediction"), ROWS)
def test_special_rows(name: str, target: list[float], prediction: list[float]) -> None:
    y_true = torch.tensor([target]) if target else torch.tensor([0])
    assert_same(*both(named(name), y_true, torch.tensor([prediction])))


@needs_current_keras
@pytest.mark.parametrize("case", KERAS_CLASSES, ids=str)
def test_a_prediction_without_axes(case: Case) -> None:
    """Where Keras has a loss of a single number, so have we."""
    if case.targets in ("one-hot", "label", "distribution"):
        pytest.skip("a row of classes has an axis")
    y_true, y_pred = torch.tensor(1.0), torch.tensor(0.75)
    assert_same(*both(case, y_true, y_pred))


GAMMAS = [0.0, 0.5, 1.0, 2.0, 5.0]
DTYPES = [torch.float32, torch.float16, torch.bfloat16]
EVERY_GAMMA = [
    Case(case.name, case.targets, case.predictions, {**case.options, "gamma": gamma}, case.extra)
    for case in CASES
    if "Focal" in case.name
    for gamma in GAMMAS
]


def extreme(case: Case, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """A batch of the largest, smallest and equal predictions within the domain of the loss.

    In half precision, so that the slope itself can be represented, no nearer to 0 than 0.01.
    """
    y_true, y_pred = case.batch(60, 5) if case.axis == -1 else case.batch(60, 5, 1)
    low = 0.0 if dtype == torch.float32 else 0.01
    values: dict[str, list[float]] = {
        "real": [-1e4, -1.0, 0.0, 1.0, 1e4],
        "logit": [-1e4, -100.0, 0.0, 100.0, 1e4],
        "rate": [low, 0.5, 1.0, 1e4],
        "log rate": [-5.0, 0.0, 5.0],
        "probability": [low, 0.5, 1 - low],
    }
    choice = torch.Generator().manual_seed(0)

    def draw(kind: str, shape: Any) -> Tensor:
        known = torch.tensor(values[kind])
        return known[torch.randint(0, len(known), shape, generator=choice)]

    if case.predictions == "distribution":
        y_pred = torch.full_like(y_pred, low)
        largest = torch.arange(len(y_pred)) % 5
        y_pred[torch.arange(len(y_pred)), largest] = 1 - 4 * low
    elif case.predictions in values:
        y_pred = draw(case.predictions, y_pred.shape)
    else:
        first = {"m": "real", "r": "rate", "l": "log rate"}[case.predictions[0]]
        second = "rate" if first == "real" else "logit"
        half = (len(y_pred), y_pred.shape[-1] // 2)
        y_pred = torch.cat([draw(first, half), draw(second, half)], -1)
        if case.name == "GaussianNLL":  # whose slope is (p - y)^2 / v^2
            y_pred = y_pred.clamp(-10, 10)
            y_pred[:, 5:] += 0.5
    if dtype == torch.float16:
        y_pred = y_pred.clamp(-6e4, 6e4)
    return y_true, y_pred.to(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [*CASES, *EVERY_GAMMA], ids=str)
def test_every_gradient_is_finite(case: Case, dtype: torch.dtype) -> None:
    value, gradient = value_and_grad(case.ours(), *extreme(case, dtype))
    assert value.isfinite()
    assert gradient.isfinite().all()
