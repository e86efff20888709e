"""Compare losses of CUDA tensors with those of torch and of other libraries.

    python benchmarks/gpu.py [--save NAME]

One call computes the mean loss and its gradient, outputs allocated. Where it can be captured into a
CUDA graph, the graph is timed: what remains is the work of the GPU. Providers take turns; a sample
is timed by CUDA events. NAME.json and NAME.md receive the results.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import fusedloss.torch.functional as FL
import machine
from fusedloss import _core

Call = Callable[[], Any]
OURS, EAGER, COMPILED, COPY = "fusedloss", "torch eager", "torch.compile", "copy"
ROUNDS, SAMPLE_SECONDS = 15, 0.02


@dataclass(frozen=True)
class Case:
    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    value_only: bool = False

    @property
    def is_row(self) -> bool:
        return len(self.shape) == 2

    @property
    def ours(self) -> Callable[..., Tensor]:
        return FL.cross_entropy if self.is_row else FL.huber_loss

    @property
    def theirs(self) -> Callable[..., Tensor]:
        return F.cross_entropy if self.is_row else F.huber_loss

    def inputs(self) -> tuple[Tensor, Tensor]:
        # A capture that fails leaves torch's own generator unusable.
        generator = torch.Generator("cuda").manual_seed(0)

        def draw() -> Tensor:
            return torch.randn(self.shape, dtype=self.dtype, device="cuda", generator=generator)

        if not self.is_row:
            return draw().requires_grad_(), draw()
        rows, classes = self.shape
        y = torch.randint(classes, (rows,), device="cuda", generator=generator)
        return draw().requires_grad_(not self.value_only), y

    def moved_bytes(self, x: Tensor, y: Tensor) -> int:
        """Inputs are read, a gradient is written."""
        return x.nbytes + y.nbytes + (0 if self.value_only else x.nbytes)


def _crossentropy(rows: int, classes: int, **options: Any) -> Case:
    name = f"cross-entropy, {rows} x {classes}{', value only' if options else ''}"
    return Case(name, (rows, classes), torch.bfloat16, **options)


CASES = [
    _crossentropy(32768, 256),
    _crossentropy(32768, 1024),
    _crossentropy(32768, 4096),
    _crossentropy(32768, 32768),
    _crossentropy(8192, 50257),
    _crossentropy(8192, 128256),
    _crossentropy(8192, 262144),
    _crossentropy(8192, 128256, value_only=True),
    Case("cross-entropy, 1 Mi x 10, float32", (1 << 20, 10), torch.float32),
    Case("Huber, 256 Mi, float32", (1 << 28,), torch.float32),
]


def others() -> dict[str, Callable[..., Tensor]]:
    """Cross-entropies of other libraries, where these are installed."""
    found: dict[str, Callable[..., Tensor]] = {}
    try:
        from liger_kernel.transformers.functional import liger_cross_entropy

        found["Liger"] = liger_cross_entropy
    except ImportError:
        pass
    try:
        from quack import cross_entropy

        found["QuACK"] = lambda x, y: cross_entropy(x, y).mean()
    except ImportError:
        pass
    return found


def step(function: Callable[..., Tensor], x: Tensor, y: Tensor) -> Call:
    """A call for the value, and the gradient if it is wanted."""

    def call() -> tuple[Tensor, ...]:
        loss = function(x, y)
        return (loss, *torch.autograd.grad(loss, x)) if x.requires_grad else (loss,)

    return call


def captured(call: Call) -> tuple[Call, bool]:
    """The call as a graph, if it can be one, and whether it is."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    torch.cuda.set_sync_debug_mode("error")
    try:
        call()
        with torch.cuda.graph(graph):
            call()
    except RuntimeError:  # it waits for the GPU somewhere
        return call, False
    finally:
        torch.cuda.set_sync_debug_mode("default")
        torch.cuda.synchronize()
    return graph.replay, True


def seconds(call: Call, repeats: int) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    for _ in range(repeats):
        call()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / 1e3 / repeats


