"""Tracers, modes and tensors of other kinds: what they see of a loss, and what comes of it."""

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch_samples import ALL, PREDICTIONS, recorded, value_and_gradients
from torch_support import both, with_extras

import fusedloss.torch as flt
import fusedloss.torch.functional as FL
from fusedloss import _core
from fusedloss.torch import _coverage

# torch's own tracers and forward mode use what torch has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


# Compilers and tracers.


@pytest.fixture
def _fresh_compiler() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


@pytest.mark.usefixtures("_fresh_compiler")
@with_extras
@pytest.mark.parametrize("kind", ["mse", "bce", "ce-2d", "softmax-focal-smooth"])
def test_compiled_functions(kind: str, extra: bool) -> None:
    ours, theirs, x, y = both(kind, extra)

    def gradient(loss: Callable[..., Tensor]) -> Tensor:
        leaf = x.clone().requires_grad_()
        (loss(leaf, y) * 3).backward()
        assert leaf.grad is not None
        return leaf.grad

    compiled = torch.compile(ours, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x, y), theirs(x, y))
    torch.testing.assert_close(gradient(compiled), gradient(theirs))


@pytest.mark.usefixtures("_fresh_compiler")
def test_compiled_transforms() -> None:
    x, y = torch.randn(6, 4), torch.randint(4, (6,))

    def gradient(x: Tensor, y: Tensor) -> Tensor:
        return torch.func.grad(FL.cross_entropy)(x, y)

    compiled = torch.compile(gradient, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x, y), torch.func.grad(F.cross_entropy)(x, y))


