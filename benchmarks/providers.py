"""Who is measured: one call of each computes the loss and its gradient, outputs allocated."""

import mmap
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from cases import Case, NumpyLoss, TorchLoss
from results import COMPILED, COPY, COPY_FRESH, EAGER, FORMULA, OURS, OURS_NUMPY

Call = Callable[[], Any]

# Below this the time of a copy is that of the call, and no bandwidth.
_COPIED_BYTES = 1 << 20
# What two libraries may differ by, as a share of the largest value: a mistake is larger by far.
_TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 5e-2}


def providers(case: Case, y_pred: Tensor, y_true: Tensor, with_compiler: bool) -> dict[str, Call]:
    """A call for each provider, warm, with its result checked against that of the others."""
    calls = {
        OURS: _torch_call(case.loss.ours, y_pred, y_true),
        EAGER: _torch_call(case.loss.theirs, y_pred, y_true),
    }
    if with_compiler:
        calls[COMPILED] = _torch_call(compiled(case.loss.theirs), y_pred, y_true)
    if case.dtype is torch.float32:  # NumPy has no bfloat16 of its own
        for name, loss in ((OURS_NUMPY, case.loss.ours_numpy), (FORMULA, case.loss.formula)):
            if loss is not None:
                calls[name] = _numpy_call(loss, y_pred, y_true)
    expected = calls[EAGER]()
    for name, call in calls.items():
        _check(f"{case}: {name}", call(), expected, _TOLERANCE[case.dtype])
    return calls


def copies(like: Tensor) -> dict[str, Call]:
    """The bound: a plain copy of the predictions by torch's threads, if they are large."""
    if like.nbytes < _COPIED_BYTES:
        return {}
    source = like.detach().reshape(-1)
    target = torch.zeros_like(source)

    def copy_to_fresh_memory() -> Tensor:
        # Anonymous pages, as malloc takes them for large arrays; given back after the call.
        memory = mmap.mmap(-1, source.nbytes)
        return torch.frombuffer(memory, dtype=source.dtype).copy_(source)

    return {COPY: lambda: target.copy_(source), COPY_FRESH: copy_to_fresh_memory}


def compiled(loss: TorchLoss) -> TorchLoss:
    """`loss` by torch.compile for one shape, with nothing kept of the last one."""
    torch._dynamo.reset()

    def call(y_pred: Tensor, y_true: Tensor) -> Tensor:
        return loss(y_pred, y_true)

    result: TorchLoss = torch.compile(call, fullgraph=True, dynamic=False)
    return result


def why_not_compile() -> str | None:
    """What keeps torch.compile from working here: mostly, no C++ compiler."""
    try:
        compiled(lambda a, b: (a * b).sum())(torch.ones(2), torch.ones(2))
    except Exception as error:  # whatever it is, the other providers can be measured
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return None


def _torch_call(loss: TorchLoss, y_pred: Tensor, y_true: Tensor) -> Call:
    def call() -> tuple[Tensor, Tensor | None]:
        value = loss(y_pred, y_true)
        value.backward()  # type: ignore[no-untyped-call]
        # Cleared here, so that each provider pays for freeing its own gradient.
        gradient, y_pred.grad = y_pred.grad, None
        return value.detach(), gradient

    return call


def _numpy_call(loss: NumpyLoss, y_pred: Tensor, y_true: Tensor) -> Call:
    arrays = y_true.numpy(), y_pred.detach().numpy()
    return lambda: loss(*arrays)


def _check(name: str, result: Any, expected: Any, tolerance: float) -> None:
    """The same loss, or the times could not be compared."""
    for what, got, wanted in zip(("value", "gradient"), result, expected, strict=True):
        a, b = torch.as_tensor(got).float(), torch.as_tensor(wanted).float()
        error, largest = (a - b).abs().max().item(), b.abs().max().item()
        if not error <= tolerance * largest:
            raise AssertionError(f"{name}: {what} differs by {error:.3g}, largest {largest:.3g}")
