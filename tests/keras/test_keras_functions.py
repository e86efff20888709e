"""The functions: one loss for each row, the signatures of keras.losses."""

import inspect
from typing import Any

import keras
import pytest
import torch
from keras_cases import CASES, CLASSES, Case, assert_same, needs_current_keras, value_and_grad

import fusedloss.keras

pytestmark = needs_current_keras


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_and_gradients(case: Case, ndim: int) -> None:
    shape = (6, 5) if ndim == 2 else (4, 5, 3) if case.axis == 1 else (4, 3, 5)
    y_true, y_pred = case.batch(*shape)
    ours, theirs = getattr(fusedloss.keras, case.function), getattr(keras.losses, case.function)

    def mine(y_true: Any, y_pred: Any) -> Any:
        return ours(y_true, y_pred, **case.options)

    def other(y_true: Any, y_pred: Any) -> Any:
        return theirs(y_true, y_pred, **case.options)

    assert_same(value_and_grad(mine, y_true, y_pred), value_and_grad(other, y_true, y_pred))


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_signatures_are_those_of_keras(case: Case) -> None:
    for name in (case.name, case.function):
        ours = inspect.signature(getattr(fusedloss.keras, name)).parameters
        theirs = inspect.signature(getattr(keras.losses, name)).parameters
        positional = {n: p.default for n, p in ours.items() if p.kind is not p.KEYWORD_ONLY}
        assert list(positional.items()) == [(n, p.default) for n, p in theirs.items()]
        assert set(ours) - set(theirs) <= {"smoothed_focus"}


def test_nothing_is_missing() -> None:
    public = set(fusedloss.keras.__all__)
    assert public == {"FusedLoss"} | {n for c in CLASSES for n in (c.name, c.function)}


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_a_function_as_the_loss_of_a_model(case: Case) -> None:
    """Keras wraps it in a loss of its own, which casts and reduces."""
    y_true, y_pred = case.batch(6, 5)
    ours, theirs = getattr(fusedloss.keras, case.function), getattr(keras.losses, case.function)
    layer = keras.layers.Identity()
    results = []
    for loss in (ours, theirs):
        model = keras.Sequential([keras.Input((5,)), layer])
        model.compile(loss=loss)
        results.append(float(model.evaluate(y_pred, y_true, verbose=0)))
    assert results[0] == pytest.approx(results[1], rel=1e-5)


def test_ignored_rows_are_left_out_of_a_mean() -> None:
    labels, logits = torch.tensor([[1], [-1], [0]]), torch.randn(3, 4)
    losses = fusedloss.keras.sparse_categorical_crossentropy(labels, logits, True, -1)
    assert losses[1] == 0
    assert losses._keras_mask.tolist() == [True, False, True]  # type: ignore[attr-defined]
