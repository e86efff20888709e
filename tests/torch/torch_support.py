"""What the tests of the front end share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
import torch
from torch import Tensor
from torch_cases import CASES
from torch_checks import in_double

from fusedloss import _core
from fusedloss.torch import _autograd, _calls, _joint


@contextmanager
def no_kernels() -> Iterator[None]:
    """Fails a test that runs a kernel."""

    class Guard:
        def __getattr__(self, name: str) -> Any:
            assert name not in ("compute", "scale"), "a kernel was run"
            return getattr(_core, name)

        @staticmethod
        def torch_loss(*args: Any) -> None:
            assert _core.torch_loss(*args) is None, "a kernel was run"

    with (
        mock.patch.object(_autograd, "_core", Guard()),
        mock.patch.object(_calls, "_core", Guard()),
        mock.patch.object(_joint, "_core", Guard()),
    ):
        yield


def is_fused(loss: Tensor) -> bool:
    names = "FusedLoss", "FusedLosses", "JointLoss", "JointLosses"
    return type(loss.grad_fn).__name__ in [f"{name}Backward" for name in names]


def leaf(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, dtype=dtype, requires_grad=True)


def assert_gradient(x: Tensor, expected: Tensor, **tolerance: Any) -> None:
    assert x.grad is not None
    torch.testing.assert_close(x.grad, expected, **tolerance)


WEIGHTS = torch.tensor([1.0, 0.0, 2.0, 0.5, 1.5, 3.0], dtype=torch.float64)
SOME = {  # one of each kind
    case.id: case
    for case in CASES
    if case.id in ("mse", "l1-weight", "huber", "poisson", "bce", "bce-logits-pos-weight", "ce-2d")
    or case.id in ("ce-smooth-weight", "ce-prob", "sigmoid-focal-half", "softmax-focal-smooth")
}


def both(kind: str, extra: bool) -> tuple[Callable[..., Tensor], Callable[..., Tensor], Any, Any]:
    """Our loss and torch's, as functions of predictions and targets, which follow."""
    case = SOME[kind]
    x, y = (t.double() if t.is_floating_point() else t for t in case.inputs())
    options = in_double(case.options)

    def ours(x: Tensor, y: Tensor) -> Tensor:
        if not extra:
            return case.ours(x, y, reduction="sum", **options)
        return case.ours(x, y, reduction="mean", sample_weight=WEIGHTS, denominator=3, **options)

    def theirs(x: Tensor, y: Tensor) -> Tensor:
        if not extra:
            return case.theirs(x, y, reduction="sum", **options)
        losses = case.theirs(x, y, reduction="none", **options)
        return (losses * WEIGHTS.reshape(-1, *[1] * (losses.ndim - 1))).sum() / 3

    return ours, theirs, x, y


with_extras = pytest.mark.parametrize("extra", [False, True], ids=["plain", "extras"])
each = pytest.mark.parametrize("kind", SOME)
