"""One upstream gradient per row: how it reaches the predictions, and where it does not."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_support import assert_gradient, leaf

import fusedloss.torch.functional as FL


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_with_upstream_gradients_of_their_own(weighted: bool) -> None:
    x, y = leaf(6, 5, 4), torch.randint(5, (6, 4))
    y[1, 1] = -100
    upstream = torch.randn(6, 4)
    upstream[2, 2] = 0
    weight = torch.rand(6) if weighted else None
    FL.cross_entropy(x, y, reduction="none", sample_weight=weight).backward(upstream)
    reference = x.detach().clone().requires_grad_()
    losses = F.cross_entropy(reference, y, reduction="none")
    (losses if weight is None else losses * weight[:, None]).backward(upstream)
    assert reference.grad is not None
    assert_gradient(x, reference.grad, rtol=1e-5, atol=1e-7)


def test_a_row_nothing_flows_into_contributes_nothing() -> None:
    x = leaf(3, 4)
    with torch.no_grad():
        x[1] = torch.nan
    losses = FL.cross_entropy(x, torch.tensor([0, 1, 2]), reduction="none")
    losses[[0, 2]].sum().backward()
    assert x.grad is not None
    assert (x.grad[1] == 0).all()
    assert x.grad.isfinite().all()


def test_rows_survive_repeated_backwards() -> None:
    x, y = leaf(5), torch.randn(5)
    losses = FL.mse_loss(x, y, reduction="none")
    for factor in (1.0, 2.0):
        (gradient,) = torch.autograd.grad(losses.sum() * factor, x, retain_graph=True)
        torch.testing.assert_close(gradient, factor * 2 * (x.detach() - y))
        gradient.fill_(torch.nan)


def test_upstream_gradients_that_are_views() -> None:
    x, y = leaf(4), torch.randn(4)
    negative = torch.complex(torch.zeros(4), torch.ones(4)).conj().imag
    assert negative.is_neg()
    for upstream in (torch.ones(1).expand(4), torch.randn(8)[::2], negative):
        (gradient,) = torch.autograd.grad(FL.mse_loss(x, y, reduction="none"), x, upstream)
        torch.testing.assert_close(gradient, upstream * 2 * (x.detach() - y))


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_an_upstream_gradient_that_torch_knows_to_be_zero(reduction: str) -> None:
    x, y = leaf(3, 4), torch.tensor([0, 3, 1])
    loss = FL.cross_entropy(x, y, reduction=reduction)
    zero = torch._efficientzerotensor(loss.shape)
    assert zero._is_zerotensor()
    loss.backward(zero)
    assert x.grad is not None
    assert (x.grad == 0).all()


# What flows into a loss that weighs nothing reaches no prediction, be it infinite or NaN.

ROWS = 6
SILENT = [1, 4]  # the rows of weight 0
UPSTREAM = [1.0, torch.nan, 2.0, -1.0, torch.inf, 0.5]


def cross_entropy(classes: int) -> tuple[Any, ...]:
    return FL.cross_entropy, torch.ops.fusedloss.categorical_crossentropy_from_logits, classes


LOSSES = {
    "cross_entropy_7": cross_entropy(7),
    "cross_entropy_100": cross_entropy(100),
    "huber": (FL.huber_loss, torch.ops.fusedloss.huber, 5),
    "gaussian_nll": (FL.gaussian_nll_loss, torch.ops.fusedloss.gaussian_nll, 5),
}
each = pytest.mark.parametrize("name", LOSSES)


def losses_of(name: str, operation: bool) -> tuple[tuple[Tensor, ...], Tensor, Tensor]:
    """The predictions, the losses, and what flows into them."""
    function, operator, width = LOSSES[name]
    torch.manual_seed(0)
    x = torch.randn(ROWS, width, requires_grad=True)
    y = torch.randint(width, (ROWS,)) if "cross" in name else torch.randn(ROWS, width)
    predictions = (x,)
    if name == "gaussian_nll":
        predictions = (x, torch.rand(ROWS, width).add(0.1).requires_grad_())
    weight = torch.ones(ROWS)
    weight[SILENT] = 0
    if y.ndim > 1:
        weight = weight.unsqueeze(1).expand(y.shape)
    if operation:
        losses = operator(y, *predictions, weight, None, reduction="none")
    else:
        more = {"var": predictions[1]} if len(predictions) > 1 else {}
        losses = function(x, y, **more, sample_weight=weight, reduction="none")
    upstream = torch.tensor(UPSTREAM)
    return predictions, losses, upstream if y.ndim == 1 else upstream.unsqueeze(1).expand(y.shape)


@pytest.mark.parametrize("create_graph", [False, True], ids=["", "differentiable"])
@pytest.mark.parametrize("operation", [False, True], ids=["eager", "operation"])
@each
def test_rows_of_weight_zero(name: str, operation: bool, create_graph: bool) -> None:
    predictions, losses, upstream = losses_of(name, operation)
    found = torch.autograd.grad(losses, predictions, upstream, create_graph=create_graph)
    predictions, losses, _ = losses_of(name, operation)
    ordinary = upstream.nan_to_num(1.0, 1.0)
    expected = torch.autograd.grad(losses, predictions, ordinary)
    for gradient, wanted in zip(found, expected, strict=True):
        assert (gradient[SILENT] == 0).all()
        torch.testing.assert_close(gradient.detach(), wanted)


@each
def test_batches_of_what_flows_in(name: str) -> None:
    predictions, losses, upstream = losses_of(name, operation=False)
    batch = torch.stack([upstream, 2 * upstream])
    found = torch.autograd.grad(losses, predictions, batch, is_grads_batched=True)
    for gradients in found:
        assert gradients.isfinite().all()
        assert (gradients[:, SILENT] == 0).all()
        torch.testing.assert_close(gradients[1], 2 * gradients[0])
