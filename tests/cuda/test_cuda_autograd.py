"""What becomes of gradients on a GPU: nobody looks at what flows into a loss."""

import pytest
import torch
from cuda_support import Gpu, only_kernels
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

import fusedloss.torch.functional as FL
from fusedloss.torch import _cuda

DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def logits(gpu: Gpu, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    x, y = gpu.put(torch.randn(6, 40, dtype=dtype)), gpu.put(torch.randint(0, 40, (6,)))
    return x.requires_grad_(), y


def expected_gradient(x: Tensor, y: Tensor, factor: float) -> Tensor:
    wide = x.detach().double().requires_grad_()
    (torch.nn.functional.cross_entropy(wide, y) * factor).backward()
    assert wide.grad is not None
    return wide.grad.to(x.dtype)


def assert_gradient(x: Tensor, expected: Tensor) -> None:
    assert x.grad is not None
    units = 4 * torch.finfo(x.dtype).eps
    tiny = 64 * torch.finfo(torch.promote_types(x.dtype, torch.float32)).eps
    torch.testing.assert_close(x.grad, expected, rtol=units, atol=max(tiny, 1e-7))


@each_dtype
@pytest.mark.parametrize("factor", [1.0, 3.0, 0.0, 1024.0])
def test_what_flows_in_is_applied(gpu: Gpu, dtype: torch.dtype, factor: float) -> None:
    x, y = logits(gpu, dtype)
    with only_kernels():
        (FL.cross_entropy(x, y) * factor).backward()
    assert_gradient(x, expected_gradient(x, y, factor))


@each_dtype
def test_a_graph_that_is_kept_can_be_differentiated_again(gpu: Gpu, dtype: torch.dtype) -> None:
    x, y = logits(gpu, dtype)
    loss = FL.cross_entropy(x, y)
    for factor in (0.0, 2.0, 0.5, 1.0):  # after 0 the gradient must still be known
        x.grad = None
        with only_kernels():
            loss.backward(gpu.put(torch.tensor(factor, dtype=loss.dtype)), retain_graph=True)
        assert_gradient(x, expected_gradient(x, y, factor))
    x.grad = None
    (loss * 3).backward()
    assert_gradient(x, expected_gradient(x, y, 3.0))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        loss.backward()


def test_what_flows_in_negated(gpu: Gpu) -> None:
    x, y = logits(gpu)
    loss = FL.cross_entropy(x, y)
    (torch.complex(torch.zeros_like(loss), loss).conj() * (3 + 2j)).real.backward()
    assert_gradient(x, expected_gradient(x, y, 2.0))


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_what_flows_in_is_known_to_be_zero(gpu: Gpu, reduction: str) -> None:
    x, y = logits(gpu)
    loss = FL.cross_entropy(x, y, reduction=reduction)
    loss.backward(torch._efficientzerotensor(loss.shape, device=loss.device))
    assert x.grad is not None
    assert (x.grad == 0).all()


def test_predictions_overwritten_twice_are_known_to_have_changed(gpu: Gpu) -> None:
    x, y = logits(gpu)
    over = x.clone()
    loss = FL.cross_entropy(over, y, inplace=True)
    leaf = gpu.put(torch.randn(6, 40)).requires_grad_()
    saved = (leaf * over.detach()).sum()
    loss.backward(gpu.put(torch.tensor(3.0)))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        saved.backward()


def test_gradients_of_a_kept_graph_do_not_share_memory(gpu: Gpu) -> None:
    x, y = logits(gpu)
    loss = FL.cross_entropy(x, y)
    (first,) = torch.autograd.grad(loss, x, retain_graph=True)
    before = first.clone()
    first.zero_()  # who receives a gradient may change it
    (second,) = torch.autograd.grad(loss, x)
    assert torch.equal(second, before)


@pytest.mark.parametrize("captures", [(0, 0), (7, 7), (7, 8), (7, 0)])
def test_the_graph_that_ends_gives_its_own_gradient_away(
    gpu: Gpu, monkeypatch: pytest.MonkeyPatch, captures: tuple[int, int]
) -> None:
    x, y = logits(gpu)
    found = []

    def pack(tensor: Tensor) -> Tensor:
        found.append(tensor.data_ptr())
        return tensor

    of_forward, of_backward = captures
    monkeypatch.setattr(_cuda, "capture_of", lambda _: of_forward)
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = FL.cross_entropy(x, y)
    monkeypatch.setattr(_cuda, "capture_of", lambda _: of_backward)
    (gradient,) = torch.autograd.grad(loss * 2, x)
    # Captured apart from its forward, a backward may be replayed more often.
    assert (gradient.data_ptr() == found[0]) == (of_forward == of_backward)


def test_second_derivatives(gpu: Gpu) -> None:
    x = gpu.put(torch.randn(2, 5, dtype=torch.float64)).requires_grad_()
    y = gpu.put(torch.tensor([4, 0]))

    def loss(values: Tensor) -> Tensor:
        return FL.cross_entropy(values, y)

    torch.autograd.gradcheck(loss, x)
    torch.autograd.gradgradcheck(loss, x)


def test_losses_of_rows(gpu: Gpu) -> None:
    x, y = logits(gpu)
    upstream = gpu.put(torch.tensor([1.0, 0.0, 2.0, -1.0, 0.5, 0.0]))
    with only_kernels():
        FL.cross_entropy(x, y, reduction="none").backward(upstream)
    wide = x.detach().double().requires_grad_()
    torch.nn.functional.cross_entropy(wide, y, reduction="none").backward(upstream.double())
    assert wide.grad is not None
    assert_gradient(x, wide.grad.float())


@each_dtype
@pytest.mark.parametrize("factor", [1.0, 4.0])
def test_in_place(gpu: Gpu, dtype: torch.dtype, factor: float) -> None:
    x, y = logits(gpu, dtype)
    expected = expected_gradient(x, y, factor)
    predictions = x * 1
    with only_kernels():
        loss = FL.cross_entropy(predictions, y, inplace=True) * factor
        loss.backward()
    assert_gradient(x, expected)


def test_in_place_twice(gpu: Gpu) -> None:
    x, y = logits(gpu)
    predictions = x * 1
    loss = FL.cross_entropy(predictions, y, inplace=True)
    for factor in (2.0, 3.0):
        x.grad = None
        (loss * factor).backward(retain_graph=True)
        assert_gradient(x, expected_gradient(x, y, factor))


def test_in_place_notices_who_needs_the_predictions(gpu: Gpu) -> None:
    x, y = logits(gpu)
    predictions = x * 1
    square = predictions.square().sum()
    loss = FL.cross_entropy(predictions, y, inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        (loss + square).backward()


def test_in_place_refuses_shared_memory(gpu: Gpu) -> None:
    x = gpu.put(torch.randn(6, 40)).requires_grad_()
    predictions = x * 1
    with pytest.raises(ValueError, match="target must not share memory with input"):
        FL.mse_loss(predictions, predictions.detach(), inplace=True)


def test_joint_losses(gpu: Gpu) -> None:
    x, var, y = (gpu.put(torch.rand(4, 5) + 0.5) for _ in range(3))
    x.requires_grad_()
    var.requires_grad_()
    with only_kernels():
        (FL.gaussian_nll_loss(x, y, var) * 2).backward()
    a, b = (t.detach().double().requires_grad_() for t in (x, var))
    (torch.nn.functional.gaussian_nll_loss(a, y.double(), b) * 2).backward()
    assert a.grad is not None
    assert b.grad is not None
    assert_gradient(x, a.grad.float())
    assert_gradient(var, b.grad.float())


def test_checkpoints(gpu: Gpu) -> None:
    x, y = logits(gpu)
    checkpoint(FL.cross_entropy, x, y, use_reentrant=False).backward()
    assert_gradient(x, expected_gradient(x, y, 1.0))


def test_functional_transforms(gpu: Gpu) -> None:
    x, y = logits(gpu, torch.float64)
    found = torch.func.grad(lambda values: FL.cross_entropy(values, y))(x.detach())
    torch.testing.assert_close(found, expected_gradient(x, y, 1.0))


def test_one_gradient_beside_the_logits() -> None:
    if not torch.cuda.is_available():
        pytest.skip("counts the memory of a GPU")
    x = torch.randn(4096, 8192, dtype=torch.bfloat16, device="cuda", requires_grad=True)
    y = torch.randint(0, 8192, (4096,), device="cuda")
    (FL.cross_entropy(x, y) * 2).backward()  # what torch allocates on its first use
    x.grad = None
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    (FL.cross_entropy(x, y) * 2).backward()
    most = torch.cuda.max_memory_allocated() - before
    assert most < x.nbytes + (1 << 20)
