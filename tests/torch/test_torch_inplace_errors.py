"""Gradients written over predictions: what is refused, and who is told that values are gone."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import Tensor, nn
from torch_arguments import IN_PLACE, given
from torch_support import assert_gradient, is_fused, leaf

import fusedloss.torch as flt
import fusedloss.torch.functional as FL

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


# What is refused.


@pytest.mark.parametrize("name", IN_PLACE)
def test_leaves_are_refused(name: str) -> None:
    function, (values, *others) = getattr(FL, name), given(name)
    input_name = next(iter(inspect.signature(function).parameters))
    for reduction in ("mean", "sum", "none"):
        own = values.clone().requires_grad_()
        for x, what in ((own, "a leaf"), (own.view(own.shape), "a view of a leaf")):
            with pytest.raises(RuntimeError, match=rf"^{input_name} is {what} that requires grad"):
                function(x, *others, reduction=reduction, inplace=True)
        assert torch.equal(own, values)
        with torch.no_grad():
            function(own, *others, reduction=reduction, inplace=True)
        assert torch.equal(own, values)


def test_leaves_are_refused_in_other_modes() -> None:
    x, y = leaf(6), torch.randn(6)

    def function(x: Tensor, y: Tensor) -> Tensor:
        return FL.mse_loss(x, y, inplace=True)

    torch.compiler.reset()
    for loss in (
        torch.compile(function, backend="eager"),
        lambda x, y: function(x, y.double()),
        lambda x, y: function(x.to("meta").detach().requires_grad_(), y.to("meta")),
    ):
        with pytest.raises(RuntimeError, match=r"leaf that requires grad"):
            loss(x, y)


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[:1].expand(6, 5),
        lambda x: x.as_strided((6, 5), (1, 1)),
        lambda x: x.flatten().unfold(0, 5, 1)[:6],
    ],
)
def test_views_that_overlap_themselves_are_refused(view: Callable[[Tensor], Tensor]) -> None:
    x = leaf(6, 5) * 1
    before = x.detach().clone()
    for reduction in ("mean", "none"):
        with pytest.raises(ValueError, match=r"^input must have memory for each element"):
            FL.mse_loss(view(x), torch.randn(6, 5), reduction=reduction, inplace=True)
    assert torch.equal(x, before)


def test_arguments_that_share_memory_are_refused() -> None:
    def draw() -> Tensor:
        return leaf(6, 5) * 1

    def refused(name: str, function: Callable[..., Tensor], x: Tensor, **options: Any) -> None:
        before = x.detach().clone()
        with pytest.raises(ValueError, match=rf"^{name} must not share memory with input"):
            function(x, **options, inplace=True)
        assert torch.equal(x, before)

    x, y = draw(), torch.randn(6, 5)
    refused("target", FL.mse_loss, x, target=x)
    refused("target", FL.mse_loss, x, target=x.detach())
    refused("target", FL.mse_loss, x[:3], target=x.detach()[2:5])
    half = draw().bfloat16() * 1
    refused("target", FL.mse_loss, half, target=half.detach())
    refused("weight", FL.mse_loss, x, target=y, weight=x.detach())
    refused("sample_weight", FL.mse_loss, x, target=y, sample_weight=x.detach()[:, 0])
    refused("mask", FL.mse_loss, x, target=y, mask=x.detach().view(torch.bool)[:, :5])
    refused(
        "pos_weight", FL.binary_cross_entropy_with_logits, x, target=y, pos_weight=x.detach()[0]
    )
    labels = torch.randint(5, (6,))
    refused("weight", FL.cross_entropy, x, target=labels, weight=x.detach()[0])


def test_neighbours_do_not_share_memory() -> None:
    parts = leaf(6, 10)
    both = parts * 1
    loss = FL.mse_loss(both[:, :5], both.detach()[:, 5:], inplace=True)
    assert is_fused(loss)
    loss.backward()
    wanted = torch.zeros(6, 10)
    wanted[:, :5] = 2 / 30 * (parts[:, :5] - parts[:, 5:]).detach()
    assert_gradient(parts, wanted)
    assert torch.equal(both[:, 5:], parts[:, 5:])


def test_no_second_derivative() -> None:
    x, y = leaf(6, 5), torch.randint(5, (6,))
    for factor in (1, 2):
        loss = factor * FL.cross_entropy(x * 1, y, inplace=True)
        with pytest.raises(RuntimeError, match="inplace=True has no second derivative"):
            torch.autograd.grad(loss, x, create_graph=True)
    rows = FL.cross_entropy(x * 1, y, reduction="none", inplace=True).sum()
    (gradient,) = torch.autograd.grad(rows, x, create_graph=True)
    gradient.square().sum().backward()  # of rows there is
    assert x.grad is not None


# Who needs the values that are gone is told.


@pytest.mark.parametrize("last", [torch.relu, torch.sigmoid, torch.tanh, torch.exp])
def test_operations_that_save_their_result_raise(last: Callable[[Tensor], Tensor]) -> None:
    x = last(leaf(6, 5))
    loss = FL.mse_loss(x, torch.randn(6, 5), inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
    view = last(leaf(6, 5))[1:]
    loss = FL.mse_loss(view, torch.randn(5, 5), inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_log_softmax_raises() -> None:
    x = F.log_softmax(leaf(6, 5), 1)
    loss = FL.nll_loss(x, torch.randint(5, (6,)), inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_another_loss_of_the_same_predictions_raises() -> None:
    x = leaf(6, 5) * 1
    other = FL.cross_entropy(x, torch.randint(5, (6,)), reduction="none").mean()
    loss = FL.mse_loss(x, torch.randn(6, 5), inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        (loss + other).backward()


def test_a_gradient_that_is_changed_before_the_backward_raises() -> None:
    x = leaf(6, 5) * 1
    loss = FL.mse_loss(x, torch.randn(6, 5), inplace=True)
    with torch.no_grad():
        x += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("last", ["linear", "convolution"])
def test_operations_that_do_not_need_their_result(last: str) -> None:
    layer = nn.Linear(4, 5) if last == "linear" else nn.Conv2d(4, 5, 1)
    given = torch.randn(6, 4) if last == "linear" else torch.randn(2, 4, 3, 3)
    y = torch.randint(5, (6,) if last == "linear" else (2, 3, 3))
    gradients = []
    for inplace in (False, True):
        loss = flt.CrossEntropyLoss()(layer(given), y, inplace=inplace)
        gradients.append(torch.autograd.grad(loss, (*layer.parameters(),)))
    for expected, actual in zip(*gradients, strict=True):
        assert torch.equal(actual, expected)


def test_a_checkpoint_computes_predictions_again() -> None:
    layer, given, y = nn.Linear(4, 5), torch.randn(6, 4), torch.randint(5, (6,))

    def loss(given: Tensor) -> Tensor:
        return FL.cross_entropy(layer(given), y, inplace=True)

    (expected,) = torch.autograd.grad(loss(given), layer.weight)
    result = torch.utils.checkpoint.checkpoint(loss, given, use_reentrant=False)
    assert torch.equal(torch.autograd.grad(result, layer.weight)[0], expected)
