"""Tensors as they come, whatever their layout, and what is kept of them for the backward."""

import gc
import weakref
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from torch_support import assert_gradient, is_fused, leaf

import fusedloss.torch.functional as FL


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


# Layouts.


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    "view",
    [
        lambda x: x,
        lambda x: x.t(),
        lambda x: x[::2, 1:],
        lambda x: x[:1].expand(6, 8),
        lambda x: x.unfold(1, 3, 1).reshape(-1, 3),
        lambda x: x.sum(),
        lambda x: x[:0],
    ],
    ids=["contiguous", "transposed", "strided", "expanded", "overlapping", "0-d", "empty"],
)
def test_layouts_of_the_input(view: Any, reduction: str) -> None:
    base = leaf(6, 8)
    target = torch.randn(view(base).shape)
    loss = FL.mse_loss(view(base), target, reduction=reduction)
    assert is_fused(loss)
    loss.sum().backward()
    reference = base.detach().clone().requires_grad_()
    expected = F.mse_loss(view(reference), target, reduction=reduction)
    expected.sum().backward()
    torch.testing.assert_close(loss.detach(), expected.detach(), equal_nan=True)
    assert reference.grad is not None
    assert_gradient(base, reference.grad)


@pytest.mark.parametrize("side", [4, 300], ids=["small", "reused"])
def test_channels_last(side: int) -> None:
    x = torch.randn(2, 5, side, side).to(memory_format=torch.channels_last).requires_grad_()
    labels = torch.randint(5, (2, side, side))
    FL.cross_entropy(x, labels).backward()
    reference = x.detach().clone().requires_grad_()
    F.cross_entropy(reference, labels).backward()
    assert x.grad is not None
    assert reference.grad is not None
    assert x.grad.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(x.grad, reference.grad, rtol=1e-5, atol=1e-9)


def test_negative_views() -> None:
    values = torch.complex(torch.randn(5), torch.randn(5))
    view = values.conj().imag
    assert view.is_neg()
    other = torch.randn(5)
    torch.testing.assert_close(FL.mse_loss(view, other), F.mse_loss(view, other))
    torch.testing.assert_close(FL.mse_loss(other, view), F.mse_loss(other, view))
    weight = torch.complex(torch.zeros(5), -torch.rand(5)).conj().imag
    torch.testing.assert_close(
        FL.mse_loss(other, other + 1, sample_weight=weight, reduction="sum"), weight.sum()
    )


# Saved tensors.


@pytest.mark.parametrize("changed", ["input", "target"])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_changes_in_place_before_the_backward_are_noticed(changed: str, reduction: str) -> None:
    x, y = leaf(5) * 1.0, torch.randn(5)
    loss = FL.mse_loss(x, y, reduction=reduction).sum()
    with torch.no_grad():
        (x if changed == "input" else y).add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_the_loss_may_be_changed_in_place() -> None:
    x, y = leaf(5), torch.randn(5)
    loss = FL.mse_loss(x, y)
    loss *= 3
    loss.backward()
    assert_gradient(x, 6 * (x.detach() - y) / 5)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoints(reentrant: bool) -> None:
    x, weight, labels = leaf(6, 4), leaf(5, 4), torch.randint(5, (6,))

    def head(hidden: Tensor) -> Tensor:
        return FL.cross_entropy(F.linear(hidden, weight), labels)

    loss = checkpoint(head, x, use_reentrant=reentrant)
    loss.backward()
    gradients = torch.autograd.grad(F.cross_entropy(F.linear(x, weight), labels), (x, weight))
    assert_gradient(x, gradients[0], rtol=1e-5, atol=1e-7)
    assert_gradient(weight, gradients[1], rtol=1e-5, atol=1e-7)


def test_a_checkpoint_keeps_nothing_of_the_loss_alive() -> None:
    x, y = leaf(1000), torch.randn(1000)
    sizes = []

    def head(hidden: Tensor) -> Tensor:
        logits = hidden * 2
        sizes.append(weakref.ref(logits))
        return FL.mse_loss(logits, y)

    loss = checkpoint(head, x, use_reentrant=False)
    gc.collect()
    assert sizes[0]() is None
    loss.backward()
    assert_gradient(x, 8 * (x.detach() - y / 2) / 1000)


def test_saved_tensor_hooks() -> None:
    x, y = leaf(5), torch.randn(5)
    with torch.autograd.graph.save_on_cpu():
        loss = FL.mse_loss(x, y)
    loss.backward()
    assert_gradient(x, 2 * (x.detach() - y) / 5)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_absolute_difference_of_complex_numbers(reduction: str) -> None:
    leaf = torch.randn(6, dtype=torch.complex64, requires_grad=True)
    target = torch.randn(6, dtype=torch.complex64)
    with torch.no_grad():
        leaf[0] = target[0]  # where torch's gradient is 0
    losses = [f(leaf, target, reduction=reduction) for f in (FL.l1_loss, F.l1_loss)]
    gradients = [torch.autograd.grad(loss.sum(), leaf)[0] for loss in losses]
    torch.testing.assert_close(*losses)
    torch.testing.assert_close(*gradients)
