"""Errors that nobody is told of, each of which a fused loss can easily have: one test for each."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import forward_ad

import fusedloss.torch.functional as FL

# torch's own tracers and forward mode use what torch has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

X = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = torch.tensor([0, 3, 1, 2, 1, 0])
Loss = Callable[[Tensor], Tensor]
close = torch.testing.assert_close


def loss(x: Tensor) -> Tensor:
    return FL.cross_entropy(x, Y)


def exact(x: Tensor) -> Tensor:
    return F.cross_entropy(x, Y)


def operation(x: Tensor) -> Tensor:
    return torch.ops.fusedloss.categorical_crossentropy_from_logits(Y, x)


functions = pytest.mark.parametrize("function", [loss, operation])


@functions
def test_the_tangent_of_jvp_is_not_zero(function: Loss) -> None:
    tangent = torch.ones_like(X).cumsum(1)
    actual = torch.func.jvp(function, (X,), (tangent,))
    close(actual, torch.func.jvp(exact, (X,), (tangent,)))
    assert actual[1] != 0


@functions
@pytest.mark.parametrize("requires_grad", [False, True])
def test_dual_numbers_keep_their_tangent(function: Loss, requires_grad: bool) -> None:
    tangents = []
    for each in (function, exact):
        with forward_ad.dual_level():
            x = X.clone().requires_grad_(requires_grad)
            dual = forward_ad.make_dual(x, torch.ones_like(X).cumsum(1))
            tangents.append(forward_ad.unpack_dual(each(dual)).tangent)
    assert tangents[0] is not None
    close(*tangents)


@functions
def test_a_hessian_is_not_zero(function: Loss) -> None:
    actual = torch.func.hessian(function)(X)
    close(actual, torch.func.hessian(exact)(X))
    assert actual.abs().max() > 0
    close(torch.autograd.functional.hessian(function, X), actual)


@functions
def test_create_graph_does_not_take_the_gradient_for_a_constant(function: Loss) -> None:
    seconds = []
    for each in (function, exact):
        x = X.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(each(x), x, create_graph=True)
        assert gradient.requires_grad
        (second,) = torch.autograd.grad(gradient.square().sum(), x)
        seconds.append(second)
    close(*seconds)
    assert seconds[0].abs().max() > 0


@functions
def test_compiled_gradients_of_torch_func_are_right(function: Loss) -> None:
    torch.compiler.reset()
    gradient = torch.compile(torch.func.grad(function), backend="aot_eager")
    close(gradient(X), torch.func.grad(exact)(X))
    torch.compiler.reset()


@pytest.mark.parametrize("name", ["one prediction", "two predictions"])
def test_a_kept_gradient_is_not_scaled_in_place(name: str) -> None:
    x = X.clone().requires_grad_()
    variance = (X.abs() + 1).requires_grad_()
    target = torch.zeros_like(X)
    value = (
        FL.mse_loss(x, target) if name[:3] == "one" else FL.gaussian_nll_loss(x, target, variance)
    )
    leaves = (x,) if name[:3] == "one" else (x, variance)
    first = torch.autograd.grad(value, leaves, retain_graph=True)
    kept = [gradient.clone() for gradient in first]
    for factor in (3.0, 1.0, -0.5, 1.0):
        again = torch.autograd.grad(factor * value, leaves, retain_graph=True)
        for gradient, expected in zip(again, kept, strict=True):
            close(gradient, factor * expected)
            gradient.fill_(torch.nan)
    for gradient, expected in zip(first, kept, strict=True):
        close(gradient, expected)


def test_the_meta_device_is_not_computed_on() -> None:
    x, y = X.to("meta").requires_grad_(), Y.to("meta")
    for value in (
        FL.cross_entropy(x, y),
        torch.ops.fusedloss.categorical_crossentropy_from_logits(y, x),
    ):
        assert (value.device.type, value.shape, value.dtype) == ("meta", (), torch.float64)
        (gradient,) = torch.autograd.grad(value, x)
        assert (gradient.device.type, gradient.shape) == ("meta", X.shape)


@functions
def test_the_derivative_of_a_weight_is_the_loss(function: Loss) -> None:
    if function is loss:

        def weighted(w: Tensor) -> Tensor:
            return FL.cross_entropy(X, Y, sample_weight=w, denominator=1.0)
    else:

        def weighted(w: Tensor) -> Tensor:
            return torch.ops.fusedloss.categorical_crossentropy_from_logits(
                Y, X, w, reduction="sum"
            )

    w = torch.linspace(0, 1, 6, dtype=torch.float64).requires_grad_()
    close(torch.autograd.grad(weighted(w), w)[0], F.cross_entropy(X, Y, reduction="none"))
    close(torch.func.grad(weighted)(w.detach()), F.cross_entropy(X, Y, reduction="none"))


@functions
@pytest.mark.parametrize("times", [1, 2])
def test_a_weight_of_0_has_derivatives_of_higher_order(function: Loss, times: int) -> None:
    """Inside a transform, a tensor does not require the gradient that one around it takes."""

    def ours(x: Tensor, w: Tensor) -> Tensor:
        if function is loss:
            return FL.cross_entropy(x, Y, sample_weight=w, denominator=1.0)
        return torch.ops.fusedloss.categorical_crossentropy_from_logits(Y, x, w, reduction="sum")

    def plain(x: Tensor, w: Tensor) -> Tensor:
        return (F.cross_entropy(x, Y, reduction="none") * w).sum()

    def slope(f: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
        return lambda x, w: (torch.func.grad(f)(x, w) * X).sum()

    w, derivatives = torch.linspace(0, 1, 6, dtype=torch.float64), []
    for f in (ours, plain):
        for _ in range(times):
            f = slope(f)
        derivatives.append(torch.func.grad(f, 1)(X, w))
    close(*derivatives)