@pytest.mark.parametrize("strict", [False, True])
def test_exported_modules(strict: bool) -> None:
    class Head(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.criterion = flt.CrossEntropyLoss(label_smoothing=0.1)

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return self.criterion(x, y)

    x, y = torch.randn(6, 4), torch.randint(4, (6,))
    program = torch.export.export(Head(), (x, y), strict=strict)
    other = torch.randn(6, 4)
    torch.testing.assert_close(
        program.module()(other, y), F.cross_entropy(other, y, label_smoothing=0.1)
    )


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")  # torch compares sizes likewise
def test_traced_functions_are_not_constants() -> None:
    x, y, other = torch.randn(5), torch.randn(5), torch.randn(5)
    traced = torch.jit.trace(FL.mse_loss, (x, y))
    torch.testing.assert_close(traced(other, y), F.mse_loss(other, y))


def test_symbolic_traces_keep_the_loss_as_one_node() -> None:
    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.criterion = flt.MSELoss()

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return self.criterion(x, y)

    graph = torch.fx.symbolic_trace(Model())
    assert [n.target for n in graph.graph.nodes if n.op == "call_function"] == [FL.mse_loss]
    x, y = torch.randn(5), torch.randn(5)
    torch.testing.assert_close(graph(x, y), F.mse_loss(x, y))


# Tensors of other kinds, and modes.


class Subclass(Tensor):
    pass


def test_subclasses_stay_subclasses() -> None:
    x, y = torch.randn(5).as_subclass(Subclass), torch.randn(5)
    loss = FL.mse_loss(x, y)
    assert type(loss) is Subclass
    torch.testing.assert_close(loss.as_subclass(Tensor), F.mse_loss(x.as_subclass(Tensor), y))
    assert type(FL.mse_loss(y, y, sample_weight=x)) is Subclass


def test_function_modes_see_the_loss() -> None:
    seen = []

    class Log(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            seen.append(func)
            return func(*args, **(kwargs or {}))

    x, y = torch.randn(5, requires_grad=True), torch.randn(5)
    with Log():
        loss = FL.mse_loss(x, y)
    assert FL.mse_loss in seen
    loss.backward()


def test_dispatch_modes_see_what_is_computed() -> None:
    seen = []

    class Log(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            seen.append(str(func))
            return func(*args, **(kwargs or {}))

    x, y = torch.randn(5, requires_grad=True), torch.randn(5)
    with Log():
        FL.mse_loss(x, y)
    assert "fusedloss.mean_squared_error.default" in seen


@pytest.mark.parametrize("kind", ["mse", "huber", "poisson", "bce", "ce-2d", "ce-prob"])
def test_fake_tensors(kind: str) -> None:
    ours, _, x, y = both(kind, False)
    with FakeTensorMode() as mode:
        loss = ours(mode.from_tensor(x).requires_grad_(), mode.from_tensor(y))
        assert (loss.shape, loss.dtype) == ((), torch.float64)
        loss.backward()


def test_tensors_on_another_device() -> None:
    x, y = torch.randn(6, 4, device="meta"), torch.randint(4, (6,), device="meta")
    assert FL.cross_entropy(x, y).device.type == "meta"
    assert FL.mse_loss(x, x, sample_weight=torch.ones(6, device="meta")).device.type == "meta"
    with pytest.raises(RuntimeError):
        FL.mse_loss(x, torch.randn(6, 4))


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("size", [6, 600_000])
def test_default_devices_and_dtypes_do_not_matter(reduction: str, size: int) -> None:
    x, y = torch.randn(size, requires_grad=True), torch.randn(size)
    expected = F.mse_loss(x, y)
    try:
        torch.set_default_device("meta")
        torch.set_default_dtype(torch.float64)
        loss = FL.mse_loss(x, y, reduction=reduction)
        assert type(loss.grad_fn).__name__.startswith("FusedLoss")
        (gradient,) = torch.autograd.grad(2 * loss.mean(), x)
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
    assert (loss.device.type, loss.dtype) == ("cpu", torch.float32)
    torch.testing.assert_close(loss.mean(), expected)
    torch.testing.assert_close(gradient, 4 * (x.detach() - y) / size)


# Autocast: the loss is computed in float32, which is what autocast asks for.


@pytest.mark.parametrize("name", ["mse_loss", "cross_entropy", "binary_cross_entropy_with_logits"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_autocast(name: str, dtype: torch.dtype) -> None:
    x, weight = torch.randn(6, 8), torch.randn(4, 8)
    y = torch.randint(4, (6,)) if name == "cross_entropy" else torch.rand(6, 4)
    results = []
    for library in (FL, F):
        leaf = weight.clone().requires_grad_()
        with torch.autocast("cpu", dtype=dtype):
            hidden = F.linear(x, leaf)
            assert hidden.dtype is dtype
            loss = getattr(library, name)(hidden, y)
        loss.float().backward()
        results.append((loss.detach().float(), leaf.grad))
    assert loss.dtype is torch.float32 or library is F
    torch.testing.assert_close(results[0][0], results[1][0], rtol=1e-5, atol=1e-6)
    assert results[0][1] is not None
    tolerance = 4 * torch.finfo(dtype).eps
    torch.testing.assert_close(results[0][1], results[1][1], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.filterwarnings("ignore:.*mean:UserWarning")
def test_autocast_computes_in_float32(name: str) -> None:
    function, sample = ALL[name]

    def arguments(dtype: torch.dtype) -> dict[str, Any]:
        return {
            key: value.bfloat16().to(dtype if key in PREDICTIONS else torch.float32)
            if isinstance(value, Tensor) and value.is_floating_point()
            else value
            for key, value in sample().items()
        }

    expected = value_and_gradients(function, recorded(arguments(torch.float32)))
    for dtype, tolerance in ((torch.float32, 1e-6), (torch.bfloat16, 2**-8)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, *gradients = value_and_gradients(function, recorded(arguments(dtype)))
        assert loss.dtype is torch.float32
        assert {gradient.dtype for gradient in gradients} == {dtype}
        torch.testing.assert_close(loss, expected[0])
        for gradient, exact in zip(gradients, expected[1:], strict=True):
            torch.testing.assert_close(gradient.float(), exact, rtol=tolerance, atol=1e-6)


# torch without the private functions that say when a kernel may run.


def executed_again() -> Any:
    """A copy of the module that asks torch, as it is found now."""
    spec = importlib.util.find_spec(_coverage.__name__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_unknown_torch_gets_plain_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch._C, "_are_functorch_transforms_active")
    with pytest.warns(RuntimeWarning, match="does not know torch"):
        unknown = executed_again()
    x = torch.randn(3, requires_grad=True)
    assert not unknown.covers(True, x, x.detach())
    assert unknown.is_observed(x)


def test_an_unknown_graph_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = torch.randn(3, requires_grad=True), torch.randn(3)
    monkeypatch.delattr(torch._C._autograd, "_get_current_graph_task_keep_graph")
    executed_again()  # which tells the core
    try:
        assert _core.last_upstream(torch.ones(())) is None
        FL.mse_loss(x, y).backward()
    finally:
        monkeypatch.undo()
        executed_again()
    torch.testing.assert_close(x.grad, 2 * (x.detach() - y) / 3)
