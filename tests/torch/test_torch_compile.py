"""Compiled and exported losses: one operation each, no graph breaks, the numbers of eager."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils.checkpoint import checkpoint
from torch_samples import ALL, SAMPLES, extras, recorded, value_and_gradients

import fusedloss.torch as flt
import fusedloss.torch.functional as FL
from fusedloss import LabelError

# torch's own tracers use what torch has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*mean:UserWarning")

each = pytest.mark.parametrize("name", ALL)


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    torch.manual_seed(0)
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    return torch.compile(function, **{"backend": "aot_eager", "fullgraph": True, **options})


def operations(function: Callable[..., Any], *arguments: Any, **options: Any) -> list[str]:
    """The operations of this package in the graph of ``function``."""
    found: list[str] = []

    def backend(graph: torch.fx.GraphModule, _: Any) -> torch.fx.GraphModule:
        found.extend(str(node.target) for node in graph.graph.nodes if node.op == "call_function")
        return graph

    torch.compiler.reset()
    torch.compile(function, backend=backend, fullgraph=True)(*arguments, **options)
    return [name for name in found if name.startswith("fusedloss.")]


# All functions and modules.


def test_every_function_is_here() -> None:
    assert set(SAMPLES) == set(FL.__all__)


@each
def test_functions(name: str) -> None:
    function, sample = ALL[name]
    assert len(operations(function, **sample())) == 1
    arguments = recorded(sample())
    # A graph takes seconds to compile, and is made alike for all: they take turns.
    cases = {}, {"reduction": "none"}, extras(function, arguments)
    case = {**arguments, **cases[list(ALL).index(name) % 3]}
    torch.testing.assert_close(
        value_and_gradients(compiled(function), case), value_and_gradients(function, case)
    )


@pytest.mark.parametrize("name", flt.modules.__all__)
def test_modules(name: str) -> None:
    criterion = getattr(flt, name)()
    function = next(n for n in SAMPLES if n.replace("_", "") == FUNCTIONS.get(name, name).lower())
    options = ("weight", "reduction", "log_input", "beta", "delta", "quantile", "full", "gamma")
    options = (*options, "swap", "pos_weight", "label_smoothing", "z_loss", "softcap")
    arguments = [v for n, v in SAMPLES[function]().items() if n not in options]
    torch.testing.assert_close(compiled(criterion)(*arguments), criterion(*arguments))


FUNCTIONS = {
    "BCELoss": "binarycrossentropy",
    "BCEWithLogitsLoss": "binarycrossentropywithlogits",
    "CrossEntropyLoss": "crossentropy",
    "GeneralizedCrossEntropyLoss": "generalizedcrossentropy",
    "KLDivLoss": "kldiv",
    "MultiLabelMarginLoss": "multilabelmarginloss",
}


def test_nothing_breaks_a_graph() -> None:
    def loss(x: Tensor, y: Tensor) -> Tensor:
        return FL.cross_entropy(x * 2, y, label_smoothing=0.1) + FL.mse_loss(x, x.sigmoid())

    explained = torch._dynamo.explain(loss)(torch.randn(6, 4), torch.randint(4, (6,)))
    assert explained.graph_break_count == 0


def test_statistics() -> None:
    x, y = torch.randn(6, 4), torch.randint(4, (6,))

    def evaluate(x: Tensor, y: Tensor) -> Any:
        loss, statistics = FL.cross_entropy(x, y, softcap=3.0, return_statistics=True)
        return loss, tuple(statistics)

    torch.testing.assert_close(compiled(evaluate)(x, y), evaluate(x, y))


# Shapes and numbers that change.


def test_dynamic_shapes_are_compiled_once() -> None:
    counter = CompileCounterWithBackend("aot_eager")
    graph = compiled(FL.cross_entropy, backend=counter, dynamic=True)
    compilations = set()
    for rows in (5, 7, 11):
        x, y = torch.randn(rows, 4, requires_grad=True), torch.randint(4, (rows,))
        graph(x, y).backward()
        (expected,) = torch.autograd.grad(F.cross_entropy(x, y), x)
        torch.testing.assert_close(x.grad, expected)
        compilations.add(counter.frame_count)
    assert len(compilations) == 1


def test_denominators_that_change_are_compiled_once_more() -> None:
    counter = CompileCounterWithBackend("aot_eager")
    graph = compiled(FL.mse_loss, backend=counter)
    x, y = torch.randn(6), torch.randn(6)
    for denominator in (3.0, 4.0, 5.0, 6.0, 7.0):
        expected = F.mse_loss(x, y, reduction="sum") / denominator
        torch.testing.assert_close(graph(x, y, denominator=denominator), expected)
    assert counter.frame_count <= 2  # for a number, and for any number
    for denominator in (3.0, 4.0):
        graph(x, y, denominator=torch.tensor(denominator))
    assert counter.frame_count <= 3


# Inductor.


@pytest.mark.parametrize("name", ["cross_entropy", "gaussian_nll_loss", "mse_loss"])
@pytest.mark.filterwarnings("ignore")
def test_inductor(name: str) -> None:
    function, sample = ALL[name]
    arguments = recorded(sample())

    def step(**arguments: Any) -> Tensor:
        return function(**{k: v * 1.0 if k == "input" else v for k, v in arguments.items()}) * 2

    torch.testing.assert_close(
        value_and_gradients(compiled(step, backend="inductor"), arguments),
        value_and_gradients(step, arguments),
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.filterwarnings("ignore")
def test_training_steps_in_half_precision(dtype: torch.dtype) -> None:
    model = nn.Linear(8, 4)
    x, y = torch.randn(6, 8), torch.randint(4, (6,))

    def step(x: Tensor, y: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=dtype):
            logits = model(x)
            assert logits.dtype is dtype
            return FL.cross_entropy(logits, y)

    results = []
    for function in (step, compiled(step), compiled(step, backend="inductor")):
        model.zero_grad()
        loss = function(x, y)
        assert loss.dtype is torch.float32
        loss.backward()
        assert model.weight.grad is not None
        results.append((loss.detach(), model.weight.grad))
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], rtol=1e-2, atol=1e-3)


def test_graphs_keep_no_gradient_for_the_backward() -> None:
    x, y = torch.randn(6, 4, requires_grad=True), torch.randint(4, (6,))
    saved = []

    def pack(tensor: Tensor) -> Tensor:
        saved.append(tensor.data_ptr())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = compiled(FL.cross_entropy)(x, y)
    loss.backward()
    assert set(saved) <= {x.data_ptr(), y.data_ptr()}


# Errors.


def test_labels_out_of_range_raise_when_the_graph_runs() -> None:
    x, y = torch.randn(6, 4), torch.randint(4, (6,))
    graph = compiled(FL.cross_entropy)
    graph(x, y)
    with pytest.raises(LabelError, match="label 4 in row 2"):
        graph(x, y.index_fill(0, torch.tensor(2), 4))


def test_parameters_out_of_their_domain_raise() -> None:
    with pytest.raises(Exception, match="delta must be"):
        compiled(FL.huber_loss)(torch.randn(3), torch.randn(3), delta=-1.0)


# Transforms inside a compiled function, and derivatives of what the kernels do not differentiate.


@pytest.mark.parametrize("name", ["mse_loss", "cross_entropy-plain", "gaussian_nll_loss"])
def test_transforms(name: str) -> None:
    function, sample = ALL[name]
    arguments = sample()
    x = arguments.pop("input")

    def loss(x: Tensor) -> Tensor:
        return function(x, **arguments)

    for transform in (
        torch.func.grad,
        torch.func.hessian,
        lambda f: lambda x: torch.func.jvp(f, (x,), (torch.ones_like(x),)),
        lambda f: lambda x: torch.vmap(f)(torch.stack([x, x * 2])),
        lambda f: lambda x: torch.vmap(torch.func.grad(f))(torch.stack([x, x * 2])),
    ):
        torch.testing.assert_close(compiled(transform(loss))(x), transform(loss)(x))


def test_targets_and_weights_that_require_grad() -> None:
    x, y, w = (torch.rand(6, 4, requires_grad=True) for _ in range(3))

    def loss(x: Tensor, y: Tensor, w: Tensor) -> Tensor:
        return FL.huber_loss(x, y, sample_weight=w)

    results = [torch.autograd.grad(f(x, y, w), (x, y, w)) for f in (compiled(loss), loss)]
    torch.testing.assert_close(*results)


def test_second_derivatives_of_a_graph_are_refused_by_torch() -> None:
    x, y = torch.randn(3, requires_grad=True), torch.randn(3)
    loss = compiled(FL.mse_loss)(x, y)
    (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
    with pytest.raises(RuntimeError, match="does not currently support double backward"):
        gradient.sum().backward()


# Checkpoints, exports and graphs of torch.fx.


def test_checkpoints() -> None:
    x, y = torch.randn(6, 4, requires_grad=True), torch.randint(4, (6,))

    def loss(x: Tensor, y: Tensor) -> Tensor:
        return checkpoint(lambda x: FL.cross_entropy(x.tanh(), y), x, use_reentrant=False)

    (expected,) = torch.autograd.grad(F.cross_entropy(x.tanh(), y), x)
    for function in (loss, compiled(loss)):
        (gradient,) = torch.autograd.grad(function(x, y), x)
        torch.testing.assert_close(gradient, expected)


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.criterion = flt.CrossEntropyLoss(weight=torch.ones(3), label_smoothing=0.1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.criterion(self.layer(x), y)


@pytest.mark.parametrize("strict", [False, True])
def test_exports(strict: bool, tmp_path: Path) -> None:
    head, x, y = Head(), torch.randn(6, 4), torch.randint(3, (6,))
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(
        head, (x, y), strict=strict, dynamic_shapes=({0: batch}, {0: batch})
    )
    targets = [str(n.target) for n in program.graph.nodes if "fusedloss" in str(n.target)]
    assert targets == ["fusedloss.categorical_crossentropy_from_logits.default"]
    other, labels = torch.randn(9, 4), torch.randint(3, (9,))
    torch.testing.assert_close(program.module()(other, labels), head(other, labels))
    torch.export.save(program, tmp_path / "head.pt2")
    torch.save((other, labels, head(other, labels).detach()), tmp_path / "expected.pt")
    code = (
        "import sys, torch, fusedloss.torch\n"
        "x, y, expected = torch.load(sys.argv[1] + '/expected.pt')\n"
        "head = torch.export.load(sys.argv[1] + '/head.pt2').module()\n"
        "torch.testing.assert_close(head(x, y).detach(), expected)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


@pytest.mark.parametrize("mode", ["real", "fake", "symbolic"])
def test_traced_steps(mode: str) -> None:
    def step(x: Tensor, y: Tensor) -> Tensor:
        return torch.autograd.grad(FL.huber_loss(x, y), x)[0]

    x, y = torch.randn(5, requires_grad=True), torch.randn(5)
    graph = make_fx(step, tracing_mode=mode)(x, y)
    targets = [str(node.target) for node in graph.graph.nodes]
    assert "fusedloss.huber.default" in targets
    assert "fusedloss.huber_backward.default" in targets
    other = torch.randn(5, requires_grad=True)
    torch.testing.assert_close(graph(other, y), step(other, y))
