"""Unmodified code under `patch`: it computes our losses, and torch is left as it was."""

import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_samples import SAMPLES, recorded
from torch_support import is_fused

import fusedloss.torch as flt
import fusedloss.torch.functional as FL
from fusedloss.torch import patch

SHARED = [name for name in FL.__all__ if hasattr(F, name)]
TORCH = {name: getattr(F, name) for name in SHARED}


@pytest.fixture(autouse=True)
def _unpatched() -> Iterator[None]:
    torch.manual_seed(0)
    assert not is_patched()
    yield
    for name, function in TORCH.items():
        assert getattr(F, name) is function


def is_patched() -> bool:
    ours = {getattr(F, name) is getattr(FL, name) for name in SHARED}
    assert len(ours) == 1  # all or nothing
    return ours.pop()


# Ways to apply it, and to undo it.


def test_context() -> None:
    with patch():
        assert is_patched()


def test_context_left_by_an_exception() -> None:
    with pytest.raises(KeyError), patch():
        raise KeyError


def test_decorator() -> None:
    @patch()
    def nested(depth: int) -> bool:
        return is_patched() and (depth == 0 or nested(depth - 1))

    assert not is_patched()
    assert nested(2)


def test_until_undone() -> None:
    patched = patch().apply()
    assert is_patched()
    patched.undo()
    assert not is_patched()
    with pytest.raises(RuntimeError, match="nothing to undo"):
        patched.undo()


def test_nested_in_any_order() -> None:
    with patch():
        with patch():
            pass
        assert is_patched()
    first, second = patch().apply(), patch().apply()
    first.undo()
    assert is_patched()
    with pytest.raises(RuntimeError, match="nothing to undo"):
        first.undo()
    assert is_patched()
    second.undo()


# What it reaches.


def test_every_loss_of_torch_that_is_also_ours() -> None:
    losses = [name for name in vars(F) if name.endswith(("_loss", "entropy", "_div", "_logits"))]
    lacking = {"ctc_loss", "linear_cross_entropy"}  # the second is left to call the patched one
    assert {n for n in losses if inspect.isfunction(getattr(F, n)) and n[0] != "_"} == (
        set(SHARED) | (lacking & set(losses))
    )


@pytest.mark.parametrize("name", SHARED)
def test_functions(name: str) -> None:
    signature = inspect.signature(TORCH[name]).parameters
    arguments = {k: v for k, v in recorded(SAMPLES[name]()).items() if k in signature}
    expected = TORCH[name](**arguments)
    with patch():
        loss = getattr(F, name)(**arguments)
    assert is_fused(loss)
    torch.testing.assert_close(loss, expected)


MODULES = [name for name in flt.modules.__all__ if hasattr(nn, name)]


@pytest.mark.parametrize("name", MODULES)
def test_modules_also_those_that_exist(name: str) -> None:
    before = getattr(nn, name)()
    with patch():
        for criterion in (before, getattr(nn, name)()):
            assert type(criterion) is getattr(nn, name)
            assert calls_ours(criterion)
        assert type(pickle.loads(pickle.dumps(before))) is type(before)
        assert isinstance(getattr(flt, name)(), getattr(nn, name))


def calls_ours(criterion: nn.Module) -> bool:
    name = type(criterion).__name__
    lowered = FORWARD.get(name, name).lower()
    function = next(n for n in SHARED if n.replace("_", "") == lowered)
    called = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(F, function, lambda *_, **__: called.append(function))
        count = len(inspect.signature(criterion.forward).parameters)
        criterion(*[torch.ones(2, 2)] * count)
    return called == [function]


FORWARD = {
    "BCELoss": "binarycrossentropy",
    "BCEWithLogitsLoss": "binarycrossentropywithlogits",
    "CrossEntropyLoss": "crossentropy",
    "KLDivLoss": "kldiv",
}


def test_losses_of_torch_that_are_not_ours() -> None:
    log_probs = torch.randn(10, 2, 5).log_softmax(-1)
    targets, lengths = torch.randint(1, 5, (2, 3)), torch.tensor([10, 10])
    arguments = log_probs, targets, lengths, torch.tensor([3, 3])
    expected = F.ctc_loss(*arguments)
    with patch():
        torch.testing.assert_close(F.ctc_loss(*arguments), expected)


# What our losses do where the kernels do not serve is still torch's.


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.filterwarnings("ignore")
def test_formulas_do_not_call_themselves(name: str) -> None:
    arguments = SAMPLES[name]()
    first = next(iter(arguments))
    x = arguments.pop(first)

    def gradient(function: Callable[..., Tensor]) -> Tensor:
        return torch.func.grad(lambda x: function(**{first: x}, **arguments).sum())(x)

    expected = gradient(getattr(FL, name))
    with patch():
        torch.testing.assert_close(gradient(getattr(F, name)), expected)
        leaf = x.clone().requires_grad_()
        loss = getattr(F, name)(**{first: leaf}, **arguments)
        torch.autograd.grad(loss, leaf, create_graph=True)


# A training loop that knows nothing of it.


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
        self.criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        logits = self.layers(x)
        return self.criterion(logits, y) + 0.01 * F.mse_loss(logits, torch.zeros_like(logits))


def train(**compiler: Any) -> list[float]:
    torch.manual_seed(0)
    model = Model()
    step = torch.compile(model, fullgraph=True, **compiler) if compiler else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(5):
        x = torch.randn(32, 8)
        loss = step(x, x[:, :4].argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_graphs_compiled_in_a_fresh_process() -> None:
    code = (
        "import torch, torch.nn.functional as F\n"
        "from fusedloss.torch import patch\n"
        "seen = []\n"
        "def backend(graph, _):\n"
        "    seen.append(graph.code)\n"
        "    return graph\n"
        "criterion = torch.nn.CrossEntropyLoss()\n"
        "x, y = torch.randn(6, 4), torch.arange(6) % 4\n"
        "with patch():\n"
        "    loss = torch.compile(criterion, backend=backend, fullgraph=True)(x, y)\n"
        "torch.testing.assert_close(loss, criterion(x, y))\n"
        "assert 'fusedloss' in seen[0], seen\n"
        "torch.compiler.reset()\n"
        "torch.compile(criterion, backend=backend, fullgraph=True)(x, y)\n"
        "assert 'fusedloss' not in seen[1], seen\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", [None, "aot_eager", "inductor"])
def test_training(backend: str | None) -> None:
    compiler = {} if backend is None else {"backend": backend}
    torch.compiler.reset()
    expected = train()
    with patch():
        assert train(**compiler) == pytest.approx(expected, rel=1e-5)
    torch.compiler.reset()
    assert train(**compiler) == pytest.approx(expected, rel=1e-5)
    torch.compiler.reset()
