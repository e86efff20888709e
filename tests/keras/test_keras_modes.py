"""Beyond eager autograd on the CPU: torch.compile, torch.func, higher orders."""

from typing import Any

import pytest
import torch
from keras_cases import CASES, CLASSES, Case, assert_same, needs_current_keras, value_and_grad
from torch import Tensor

from fusedloss.keras import MeanSquaredError

pytestmark = needs_current_keras


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_the_shape_of_a_result_without_memory(case: Case) -> None:
    """What Keras does when it builds a model that was not built before."""
    y_true, y_pred = case.batch(6, 5)
    value = case.ours()(y_true.to("meta"), y_pred.to("meta"), torch.ones(6, device="meta"))
    assert (value.shape, value.dtype, value.device.type) == ((), torch.float32, "meta")


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
