"""Losses of several predictions: each gradient is computed if it is wanted, and handed out once."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_support import leaf

import fusedloss.torch.functional as FL
from fusedloss import _core
from fusedloss.torch import _joint, _plain

PREDICTIONS = ["input", "var"]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def never_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plain, "compute", lambda *_, **__: pytest.fail("computed in plain torch"))


def arguments(*wanted: str, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    return {
        "input": torch.randn(5, dtype=dtype).requires_grad_("input" in wanted),
        "target": torch.randn(5, dtype=dtype),
        "var": (torch.rand(5, dtype=dtype) + 0.5).requires_grad_("var" in wanted),
    }


def leaves(given: dict[str, Tensor]) -> list[Tensor]:
    return [tensor for tensor in given.values() if tensor.requires_grad]


@pytest.mark.usefixtures("never_plain")
@pytest.mark.parametrize("wanted", [["input"], ["var"], PREDICTIONS])
def test_only_what_is_wanted_is_computed(
    wanted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = []
    compute = _core.compute

    class Spy:
        def __getattr__(self, name: str) -> Any:
            return getattr(_core, name)

        @staticmethod
        def compute(*args: Any) -> float:
            computed.append([gradient is not None for gradient in (args[13], *args[15])])
            return compute(*args)

    monkeypatch.setattr(_joint, "_core", Spy())
    given = arguments(*wanted)
    expected = [name in wanted for name in PREDICTIONS]
    FL.gaussian_nll_loss(**given).backward()
    assert computed == [expected]
    with torch.no_grad():
        FL.gaussian_nll_loss(**given)
    assert computed[1:] == [[False, False]]
    FL.gaussian_nll_loss(**given, reduction="none").sum().backward()
    assert computed[2:] == [[False, False], expected]


@pytest.mark.usefixtures("never_plain")
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("wanted", [["input"], ["var"], PREDICTIONS])
def test_upstream_and_repeated_backwards(wanted: list[str], reduction: str) -> None:
    given = arguments(*wanted)
    losses = [f(**given, reduction=reduction) for f in (FL.gaussian_nll_loss, F.gaussian_nll_loss)]
    for factor in (1.0, -2.0, 0.0, 1.0):
        upstream = torch.full_like(losses[0], factor)
        gradients = [
            torch.autograd.grad(loss, leaves(given), upstream, retain_graph=True) for loss in losses
        ]
        torch.testing.assert_close(*gradients)
        for gradient in gradients[0]:
            gradient.fill_(torch.nan)  # its own memory every time
    torch.autograd.grad(losses[0].sum(), leaves(given))
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(losses[0].sum(), leaves(given))


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_many_upstream_gradients_at_once(reduction: str) -> None:
    given = arguments(*PREDICTIONS)
    results = []
    for function in (FL.gaussian_nll_loss, F.gaussian_nll_loss):
        loss = function(**given, reduction=reduction)
        upstreams = torch.linspace(-1, 1, 3 * loss.numel()).reshape(3, *loss.shape)
        results.append(torch.autograd.grad(loss, leaves(given), upstreams, is_grads_batched=True))
    torch.testing.assert_close(*results)


@pytest.mark.usefixtures("never_plain")
def test_rows_with_upstream_gradients_and_weights_of_their_own() -> None:
    anchor, positive, negative = (leaf(6, 4) for _ in range(3))
    weight, upstream = torch.rand(6), torch.randn(6)
    mask = torch.tensor([True, True, False, True, True, True])
    ours = FL.triplet_margin_loss(
        anchor, positive, negative, reduction="none", sample_weight=weight, mask=mask
    )
    theirs = F.triplet_margin_loss(anchor, positive, negative, reduction="none")
    theirs = (theirs * weight).where(mask, 0)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(
        torch.autograd.grad(ours, (anchor, positive, negative), upstream),
        torch.autograd.grad(theirs, (anchor, positive, negative), upstream),
    )


def test_one_tensor_in_two_places() -> None:
    x, y = leaf(6, 4), leaf(6, 4)
    ours = torch.autograd.grad(FL.triplet_margin_loss(x, y, x), (x, y))
    theirs = torch.autograd.grad(F.triplet_margin_loss(x, y, x), (x, y))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.usefixtures("never_plain")
def test_a_number_for_all_is_summed_over() -> None:
    given = arguments(*PREDICTIONS)
    given["var"] = torch.tensor(0.7, requires_grad=True)
    actual = torch.autograd.grad(FL.gaussian_nll_loss(**given), leaves(given))
    assert actual[1].shape == ()
    exact = F.gaussian_nll_loss(given["input"], given["target"], given["var"].expand(5))
    torch.testing.assert_close(actual, torch.autograd.grad(exact, leaves(given)))


def test_float16_gradients_survive_a_large_mean_under_loss_scaling() -> None:
    rows, scale = 200_000, 2.0**14
    x, other = (torch.randn(rows).half().requires_grad_() for _ in range(2))
    y = torch.randn(rows).sign()
    (FL.margin_ranking_loss(x, other, y, margin=0.5) * scale).backward()
    for tensor in (x, other):
        assert tensor.grad is not None
        assert tensor.grad.dtype is torch.float16
    expected = -y * (0.5 - y * (x.detach().float() - other.detach().float()) >= 0) * scale / rows
    torch.testing.assert_close(x.grad, expected.half(), rtol=2 * 2**-11, atol=0)
    torch.testing.assert_close(other.grad, -expected.half(), rtol=2 * 2**-11, atol=0)


def test_other_dtypes_beside_the_predictions() -> None:
    x, y = leaf(5, dtype=torch.bfloat16), torch.randn(5)
    variance = (torch.rand(5) + 0.5).requires_grad_()
    loss = FL.gaussian_nll_loss(x, y, variance)
    loss.backward()
    assert x.grad is not None
    assert variance.grad is not None
    assert (loss.dtype, x.grad.dtype, variance.grad.dtype) == (
        torch.float32,
        torch.bfloat16,
        torch.float32,
    )


def test_second_derivatives() -> None:
    given = arguments(*PREDICTIONS, dtype=torch.float64)
    results = []
    for function in (FL.gaussian_nll_loss, F.gaussian_nll_loss):
        loss = function(**given) ** 2
        gradients = torch.autograd.grad(loss, leaves(given), create_graph=True)
        total = sum(gradient.square().sum() for gradient in gradients)
        results.append((gradients, torch.autograd.grad(total, leaves(given))))
    torch.testing.assert_close(*results)


def test_hooks_and_accumulation() -> None:
    given = arguments(*PREDICTIONS)
    given["var"].register_hook(lambda gradient: gradient.mul_(2))
    loss = FL.gaussian_nll_loss(**given)
    loss.backward(retain_graph=True)
    loss.backward()
    exact = F.gaussian_nll_loss(**given)
    expected = torch.autograd.grad(exact, leaves(given))
    torch.testing.assert_close(given["input"].grad, 2 * expected[0])
    torch.testing.assert_close(given["var"].grad, 4 * expected[1].detach() / 2)
