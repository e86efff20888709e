"""How a loss and its gradients are computed and compared."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
REDUCTIONS = ("mean", "sum", "none")


def evaluate_all(
    function: Callable[..., Tensor],
    arguments: tuple[Tensor, ...],
    wrt: tuple[int, ...] = (0,),
    upstream: Tensor | None = None,
    **options: Any,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The loss, and its gradients at these positions for what flows into it."""
    values = [
        value.detach().clone().requires_grad_() if position in wrt else value
        for position, value in enumerate(arguments)
    ]
    loss = function(*values, **options)
    gradients = torch.autograd.grad(loss, [values[position] for position in wrt], upstream)
    return loss.detach(), gradients


def evaluate(
    function: Callable[..., Tensor],
    input: Tensor,
    target: Tensor,
    upstream: Tensor | None = None,
    **options: Any,
) -> tuple[Tensor, Tensor]:
    """The loss, and its gradient for what flows into it."""
    loss, (gradient,) = evaluate_all(function, (input, target), upstream=upstream, **options)
    return loss, gradient


def in_dtype(arguments: tuple[Tensor, ...], dtype: torch.dtype) -> tuple[Tensor, ...]:
    """The arguments, those that are numbers in ``dtype``."""
    return tuple(t.to(dtype) if t.is_floating_point() else t for t in arguments)


def in_double(options: dict[str, Any]) -> dict[str, Any]:
    return {k: v.double() if isinstance(v, Tensor) else v for k, v in options.items()}


def assert_accurate(
    actual: Tensor, exact: Tensor, dtype: torch.dtype, units: float, terms: int = 1
) -> None:
    """Compare with a float64 reference, in units of what ``dtype`` resolves.

    It is a sum of so many ``terms`` in that dtype, which may cancel.
    What cancels to nearly 0 was computed at the size of the largest element, or of 1, in float32 or
    better; float16 also ends at its smallest subnormal.
    """
    kind = torch.finfo(dtype)
    computed = torch.finfo(torch.promote_types(dtype, torch.float32))
    size = max(1.0, *exact[exact.isfinite()].abs().flatten().tolist(), 0.0)
    absolute = max(units * computed.eps * size, kind.smallest_normal * kind.eps)
    if terms > 1:
        absolute += terms * kind.eps * size
    torch.testing.assert_close(
        actual.double(), exact, rtol=units * kind.eps, atol=absolute, equal_nan=True
    )
