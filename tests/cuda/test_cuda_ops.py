"""The registered operations on a GPU, and graphs that hold them."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from cuda_support import Gpu, only_kernels
from torch import Tensor
from torch_samples import ALL, recorded, value_and_gradients

import fusedloss.torch.functional as FL
from fusedloss import _core
from fusedloss.torch import _cuda

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*mean:UserWarning")
each = pytest.mark.parametrize("name", ALL)


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@each
def test_compiled(gpu: Gpu, name: str) -> None:
    function, arguments = ALL[name]
    given = gpu.put_all(arguments())
    found = value_and_gradients(
        torch.compile(function, backend="aot_eager", fullgraph=True), recorded(given)
    )
    expected = value_and_gradients(function, recorded(given))
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)


def test_a_graph_holds_one_operation_and_no_look(gpu: Gpu) -> None:
    x = gpu.put(torch.randn(6, 40)).requires_grad_()
    y = gpu.put(torch.randint(0, 40, (6,)))
    compiled: Any = torch.compile(FL.cross_entropy, backend="aot_eager", fullgraph=True)
    compiled(x, y)
    with only_kernels():
        (compiled(x, y) * 3).backward()
    wide = x.detach().double().requires_grad_()
    (torch.nn.functional.cross_entropy(wide, y) * 3).backward()
    assert x.grad is not None
    assert wide.grad is not None
    torch.testing.assert_close(x.grad, wide.grad.float())


def test_without_kernels_the_formula_computes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = torch.randn(6, 5, dtype=torch.float64), torch.randint(0, 5, (6,))
    operation = torch.ops.fusedloss.categorical_crossentropy_from_logits

    def evaluate() -> list[Tensor]:
        leaf = x.clone().requires_grad_()
        loss = operation(y, leaf)
        (gradient,) = torch.autograd.grad(loss * 3, leaf, create_graph=True)
        (second,) = torch.autograd.grad(gradient.square().sum(), leaf)
        with torch.inference_mode():
            return [operation(y, x), loss.detach(), gradient.detach(), second]

    expected = evaluate()
    monkeypatch.setattr(_cuda, "on_gpu", lambda _: True)
    monkeypatch.setattr(_core, "cuda_problem", lambda: "there is none")
    monkeypatch.setattr(_cuda, "_told", False)
    with pytest.warns(RuntimeWarning, match="plain torch.*there is none"):
        found = evaluate()
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_operations_pass_the_checks_of_torch(gpu: Gpu, reduction: str) -> None:
    x = gpu.put(torch.randn(6, 5)).requires_grad_()
    y = gpu.put(torch.randint(0, 5, (6,)))
    torch.library.opcheck(
        torch.ops.fusedloss.categorical_crossentropy_from_logits.default,
        (y, x),
        {"reduction": reduction},
    )


def test_a_captured_graph_can_be_replayed() -> None:
    if not torch.cuda.is_available():
        pytest.skip("captures what a GPU does")
    x = torch.randn(64, 1000, device="cuda", requires_grad=True)
    y = torch.randint(0, 1000, (64,), device="cuda")

    def step() -> Tensor:
        loss = FL.cross_entropy(x, y, ignore_index=3)
        (x.grad,) = torch.autograd.grad(loss * 2, x)
        return loss

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()
    with torch.no_grad():
        x.copy_(torch.randn(64, 1000))
        y.copy_(torch.randint(0, 1000, (64,)))
    graph.replay()
    assert x.grad is not None
    wide = x.detach().double().requires_grad_()
    expected = torch.nn.functional.cross_entropy(wide, y, ignore_index=3)
    (expected * 2).backward()
    assert wide.grad is not None
    torch.testing.assert_close(loss.double(), expected, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(x.grad.double(), wide.grad, rtol=1e-5, atol=1e-7)


def test_a_first_call_can_be_captured() -> None:
    if not torch.cuda.is_available():
        pytest.skip("captures what a GPU does")
    code = """if True:
        import torch, fusedloss.torch.functional as FL
        x = torch.randn(64, 1000, device="cuda")
        y = torch.randint(0, 1000, (64,), device="cuda")
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            loss = FL.cross_entropy(x, y)
        graph.replay()
        torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(x, y))
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_another_stream_is_respected() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs the streams of a GPU")
    x = torch.randn(512, 4096, device="cuda")
    y = torch.randint(0, 4096, (512,), device="cuda")
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)  # what the loss must wait for
        scaled = x * 2
        loss = FL.cross_entropy(scaled, y)
    torch.cuda.synchronize()
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(x * 2, y))
