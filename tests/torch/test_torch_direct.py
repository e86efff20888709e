"""Calls that ask for nothing special: what they compute, and which calls these are."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_support import is_fused

import fusedloss.torch.functional as FL
from fusedloss import LabelError, _core
from fusedloss.torch import _calls

DIRECT: dict[str, Callable[[], tuple[Tensor, Tensor]]] = {
    "mse_loss": lambda: (torch.randn(6, 4), torch.randn(6, 4)),
    "l1_loss": lambda: (torch.randn(6, 4), torch.randn(6, 4)),
    "huber_loss": lambda: (torch.randn(6, 4), torch.randn(6, 4)),
    "smooth_l1_loss": lambda: (torch.randn(6, 4), torch.randn(6, 4)),
    "poisson_nll_loss": lambda: (torch.randn(6, 4), torch.randint(9, (6, 4)).float()),
    "binary_cross_entropy_with_logits": lambda: (torch.randn(6, 4), torch.rand(6, 4)),
    "binary_cross_entropy": lambda: (torch.rand(6, 4), torch.rand(6, 4)),
    "soft_margin_loss": lambda: (torch.randn(6, 4), torch.randint(2, (6, 4)) * 2.0 - 1),
    "cross_entropy": lambda: (torch.randn(6, 4, 3), torch.randint(4, (6, 3))),
    "cross_entropy of probabilities": lambda: (torch.randn(6, 4, 3), torch.rand(6, 4, 3)),
    "nll_loss": lambda: (torch.randn(6, 4, 3), torch.randint(4, (6, 3))),
    "multi_margin_loss": lambda: (torch.randn(6, 4), torch.randint(4, (6,))),
    "multilabel_margin_loss": lambda: (torch.randn(6, 4), torch.randint(-1, 4, (6, 4))),
}
names = pytest.mark.parametrize("name", DIRECT)
Answers = list[Any]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """What the core answers to each call, None to those it leaves to the general code."""
    found: Answers = []

    class Spy:
        def __getattr__(self, name: str) -> Any:
            return getattr(_core, name)

        @staticmethod
        def torch_loss(*args: Any) -> Any:
            found.append(_core.torch_loss(*args))
            return found[-1]

    monkeypatch.setattr(_calls, "_core", Spy())
    return found


@names
@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16], ids=str
)
@pytest.mark.parametrize("layout", ["contiguous", "transposed"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_same_bits_as_from_the_general_code(
    answers: Answers, name: str, dtype: torch.dtype, layout: str, reduction: str
) -> None:
    x, y = DIRECT[name]()
    x = x.to(dtype)
    y = y.to(dtype) if y.is_floating_point() else y
    if layout == "transposed":
        x = x.mT.contiguous().mT if x.ndim == 3 else x.T.contiguous().T
    results = []
    for ordinary in (True, False):
        leaf = x.clone().requires_grad_()
        options = {} if ordinary else {"mask": torch.ones((), dtype=torch.bool)}
        loss = getattr(FL, name.split()[0])(leaf, y, reduction=reduction, **options)
        assert is_fused(loss)
        loss.backward()
        assert leaf.grad is not None
        assert leaf.grad.stride() == torch.empty_like(leaf).stride()
        with torch.no_grad():
            results.append(
                (loss, leaf.grad, getattr(FL, name.split()[0])(leaf, y, reduction=reduction))
            )
    assert [answer is None for answer in answers] == [False, False, False]
    for first, second in zip(*results, strict=True):
        assert first.dtype is second.dtype
        assert torch.equal(first, second)


@names
def test_what_is_special_is_left_to_the_general_code(answers: Answers, name: str) -> None:
    function, (x, y) = getattr(FL, name.split()[0]), DIRECT[name]()
    x.requires_grad_()
    for other in (x.as_subclass(torch.nn.Buffer), torch._neg_view(-x)):
        function(other, y)
    function(x, y, reduction="none")
    large = x.detach().repeat(30_000, *[1] * (x.ndim - 1))
    function(large.requires_grad_(), y.repeat(30_000, *[1] * (y.ndim - 1)))
    assert answers == [None] * len(answers)
    kinds = len(answers)
    function(x, y, mask=torch.ones((), dtype=torch.bool))
    function(x, y, sample_weight=torch.ones(()))
    function(x, y, denominator=3.0)
    assert len(answers) == kinds


def test_targets_that_autograd_records_or_that_widen(answers: Answers) -> None:
    x, y = torch.randn(5, requires_grad=True), torch.randn(5, requires_grad=True)
    (gradient,) = torch.autograd.grad(FL.mse_loss(x, y), y)
    torch.testing.assert_close(gradient, 2 * (y - x).detach() / 5)
    assert FL.mse_loss(x, y.detach().double()).dtype is torch.float64
    with pytest.warns(UserWarning, match="different to the input size"):
        FL.mse_loss(x, torch.zeros(1))
    torch.testing.assert_close(FL.huber_loss(x, y.detach(), delta=1), F.huber_loss(x, y.detach()))
    assert answers == [None] * 4


def test_errors_are_those_of_the_general_code(answers: Answers) -> None:
    x, y = torch.randn(3, 4, requires_grad=True), torch.tensor([0, 4, 1])
    with pytest.raises(LabelError, match="target has label 4 in row 1"):
        FL.cross_entropy(x, y)
    with pytest.raises(TypeError, match="target has dtype"):
        FL.cross_entropy(x, y.bool())
    with pytest.raises(LabelError, match="target has label 4 in row 1"):
        FL.nll_loss(x, y)
    with pytest.raises(ValueError, match="ignore_index is for class indices, got 2"):
        FL.cross_entropy(x, torch.rand(3, 4), ignore_index=2)
    with pytest.raises(TypeError, match="holds class probabilities and must be floating point"):
        FL.cross_entropy(x, torch.ones(3, 4, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"target must hold class indices of shape \(3,\)"):
        FL.nll_loss(x, torch.rand(3, 4))
    with pytest.raises(ValueError, match=r"input must have shape \(N, C\) and target \(N,\)"):
        FL.multi_margin_loss(torch.randn(3, 4, 2), torch.zeros(3, 2, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"input must be in \[0, 1\], got 2.0 at \(0, 1\)"):
        FL.binary_cross_entropy(torch.tensor([[0.5, 2.0]]), torch.ones(1, 2))
    with pytest.raises(ValueError, match=r"target must be in \[0, 1\], got -1.0 at \(0,\)"):
        FL.binary_cross_entropy(torch.tensor([0.5]), -torch.ones(1))
    with pytest.raises(ValueError, match="delta must be finite and > 0"):
        FL.huber_loss(x, x.detach(), delta=-1.0)
    with pytest.raises(ValueError, match="reduction must be"):
        FL.mse_loss(x, x.detach(), reduction="average")
    with pytest.raises(ValueError, match="reduction must be"):
        FL.mse_loss(x, x.detach(), reduction=[])  # type: ignore[arg-type]
    assert answers == [None] * len(answers)


def test_an_error_of_a_hook_ends_the_call(answers: Answers) -> None:
    def refuse(_: Tensor) -> Tensor:
        calls.append(1)
        raise RuntimeError("not to be saved")

    calls: list[int] = []
    x, y = torch.randn(3, requires_grad=True), torch.randn(3)
    with (
        torch.autograd.graph.saved_tensors_hooks(refuse, lambda tensor: tensor),
        pytest.raises(RuntimeError, match="not to be saved"),
    ):
        FL.mse_loss(x, y)
    assert len(calls) == len(answers) == 1


@pytest.mark.parametrize("upstream", [2.0, -1.0, float("nan")])
def test_only_a_one_hands_the_gradient_out(upstream: float) -> None:
    x, y = torch.randn(5, requires_grad=True), torch.randn(5)
    (one,) = torch.autograd.grad(FL.mse_loss(x, y), x)
    (other,) = torch.autograd.grad(FL.mse_loss(x, y), x, torch.tensor(upstream))
    torch.testing.assert_close(other, upstream * one, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
def test_a_graph_that_is_kept_keeps_its_gradient(dtype: torch.dtype) -> None:
    x, y = torch.randn(5, requires_grad=True), torch.randn(5)
    loss = FL.mse_loss(x.to(dtype), y.to(dtype))
    for upstream in (1.0, 2.0, 0.5):
        (first,) = torch.autograd.grad(loss, x, torch.tensor(upstream), retain_graph=True)
        first.zero_()
    (last,) = torch.autograd.grad(loss, x, torch.tensor(2.0))
    expected = 4 * (x.detach().to(dtype) - y.to(dtype)).float() / 5
    torch.testing.assert_close(last, expected, rtol=1e-3, atol=1e-4)


def test_predictions_that_were_overwritten_are_not_scaled() -> None:
    x, y = torch.randn(5), torch.randn(5)
    leaf = x.clone().requires_grad_()
    over = leaf.clone()
    loss = FL.mse_loss(over, y, inplace=True)
    seen = over.detach().clone()
    loss.backward(torch.tensor(3.0))
    torch.testing.assert_close(seen, 2 * (x - y) / 5)
    assert torch.equal(over.detach(), seen)
    torch.testing.assert_close(leaf.grad, 3 * seen)


def test_what_flows_in_last() -> None:
    one = torch.ones(())

    class Look(torch.autograd.Function):
        @staticmethod
        def forward(_: Any, x: Tensor) -> Tensor:
            return x.sum()

        @staticmethod
        def backward(_: Any, upstream: Tensor) -> Tensor:
            found.append(
                [
                    _core.last_upstream(each)
                    for each in (one, one.double(), one.bfloat16(), -2 * one, torch.ones(1))
                ]
                + [_core.last_upstream(torch._neg_view(each)) for each in (one, -one)]
                + [_core.last_upstream(torch.ones((), device="meta"))]
            )
            return upstream.expand(3)

    found: list[list[float | None]] = []
    x = torch.randn(3, requires_grad=True)
    Look.apply(x).backward()
    Look.apply(x).backward(retain_graph=True)
    torch.autograd.grad(Look.apply(x), x, create_graph=True)
    assert found == [[1.0, 1.0, 1.0, -2.0] + [None] * 4, [None] * 8, [None] * 8]
    assert _core.last_upstream(one) is None  # recording