def measure(case: Case) -> dict[str, Any]:
    """Medians of seconds by provider, and what has to move."""
    torch.compiler.reset()
    x, y = case.inputs()
    functions = {OURS: case.ours, EAGER: case.theirs, COMPILED: torch.compile(case.theirs)}
    rivals = others() if case.is_row and not case.value_only else {}
    source = x.detach()
    target = torch.empty_like(source)
    calls: dict[str, Call] = {COPY: lambda: target.copy_(source)}
    graphs, failed = [], {}
    expected = step(case.theirs, x[:64].detach().float(), y[:64])()[0]
    torch.testing.assert_close(case.ours(x[:64].detach(), y[:64]), expected, rtol=1e-3, atol=1e-3)
    for name, function in (functions | rivals).items():
        # Some write their gradient over the logits.
        own = x.detach().clone().requires_grad_() if name in rivals else x
        try:
            calls[name], is_graph = captured(step(function, own, y))
        except Exception as error:  # of a rival: too little memory, a shape it does not take
            if name == OURS:
                raise
            failed[name] = str(error).partition("\n")[0]
            continue
        if is_graph:
            graphs.append(name)
    repeats = {
        name: max(1, round(SAMPLE_SECONDS / seconds(call, 3))) for name, call in calls.items()
    }
    samples: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    for _ in range(ROUNDS):
        random.shuffle(order)
        for name in order:
            samples[name].append(seconds(calls[name], repeats[name]))
    return {
        "case": case.name,
        "dtype": str(case.dtype).removeprefix("torch."),
        "seconds": {name: median(values) for name, values in samples.items()},
        "graphs": graphs,
        "failed": failed,
        "bytes": case.moved_bytes(x, y),
        "copied bytes": 2 * source.nbytes,
    }


def table(found: list[dict[str, Any]], about: dict[str, Any]) -> str:
    """Microseconds, ratios to ours, and ours as a share of the copy's bandwidth."""
    names = list(dict.fromkeys(name for each in found for name in each["seconds"]))
    rivals = [name for name in names if name not in (OURS, COPY)]
    lines = [
        f"{about['gpu']}, torch {about['torch']} for CUDA {about['cuda']}, {about['commit']}",
        "",
        "| case | us | GB/s | of the copy | " + " | ".join(f"x {name}" for name in rivals) + " |",
        "|---|" + "---:|" * (3 + len(rivals)),
    ]
    for each in found:
        ours, copy = each["seconds"][OURS], each["seconds"][COPY]
        rate = each["bytes"] / ours
        ratios = [each["seconds"].get(name, 0) / ours for name in rivals]
        cells = [
            each["case"],
            f"{ours * 1e6:.1f}",
            f"{rate / 1e9:.0f}",
            f"{rate * copy / each['copied bytes']:.0%}",
            *(f"{ratio:.2f}" if ratio else "-" for ratio in ratios),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def why_not() -> str | None:
    """What there is to say where nothing can be measured."""
    if not torch.cuda.is_available():
        return "torch finds no GPU here, or was built without CUDA"
    problem = _core.cuda_problem()
    return problem and f"fusedloss cannot use the GPU: {problem}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether there is a GPU")
    parser.add_argument("--save", type=Path, metavar="NAME", help="write NAME.json and NAME.md")
    arguments = parser.parse_args()
    if problem := why_not():
        sys.exit(problem)
    if arguments.check:
        return
    properties = torch.cuda.get_device_properties(0)
    about = machine.describe() | {
        "gpu": properties.name,
        "cuda": torch.version.cuda,
        "liger": machine.version_of("liger-kernel"),
        "quack": machine.version_of("quack-kernels"),
        "gpu bytes": properties.total_memory,
    }
    found = []
    for case in CASES:
        elements = torch.Size(case.shape).numel()
        if elements * case.dtype.itemsize * 10 > properties.total_memory:
            print(f"{case.name}: too large for this GPU", file=sys.stderr)
            continue
        found.append(measure(case))
        torch.cuda.empty_cache()
        print(found[-1], file=sys.stderr)
    text = table(found, about)
    print(text)
    if arguments.save:
        arguments.save.parent.mkdir(parents=True, exist_ok=True)
        results = json.dumps({"about": about, "cases": found}, indent=1)
        arguments.save.with_suffix(".json").write_text(results + "\n")
        arguments.save.with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
