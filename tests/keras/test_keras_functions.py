"""The functions: one loss for each row, the signatures of keras.losses."""

import inspect
from typing import Any

import keras
import numpy as np
import pytest
from keras_cases import (
    CASES,
    CLASSES,
    KERAS_CLASSES,
    Case,
    assert_same,
    needs_current_keras,
    value_and_grad,
)
from keras_tensors import ON_TORCH, array, assert_close, tensor

import fusedloss.keras
from fusedloss.keras._backend import backend

pytestmark = needs_current_keras


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_and_gradients(case: Case, ndim: int) -> None:
    if not ON_TORCH and ndim == 2:
        pytest.skip("the same code on each backend")
    shape = (6, 5) if ndim == 2 else (4, 5, 3) if case.axis == 1 else (4, 3, 5)
    y_true, y_pred = case.batch(*shape)
    ours, theirs = getattr(fusedloss.keras, case.function), case.in_keras

    def mine(y_true: Any, y_pred: Any) -> Any:
        return ours(y_true, y_pred, **case.options)

    def other(y_true: Any, y_pred: Any) -> Any:
        return theirs(y_true, y_pred, **case.options)

    assert_same(value_and_grad(mine, y_true, y_pred), value_and_grad(other, y_true, y_pred))


# Arguments that Keras has not. They are keyword-only: a position means the same in both.
EXTRA_ARGUMENTS = {
    "poisson": {"log_input", "full"},
    "binary_crossentropy": {"pos_weight"},
    "binary_focal_crossentropy": {"smoothed_focus", "denominator"},
    "categorical_crossentropy": {"class_weight", "temperature", "softcap", "z_loss"},
    "categorical_focal_crossentropy": {"smoothed_focus"},
    "categorical_generalized_cross_entropy": {"from_logits", "ignore_class", "axis"},
    "sparse_categorical_crossentropy": {
        "label_smoothing",
        "class_weight",
        "temperature",
        "softcap",
        "z_loss",
    },
}


@pytest.mark.parametrize("case", KERAS_CLASSES, ids=str)
def test_signatures_are_those_of_keras(case: Case) -> None:
    for name in (case.name, case.function):
        ours = inspect.signature(getattr(fusedloss.keras, name)).parameters
        theirs = inspect.signature(getattr(keras.losses, name)).parameters
        positional = {n: p.default for n, p in ours.items() if p.kind is not p.KEYWORD_ONLY}
        assert list(positional.items()) == [(n, p.default) for n, p in theirs.items()]
        assert set(ours) - set(theirs) <= EXTRA_ARGUMENTS.get(case.function, set())


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_classes_and_functions_agree(case: Case) -> None:
    """The arguments of the function are those of the class, but for what becomes of the rows."""
    of_class = inspect.signature(getattr(fusedloss.keras, case.name)).parameters
    of_function = inspect.signature(getattr(fusedloss.keras, case.function)).parameters
    shared = {"reduction", "name", "dtype", "denominator"}
    assert set(of_function) - {"y_true", "y_pred"} == set(of_class) - shared
    # The one without a default is `q`, as in Keras.
    for name in set(of_function) & set(of_class) - {"q"}:
        assert of_function[name].default == of_class[name].default
    defaults = [of_class[name].default for name in ("reduction", "dtype")]
    assert defaults == ["sum_over_batch_size", None]


def test_nothing_is_missing() -> None:
    public = set(fusedloss.keras.__all__)
    tools = {"FusedLoss", "deserialize", "get", "serialize"}
    assert public == tools | {name for case in CLASSES for name in (case.name, case.function)}
    of_keras = {name for name in dir(keras.losses) if name[0] != "_"}
    structured = {"CTC", "Circle", "Dice", "Tversky", "ctc", "circle", "dice", "tversky"}
    assert of_keras - public == structured | {"Loss"}


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_a_function_as_the_loss_of_a_model(case: Case) -> None:
    """Keras wraps it in a loss of its own, which casts and reduces."""
    if "q" in case.options:
        pytest.skip("Keras cannot pass the argument q, which has no default")
    y_true, y_pred = case.batch(6, 5)
    layer = keras.layers.Identity()
    results = []
    for loss in (getattr(fusedloss.keras, case.function), case.in_keras):
        model = keras.Sequential([keras.Input(y_pred.shape[1:]), layer])
        model.compile(loss=loss, run_eagerly=True)
        results.append(float(model.evaluate(array(y_pred), array(y_true), verbose=0)))
    assert results[0] == pytest.approx(results[1], rel=1e-5)


def test_ignored_rows_are_left_out_of_a_mean() -> None:
    labels, logits = tensor([[1], [-1], [0]]), tensor(np.ones((3, 4), np.float32))
    losses = fusedloss.keras.sparse_categorical_crossentropy(labels, logits, True, -1)
    assert losses[1] == 0
    assert array(backend.mask_of(losses)).tolist() == [True, False, True]


@pytest.mark.parametrize("log_input", [False, True])
def test_a_negative_binomial_without_dispersion_is_poisson(log_input: bool) -> None:
    counts, means = tensor([[0.0, 1.0, 7.0]]), tensor([[0.5, 1.0, 3.0]])
    ours = fusedloss.keras.negative_binomial(counts, means, 0.0, log_input)
    expected = fusedloss.keras.poisson(counts, means, log_input=log_input)
    assert_close(ours, expected)
