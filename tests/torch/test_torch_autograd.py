"""The fast path: when gradients are computed, handed out, kept, scaled and freed."""

import subprocess
import sys
import threading
import weakref
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_support import assert_gradient, is_fused, leaf

import fusedloss.torch.functional as FL
from fusedloss import _core
from fusedloss.torch import _autograd, _calls, _memory, _plain


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def never_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails the test if the kernels are not used."""

    def refuse(*_: Any, **__: Any) -> Tensor:
        pytest.fail("computed in plain torch")

    monkeypatch.setattr(_plain, "compute", refuse)
    for name in ("mse_loss", "cross_entropy"):
        monkeypatch.setattr(F, name, refuse)


# What is computed when.


@pytest.mark.usefixtures("never_plain")
def test_the_gradient_is_computed_only_if_somebody_can_ask_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = []
    compute = _core.compute

    class Spy:
        def __getattr__(self, name: str) -> Any:
            return getattr(_core, name)

        @staticmethod
        def compute(*args: Any) -> float:
            wanted.append(args[13] is not None)
            return compute(*args)

        @staticmethod
        def torch_loss(*_: Any) -> None:  # which has no outputs to look at
            return None

    monkeypatch.setattr(_autograd, "_core", Spy())
    monkeypatch.setattr(_calls, "_core", Spy())
    x, y = leaf(5), torch.randn(5)
    FL.mse_loss(x.detach(), y)
    with torch.no_grad():
        FL.mse_loss(x, y)
    with torch.inference_mode():
        FL.mse_loss(x, y)
    assert wanted == [False] * 3
    FL.mse_loss(x, y).backward()
    assert wanted == [False] * 3 + [True]
    FL.mse_loss(x, y, reduction="none").sum().backward()
    assert wanted == [False] * 3 + [True, False, True]


@pytest.mark.usefixtures("never_plain")
def test_a_target_that_requires_grad_is_a_constant_while_nothing_is_recorded() -> None:
    x, y = leaf(5), leaf(5)
    with torch.no_grad():
        loss = FL.mse_loss(x, y)
    assert not loss.requires_grad


def test_parameters_are_ordinary_tensors() -> None:
    x = torch.nn.Parameter(torch.randn(5))
    loss = FL.mse_loss(x, torch.randn(5))
    assert is_fused(loss)
    loss.backward()
    assert type(x.grad) is Tensor


# What is handed out.


def test_repeated_backwards_and_a_user_who_changes_the_gradient() -> None:
    x, y = leaf(5), torch.randn(5)
    expected = 2 * (x.detach() - y) / 5
    loss = FL.mse_loss(x, y)
    for _ in range(3):
        (gradient,) = torch.autograd.grad(loss, x, retain_graph=True)
        torch.testing.assert_close(gradient, expected)
        gradient.mul_(100)
    (gradient,) = torch.autograd.grad(loss, x)
    torch.testing.assert_close(gradient, expected)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(loss, x)


def test_upstream_gradients_other_than_one() -> None:
    x, y = leaf(5), torch.randn(5)
    expected = 2 * (x.detach() - y) / 5
    loss = FL.mse_loss(x, y)
    for factor in (3.0, -0.5, 0.0, 1.0):
        (gradient,) = torch.autograd.grad(factor * loss, x, retain_graph=True)
        torch.testing.assert_close(gradient, factor * expected)
        gradient.fill_(torch.nan)  # its own memory every time


def test_two_losses_of_one_input_and_one_loss_twice() -> None:
    x, y = leaf(5), torch.randn(5)
    loss = FL.mse_loss(x, y)
    (loss + FL.huber_loss(x, y) + loss).backward()
    with torch.no_grad():
        expected = 4 * (x - y) / 5 + (x - y).clamp(-1, 1) / 5
    assert_gradient(x, expected)


def test_gradients_accumulate() -> None:
    x, y = leaf(5), torch.randn(5)
    loss = FL.mse_loss(x, y)
    loss.backward(retain_graph=True)
    loss.backward()
    FL.mse_loss(x, y).backward()
    assert_gradient(x, 6 * (x.detach() - y) / 5)


def test_hooks_may_change_what_they_are_given() -> None:
    x, y = leaf(5), torch.randn(5)
    x.register_hook(lambda gradient: gradient.mul_(2))
    loss = FL.mse_loss(x, y)
    loss.backward(retain_graph=True)
    loss.backward()
    assert_gradient(x, 8 * (x.detach() - y) / 5)


@pytest.mark.parametrize("size", [7, 600_000], ids=["small", "reused"])
def test_gradients_are_ordinary_tensors(size: int) -> None:
    x, y = leaf(size), torch.randn(size)
    (gradient,) = torch.autograd.grad(FL.mse_loss(x, y, reduction="sum"), x)
    assert type(gradient) is Tensor
    assert not gradient.requires_grad
    assert gradient.is_leaf
    assert not gradient._is_view()
    assert gradient._version == 0
    gradient += 1  # in place, with autograd recording
    gradient.requires_grad_()
    gradient.square().sum().backward()
    x.grad = gradient.detach()
    torch.optim.SGD([x], lr=0.1).step()
    torch.testing.assert_close(gradient.detach(), 2 * (x.detach() + 0.1 * gradient - y) + 1)


def test_a_leaf_keeps_the_very_gradient_the_kernel_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    empty_like = _memory.empty_like

    def remember(tensor: Tensor) -> Tensor:
        written.append(empty_like(tensor))
        return written[-1].detach()  # the memory, without another reference to the tensor

    monkeypatch.setattr(_autograd, "empty_like", remember)
    x = leaf(600_000)
    FL.mse_loss(x, torch.randn(600_000)).backward()
    assert x.grad is not None
    assert [tensor.data_ptr() for tensor in written] == [x.grad.data_ptr()]


def test_memory_is_reused_and_freed_with_the_gradient() -> None:
    _core.release_memory()
    x, y = leaf(600_000), torch.randn(600_000)
    FL.mse_loss(x, y).backward()
    assert x.grad is not None
    address, reserved = x.grad.data_ptr(), _core.reserved_bytes()
    x.grad = None
    assert _core.reserved_bytes() > reserved
    FL.mse_loss(x, y).backward()
    assert x.grad.data_ptr() == address


def test_the_graph_frees_what_it_saved() -> None:
    logits, y = leaf(5) * 1.0, torch.randn(5)
    watched = weakref.ref(logits)
    loss = FL.mse_loss(logits, y)
    del logits
    loss.backward()
    assert watched() is None  # although the loss, and with it the node, is still there
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_interpreter_ends_cleanly_with_gradients_alive() -> None:
    code = (
        "import torch, fusedloss.torch.functional as FL\n"
        "x = torch.randn(600_000, requires_grad=True)\n"
        "FL.mse_loss(x, torch.randn(600_000)).backward()\n"
        "loss = FL.mse_loss(x, torch.randn(600_000))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# float16: the divisor of a mean must not flush the gradient.


def test_float16_gradients_survive_a_large_mean_under_loss_scaling() -> None:
    classes, rows, scale = 1000, 256, 2.0**12
    logits = torch.randn(rows, classes).half().requires_grad_()
    labels = torch.randint(classes, (rows,))
    (FL.cross_entropy(logits, labels) * scale).backward()
    reference = logits.detach().double().requires_grad_()
    (F.cross_entropy(reference, labels) * scale).backward()
    assert logits.grad is not None
    assert reference.grad is not None
    assert logits.grad.dtype is torch.float16
    # Rounded twice: once to float16 by the kernel, once when scaled. Half a unit each.
    torch.testing.assert_close(
        logits.grad.double(), reference.grad, rtol=2 * 2**-11, atol=scale / rows * 2**-24
    )
    assert (logits.grad == 0).float().mean() < 0.01


def test_float16_means_over_nothing_have_gradient_zero() -> None:
    x = leaf(3, 4, dtype=torch.float16)
    loss = FL.cross_entropy(x, torch.full((3,), -100))
    loss.backward()
    assert loss.isnan()
    assert_gradient(x, torch.zeros(3, 4, dtype=torch.float16))


# Threads.


def test_many_threads_at_once() -> None:
    x, y = torch.randn(200_000), torch.randint(10, (20_000,))
    expected = F.cross_entropy(x.view(-1, 10), y)
    results: list[Tensor] = []

    def train() -> None:
        logits = x.view(-1, 10).clone().requires_grad_()
        for _ in range(5):
            loss = FL.cross_entropy(logits, y)
            loss.backward()
        results.append(loss.detach())

    threads = [threading.Thread(target=train) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        torch.testing.assert_close(result, expected)


def test_bits_do_not_depend_on_the_number_of_threads() -> None:
    logits, labels = torch.randn(3000, 300), torch.randint(300, (3000,))
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            x = logits.clone().requires_grad_()
            loss = FL.cross_entropy(x, labels)
            loss.backward()
            results.append((loss.detach(), x.grad))
    finally:
        torch.set_num_threads(threads)
    for loss, gradient in results[1:]:
        assert torch.equal(loss, results[0][0])
        assert torch.equal(gradient, results[0][1])
