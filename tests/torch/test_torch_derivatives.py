"""Derivatives are right, also those the kernels do not compute: never silently wrong."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import forward_ad
from torch_support import SOME, both, each, is_fused, leaf, no_kernels, with_extras

import fusedloss.torch.functional as FL

# torch's own tracers and forward mode use what torch has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


# By the kernels, and the second in plain torch.


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", ["mse_loss", "huber_loss", "cross_entropy", "sigmoid_focal_loss"])
def test_gradcheck(name: str, reduction: str) -> None:
    x = leaf(4, 3, dtype=torch.float64)
    y = torch.randint(3, (4,)) if name == "cross_entropy" else torch.rand(4, 3)
    weight = torch.rand(4)

    def loss(x: Tensor) -> Tensor:
        return getattr(FL, name)(x, y, reduction=reduction, sample_weight=weight)

    assert is_fused(loss(x))
    # batched: gradients for many upstream gradients at once, as in jacobian(vectorize=True)
    assert torch.autograd.gradcheck(loss, (x,), check_batched_grad=True)
    assert torch.autograd.gradgradcheck(loss, (x,))


# torch.func.


@no_kernels()
@with_extras
@each
def test_functional_transforms(kind: str, extra: bool) -> None:
    ours, theirs, x, y = both(kind, extra)
    tangent = torch.randn_like(x)
    close = torch.testing.assert_close
    close(torch.func.grad(ours)(x, y), torch.func.grad(theirs)(x, y))
    close(torch.func.hessian(ours)(x, y), torch.func.hessian(theirs)(x, y))
    for actual, expected in zip(
        torch.func.jvp(lambda x: ours(x, y), (x,), (tangent,)),
        torch.func.jvp(lambda x: theirs(x, y), (x,), (tangent,)),
        strict=True,
    ):
        close(actual, expected)
    many = torch.stack([x, x.flip(0), x * 0.5])
    for transform in (
        lambda loss: torch.vmap(loss, (0, None)),
        lambda loss: torch.vmap(torch.func.grad(loss), (0, None)),
        lambda loss: torch.func.grad(lambda x, y: torch.vmap(loss, (0, None))(x, y).sum()),
        lambda loss: lambda x, y: torch.func.jacrev(lambda x: torch.vmap(loss, (0, None))(x, y))(x),
    ):
        close(transform(ours)(many, y), transform(theirs)(many, y))


def random() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_backward_inside_a_transform() -> None:
    x, y = torch.randn(5, requires_grad=True), torch.randn(5)
    for reduction, shape in (("mean", ()), ("none", (5,))):
        gradients = []
        for function in (FL.mse_loss, F.mse_loss):
            loss = function(x, y, reduction=reduction)

            def backward(upstream: Tensor, loss: Tensor = loss) -> Tensor:
                return torch.autograd.grad(loss, x, upstream, retain_graph=True)[0]

            gradients.append(torch.vmap(backward)(torch.randn(3, *shape, generator=random())))
        torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_vectorized_jacobians_and_hessians(reduction: str) -> None:
    x, y = torch.randn(4, 3), torch.randint(3, (4,))
    for transform in (torch.autograd.functional.jacobian, torch.autograd.functional.hessian):
        ours, theirs = (
            transform(lambda x, f=f: (f(x, y, reduction=reduction) ** 2).sum(), x, vectorize=True)
            for f in (FL.cross_entropy, F.cross_entropy)
        )
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


# Forward mode.


@with_extras
@each
def test_forward_mode(kind: str, extra: bool) -> None:
    ours, theirs, x, y = both(kind, extra)
    tangents = []
    for requires_grad in (False, True):
        for loss in (ours, theirs):
            with forward_ad.dual_level():
                primal = x.clone().requires_grad_(requires_grad)
                dual = forward_ad.make_dual(primal, torch.ones_like(x))
                tangents.append(forward_ad.unpack_dual(loss(dual, y)).tangent)
    assert tangents[0] is not None
    for tangent in tangents[1:]:
        torch.testing.assert_close(tangent, tangents[0])


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_tangents_flow_through_a_backward(reduction: str) -> None:
    x, y = torch.randn(3, requires_grad=True), torch.randn(3)
    loss = FL.mse_loss(x, y, reduction=reduction)
    with forward_ad.dual_level():
        upstream = forward_ad.make_dual(torch.ones_like(loss), torch.full_like(loss, 3.0))
        (gradient,) = torch.autograd.grad(loss, x, upstream)
        tangent = forward_ad.unpack_dual(gradient).tangent
    torch.testing.assert_close(tangent, 3 * 2 * (x.detach() - y))


# Second derivatives.


@with_extras
@each
def test_second_derivatives(kind: str, extra: bool) -> None:
    ours, theirs, x, y = both(kind, extra)
    results = []
    for loss in (ours, theirs):
        leaf = x.clone().requires_grad_()
        value = loss(leaf * 0.7, y) ** 2  # what flows in depends on the input, too
        (gradient,) = torch.autograd.grad(value, leaf, create_graph=True)
        assert gradient.requires_grad
        gradient.square().sum().backward()
        results.append((gradient.detach(), leaf.grad))
    assert results[0][1] is not None
    torch.testing.assert_close(results[0][0], results[1][0])
    torch.testing.assert_close(results[0][1], results[1][1])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_second_derivatives_in_half_precision(dtype: torch.dtype) -> None:
    x, y = torch.randn(4, 3, dtype=dtype, requires_grad=True), torch.randint(3, (4,))
    (gradient,) = torch.autograd.grad(FL.cross_entropy(x, y), x, create_graph=True)
    assert gradient.dtype is dtype
    (second,) = torch.autograd.grad(gradient.float().square().sum(), x)
    wide = x.detach().float().requires_grad_()
    (exact,) = torch.autograd.grad(F.cross_entropy(wide, y), wide, create_graph=True)
    (exact,) = torch.autograd.grad(exact.square().sum(), wide)
    torch.testing.assert_close(second.float(), exact, rtol=0.05, atol=1e-3)


def test_second_derivatives_notice_a_change_in_place() -> None:
    x, y = torch.randn(3, requires_grad=True), torch.randn(3)
    loss = FL.mse_loss(x, y)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(loss, x, create_graph=True)


# Derivatives of other arguments.


@pytest.mark.parametrize("kind", [k for k in SOME if not k.startswith(("ce-2", "ce-s", "soft"))])
def test_targets_that_require_grad(kind: str) -> None:
    ours, theirs, x, y = both(kind, False)
    gradients = []
    for loss in (ours, theirs):
        leaves = x.clone().requires_grad_(), y.clone().requires_grad_()
        gradients.append(torch.autograd.grad(loss(*leaves), leaves))
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("name", ["weight", "sample_weight"])
@pytest.mark.parametrize("zero", [False, True])
def test_weights_that_require_grad(name: str, zero: bool) -> None:
    x, y = torch.randn(4, 3, requires_grad=True), torch.randn(4, 3)
    weight = torch.rand(4, 3)
    if zero:
        weight[1] = 0  # the derivative there is the loss all the same
    weight.requires_grad_()
    ours = FL.mse_loss(x, y, **{name: weight})
    theirs = ((x - y) ** 2 * weight).sum() / weight.sum()
    torch.testing.assert_close(
        torch.autograd.grad(ours, (x, weight)), torch.autograd.grad(theirs, (x, weight))
    )
    x = x.detach()
    ours, theirs = (
        torch.func.jvp(function, (weight.detach(),), (torch.ones(4, 3),))[1]
        for function in (
            lambda w: FL.mse_loss(x, y, **{name: w}),
            lambda w: ((x - y) ** 2 * w).sum() / w.sum(),
        )
    )
    torch.testing.assert_close(ours, theirs)


def test_class_weights_that_require_grad() -> None:
    x, y = torch.randn(6, 4), torch.randint(4, (6,))
    weight = torch.linspace(1, 2, 4).requires_grad_()
    with pytest.raises(RuntimeError, match="not differentiable with respect to argument 'weight'"):
        FL.cross_entropy(x, y, weight=weight)  # by torch itself
    loss = FL.cross_entropy(x, y, weight=weight, sample_weight=torch.ones(6))
    losses = F.cross_entropy(x, y, reduction="none")
    exact = (losses * weight[y]).sum() / weight[y].sum()
    torch.testing.assert_close(
        torch.autograd.grad(loss, weight), torch.autograd.grad(exact, weight)
    )


def test_denominators_that_require_grad_are_refused() -> None:
    count = torch.tensor(3.0, requires_grad=True)
    with pytest.raises(ValueError, match="denominator must not require a gradient"):
        FL.mse_loss(torch.ones(3), torch.ones(3), denominator=count)
