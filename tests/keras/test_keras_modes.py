"""Beyond eager autograd on the CPU: symbolic tensors, torch.compile, torch.func, higher orders."""

from pathlib import Path
from typing import Any

import keras
import pytest
import torch
from keras_cases import CASES, CLASSES, Case, assert_same, needs_current_keras, value_and_grad
from torch import Tensor

import fusedloss.keras
from fusedloss.keras import (
    BinaryFocalCrossentropy,
    MeanSquaredError,
    SparseCategoricalFocalCrossentropy,
    huber,
)

pytestmark = needs_current_keras


@pytest.mark.parametrize("case", CASES, ids=str)
def test_symbolic_tensors(case: Case) -> None:
    y_true, y_pred = case.batch(*((6, 5, 3) if case.axis == 1 else (6, 5)))
    weights = torch.rand(y_pred.sum(case.axis).shape)
    symbols = [
        keras.KerasTensor(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
        for tensor in (y_true, y_pred, weights)
    ]
    loss = case.ours()
    result = loss(*symbols)
    assert result.shape == ()
    assert result.dtype == "float32"
    model = keras.Function(symbols, result)
    torch.testing.assert_close(
        model([y_true, y_pred, weights]), loss(y_true, y_pred, weights), rtol=1e-5, atol=1e-6
    )


def test_a_symbolic_function() -> None:
    symbols = keras.KerasTensor((None, 5)), keras.KerasTensor((None, 5))
    assert huber(*symbols, delta=2.0).shape == (None,)


def test_a_symbolic_batch_of_any_size() -> None:
    symbols = keras.KerasTensor((None, None)), keras.KerasTensor((None, None, 5))
    labels, logits = torch.tensor([[0, 1, 4], [4, 2, 3]]), torch.randn(2, 3, 5)
    options = {"from_logits": True, "ignore_class": 4, "reduction": "sum"}
    loss = SparseCategoricalFocalCrossentropy(**options)
    result = loss(*symbols)
    assert result.shape == ()
    torch.testing.assert_close(
        keras.Function([*symbols], result)([labels, logits]), loss(labels, logits)
    )


def test_a_symbolic_denominator_is_refused() -> None:
    symbols = keras.KerasTensor((4, 5)), keras.KerasTensor((4, 5))
    with pytest.raises(NotImplementedError, match="denominator"):
        BinaryFocalCrossentropy(denominator="positives")(*symbols)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_a_saved_model_with_a_loss_inside(case: Case, tmp_path: Path) -> None:
    y_true, y_pred = case.batch(6, 5)
    inputs = [
        keras.Input(batch_shape=tuple(tensor.shape), dtype=str(tensor.dtype).removeprefix("torch."))
        for tensor in (y_true, y_pred)
    ]
    model = keras.Model(inputs, getattr(fusedloss.keras, case.function)(*inputs, **case.options))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    expected = case.ours(reduction=None)(y_true, y_pred)
    torch.testing.assert_close(loaded([y_true, y_pred]), expected)


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_the_shape_of_a_result_without_memory(case: Case) -> None:
    """What Keras does when it builds a model that was not built before."""
    y_true, y_pred = case.batch(6, 5)
    value = case.ours()(y_true.to("meta"), y_pred.to("meta"), torch.ones(6, device="meta"))
    assert (value.shape, value.dtype, value.device.type) == ((), torch.float32, "meta")


def test_an_unbuilt_model() -> None:
    model = keras.Sequential([keras.layers.Dense(3)])
    model.compile("sgd", loss=MeanSquaredError())
    history = model.fit(torch.randn(8, 2).numpy(), torch.randn(8, 3).numpy(), verbose=0)
    assert history.history["loss"][0] > 0


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_compiled(case: Case) -> None:
    """Without code generation: what is tested is that the whole call can be traced."""
    y_true, y_pred = case.batch(*((4, 5, 3) if case.axis == 1 else (6, 5)))
    weights = torch.rand(y_pred.sum(case.axis).shape)
    mask = weights > 0.3
    loss = case.ours()
    expected = value_and_grad(loss, y_true, y_pred, weights, mask=mask)
    torch.compiler.reset()
    compiled = torch.compile(loss.__call__, backend="eager", fullgraph=True)
    assert_same(value_and_grad(compiled, y_true, y_pred, weights, mask=mask), expected)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_transformed_by_torch_func(case: Case) -> None:
    y_true, y_pred = case.batch(*((4, 5, 3) if case.axis == 1 else (6, 5)))
    loss = case.ours()
    _, expected = value_and_grad(loss, y_true, y_pred)
    gradient = torch.func.grad(lambda y_pred: loss(y_true, y_pred))(y_pred)
    torch.testing.assert_close(gradient, expected, rtol=2e-5, atol=2e-6)
    tangent = torch.randn_like(y_pred)
    _, derivative = torch.func.jvp(lambda y_pred: loss(y_true, y_pred), (y_pred,), (tangent,))
    torch.testing.assert_close(derivative, (expected * tangent).sum(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_second_derivatives(case: Case) -> None:
    y_true, y_pred = case.batch(*((4, 5, 3) if case.axis == 1 else (6, 5)), dtype=torch.float64)
    direction = torch.randn_like(y_pred)

    def curvature(loss: Any) -> Tensor:
        x = y_pred.clone().requires_grad_()
        (slope,) = torch.autograd.grad(loss(y_true, x), x, create_graph=True)
        if not slope.requires_grad:  # piecewise linear
            return torch.zeros_like(x)
        (result,) = torch.autograd.grad((slope * direction).sum(), x, allow_unused=True)
        return torch.zeros_like(x) if result is None else result

    expected = curvature(case.theirs(dtype="float64"))
    # Keras takes some steps in float32.
    torch.testing.assert_close(
        curvature(case.ours(dtype="float64")), expected, rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivatives_with_respect_to_weights_and_targets(case: Case) -> None:
    y_true, y_pred = case.batch(*((4, 5, 3) if case.axis == 1 else (6, 5)))

    def slopes(loss: Any) -> list[Tensor]:
        weights = torch.linspace(0, 1, y_pred.sum(case.axis).numel())
        weights = weights.reshape(y_pred.sum(case.axis).shape).requires_grad_()
        inputs = [weights]
        targets = y_true
        # The derivative of ln(y!) by a count of 0 is NaN in torch's formula.
        if case.targets != "label" and "full" not in case.options:
            targets = y_true.clone().requires_grad_()
            inputs.append(targets)
        # Times 1: Keras writes to the weights it is given if a class is ignored.
        return list(torch.autograd.grad(loss(targets, y_pred, weights * 1), inputs))

    for mine, other in zip(slopes(case.ours()), slopes(case.theirs()), strict=True):
        torch.testing.assert_close(mine, other, rtol=2e-5, atol=2e-6)


def test_no_gradient_wanted() -> None:
    y_true, y_pred = torch.zeros(3, 2), torch.ones(3, 2, requires_grad=True)
    with torch.no_grad():
        assert not MeanSquaredError()(y_true, y_pred).requires_grad
    assert MeanSquaredError()(y_true, y_pred).requires_grad
