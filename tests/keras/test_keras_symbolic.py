"""Symbolic tensors, which stand for values that are known later."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras_cases import CASES, CLASSES, Case, needs_current_keras
from keras_tensors import ON_TORCH, array, assert_close, dtype_of, tensor

import fusedloss.keras
from fusedloss.keras import (
    BinaryFocalCrossentropy,
    MeanSquaredError,
    SparseCategoricalFocalCrossentropy,
    huber,
)

pytestmark = needs_current_keras


@pytest.mark.parametrize("case", CASES if ON_TORCH else CLASSES, ids=str)
def test_symbolic_tensors(case: Case) -> None:
    y_true, y_pred = case.batch(*((6, 5, 3) if case.axis == 1 else (6, 5)))
    rows = np.sum(array(y_pred), case.axis).shape
    weights = tensor(np.random.default_rng(0).uniform(size=rows).astype(np.float32))
    symbols = [
        keras.KerasTensor(tuple(each.shape), dtype_of(each)) for each in (y_true, y_pred, weights)
    ]
    loss = case.ours()
    result = loss(*symbols)
    assert result.shape == ()
    assert result.dtype == "float32"
    model = keras.Function(symbols, result)
    expected = loss(y_true, y_pred, weights)
    assert_close(model([y_true, y_pred, weights]), expected, rtol=1e-5, atol=1e-6)


def test_a_symbolic_function() -> None:
    symbols = keras.KerasTensor((None, 5)), keras.KerasTensor((None, 5))
    assert huber(*symbols, delta=2.0).shape == (None,)


def test_a_symbolic_batch_of_any_size() -> None:
    symbols = keras.KerasTensor((None, None)), keras.KerasTensor((None, None, 5))
    labels = tensor([[0, 1, 4], [4, 2, 3]])
    logits = tensor(np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32))
    options = {"from_logits": True, "ignore_class": 4, "reduction": "sum"}
    loss = SparseCategoricalFocalCrossentropy(**options)
    result = loss(*symbols)
    assert result.shape == ()
    assert_close(keras.Function([*symbols], result)([labels, logits]), loss(labels, logits))


def test_a_symbolic_denominator_is_refused() -> None:
    symbols = keras.KerasTensor((4, 5)), keras.KerasTensor((4, 5))
    with pytest.raises(NotImplementedError, match="denominator"):
        BinaryFocalCrossentropy(denominator="positives")(*symbols)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_a_saved_model_with_a_loss_inside(case: Case, tmp_path: Path) -> None:
    y_true, y_pred = case.batch(6, 5)
    inputs = [
        keras.Input(batch_shape=tuple(each.shape), dtype=dtype_of(each))
        for each in (y_true, y_pred)
    ]
    model = keras.Model(inputs, getattr(fusedloss.keras, case.function)(*inputs, **case.options))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    expected = case.ours(reduction=None)(y_true, y_pred)
    assert_close(loaded([y_true, y_pred]), expected)


def test_an_unbuilt_model() -> None:
    model = keras.Sequential([keras.layers.Dense(3)])
    model.compile("sgd", loss=MeanSquaredError())
    random = np.random.default_rng(0)
    history = model.fit(random.normal(size=(8, 2)), random.normal(size=(8, 3)), verbose=0)
    assert history.history["loss"][0] > 0
