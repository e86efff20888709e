"""What backwards share: the gradient in differentiable operations, and upstream as row weights."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import increment_version

from fusedloss import _core
from fusedloss.torch import _cuda, _plain
from fusedloss.torch._coverage import keeps_graph
from fusedloss.torch._memory import empty_like
from fusedloss.torch._plain import along

# What a backward has to know of its call beside tensors: a plain tuple, which costs least to make.
Options = tuple[
    int,  # loss_id
    tuple[float, ...],  # params
    int | None,  # ignore_label
    int | None,  # row_axis
    int,  # reduction
    float,  # denominator
    int,  # flags
]


def differentiable(
    upstream: Tensor,
    tensors: Sequence[Any],
    options: Options,
    wanted: Sequence[bool] | None = None,
) -> tuple[Tensor | None, ...]:
    """The gradients by torch's own operations, so that they can be differentiated again.

    Args:
      upstream: what flows into the loss.
      tensors: y_true, y_pred, and if there are any the three weights and further predictions.
      options: the rest of the call.
      wanted: which predictions to differentiate by. Default: those that require it.

    Returns:
      One for each prediction; None for those that are not wanted.
    """
    y_true, y_pred, *others = tensors
    weight, mask, class_weight, *more = others or (None, None, None)
    loss_id, params, ignore_label, row_axis, reduction, denominator, flags = options
    predictions = [y_pred, *more]
    if wanted is None:
        wanted = [each.requires_grad for each in predictions]
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad():
        # By displacements of the predictions, which keep what derivatives they have themselves.
        moves = [torch.zeros_like(each, requires_grad=True) for each in predictions]
        moved = [e + m if w else e for e, m, w in zip(predictions, moves, wanted, strict=True)]
        # fmt: off
        loss = _plain.compute(
            loss_id, params, y_true, moved[0], weight, mask, class_weight,
            ignore_label, row_axis, reduction, denominator, flags, (*moved[1:],),
        )
        # fmt: on
    variables = [move for move, want in zip(moves, wanted, strict=True) if want]
    found = iter(torch.autograd.grad(loss, variables, upstream, create_graph=create_graph))
    return tuple(next(found) if want else None for want in wanted)


def weigh(upstream: Tensor, weight: Tensor | None, row_axis: int | None) -> Tensor:
    """What flows into the rows, times their weights or those of their elements."""
    return upstream if weight is None else heard(upstream, weight, row_axis) * weight


def heard(upstream: Tensor, weight: Tensor | None, row_axis: int | None) -> Tensor:
    """What flows into the rows, and 0 where their weight is: there it is not even NaN."""
    if weight is None:
        return upstream
    return torch.where(weight != 0, along(upstream, weight, row_axis), 0)


def in_memory(upstream: Tensor) -> Tensor:
    """``upstream`` as a kernel may read it: torch may negate it lazily, or just know it to be 0."""
    if upstream._is_zerotensor():
        return torch.zeros(upstream.shape, dtype=upstream.dtype, device=upstream.device)
    return upstream.resolve_neg()


def scaled(gradient: Tensor, upstream: Tensor, scale: Tensor | float, capture: int = 0) -> Tensor:
    """``gradient`` times ``upstream`` and ``scale``, which is rounded once.

    On a GPU, where nobody looks whether that is 1, in its own memory if the graph ends with it.
    ``capture`` is the `_cuda.capture_of` its forward.
    """
    if _cuda.on_gpu(gradient):
        # A backward that was captured by itself may be replayed more often than its forward.
        kept = keeps_graph() or _cuda.capture_of(gradient) != capture
        result = torch.empty_like(gradient) if kept else gradient
        _cuda.scale(gradient, in_memory(upstream), scale, result)
        if not kept:  # it may lie over the predictions, which others may have saved
            increment_version(gradient)
        return result
    result = empty_like(gradient)
    _core.scale(gradient, float(upstream.item() * scale), result)
    return result
