"""Autograd over the core: the gradient is computed together with the value, in one pass.

`fused` decides how torch gets to see the loss: as an `autograd.Function` of these, as an operation
of `_ops`, or in plain torch.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from fusedloss import _core
from fusedloss.torch import _joint, _ops, _plain
from fusedloss.torch._coverage import (
    covers,
    covers_weights,
    is_observed,
    is_traced,
    keeps_graph,
)
from fusedloss.torch._gradients import differentiable, heard, scaled, weigh
from fusedloss.torch._memory import TEMPLATES, empty_like, empty_losses, empty_statistics
from fusedloss.torch._plain import along

_Call = tuple[
    int,  # loss_id
    tuple[float, ...],  # params
    Tensor | None,  # y_true
    Tensor | None,  # sample_weight
    Tensor | None,  # mask
    Tensor | None,  # class_weight
    int | None,  # ignore_label
    int | None,  # row_axis
    int,  # reduction
    float,  # denominator
    int,  # flags
    Tensor,  # what a loss of these predictions looks like
    tuple[Tensor | None, ...] | None,  # statistics
]


def fused(
    loss_id: int,
    params: tuple[float, ...],
    y_true: Tensor | None,
    y_pred: Tensor,
    *,
    more: tuple[Tensor, ...] = (),
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    class_weight: Tensor | None = None,
    ignore_label: int | None = None,
    row_axis: int | None = None,
    reduction: int = _core.MEAN,
    denominator: float = 0.0,
    flags: int = 0,
    plain: Callable[[], Tensor] | None = None,
    statistics: list[Tensor | None] | None = None,
) -> Tensor:
    """Return the loss, differentiable with respect to all that torch would differentiate it by.

    The arguments are those of `_core.compute`. Compilers, tracers and dispatch modes see a single
    operation. ``plain`` computes the same loss in differentiable torch operations; it is called for
    what the kernels do not cover: other devices, subclasses of Tensor, `torch.func`, forward mode,
    and derivatives with respect to targets or weights. Default: `_plain.compute` with the same
    arguments.

    Returns:
      A float64 tensor for float64 predictions, otherwise a float32 tensor; 0-d, or in the shape of
      the rows for reduction NONE.
    """
    template = TEMPLATES.get(y_pred.dtype)
    if template is None:
        raise TypeError(f"y_pred must be float32, float64, float16 or bfloat16, got {y_pred.dtype}")
    recording = torch.is_grad_enabled()
    weighted = sample_weight is not None or mask is not None or class_weight is not None
    # fmt: off
    if (
        not covers(recording, y_pred, y_true)
        or (weighted and not covers_weights(recording, sample_weight, mask, class_weight))
        or (more and not covers_weights(False, *more))
    ):
        if is_traced(y_true, y_pred, sample_weight, mask, class_weight, *more):
            return _ops.call(
                loss_id, params, y_true, y_pred, sample_weight, mask, class_weight,
                ignore_label, row_axis, reduction, denominator, flags, more,
            )
        if plain is not None:
            return plain()
        return _plain.compute(
            loss_id, params, y_true, y_pred, sample_weight, mask, class_weight,
            ignore_label, row_axis, reduction, denominator, flags, more,
        )
    if more:
        joint = _joint.Call(
            loss_id, params, y_true, sample_weight, mask, class_weight,
            ignore_label, row_axis, reduction, denominator, flags,
        )
        return _joint.compute(joint, y_pred, more)
    found = None
    if statistics is not None:
        statistics += empty_statistics(y_true, y_pred, row_axis)
        found = (*statistics,)
    if recording and y_pred.requires_grad:
        call: _Call = (
            loss_id, params, y_true, sample_weight, mask, class_weight,
            ignore_label, row_axis, reduction, denominator, flags, template, found,
        )
        loss: Tensor = (_apply_rows if reduction == _core.NONE else _apply)(y_pred, call)
        return loss
    loss = empty_losses(y_pred, row_axis) if reduction == _core.NONE else torch.empty_like(template)
    _core.compute(
        loss_id, params, y_true, y_pred, sample_weight, mask, class_weight,
        ignore_label, row_axis, reduction, denominator, flags, loss, None, (), (), found,
    )
    # fmt: on
    return loss


class FusedLoss(Function):
    """A single loss. Its gradient is computed with it, and the backward only hands it out."""

    @staticmethod
    def forward(ctx: Any, y_pred: Tensor, call: _Call) -> Tensor:
        """Compute the loss, and keep the gradient."""
        # fmt: off
        (
            loss_id, params, y_true, weight, mask, class_weight,
            ignore_label, row_axis, reduction, denominator, flags, template, found,
        ) = call
        # A mean's 1 / N would flush most of a float16 gradient to 0. The backward applies it, in
        # float32 and together with what flows in.
        unscaled = y_pred.dtype is torch.float16
        if unscaled:
            flags |= _core.UNSCALED_GRAD
        loss, gradient = torch.empty_like(template), empty_like(y_pred)
        scale = _core.compute(
            loss_id, params, y_true, y_pred, weight, mask, class_weight,
            ignore_label, row_axis, reduction, denominator, flags, loss, gradient, (), (), found,
        )
        # fmt: on
        ctx.options = loss_id, params, ignore_label, row_axis, reduction, denominator, flags
        ctx.scale = scale if unscaled else 1.0
        # The inputs are for a second derivative. Saved here, torch frees them with the graph,
        # notices when they are changed, and lets checkpoints and hooks have them.
        if weight is mask is class_weight is None:
            ctx.save_for_backward(gradient, y_true, y_pred)
        else:
            ctx.save_for_backward(gradient, y_true, y_pred, weight, mask, class_weight)
        return loss

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, None]:
        """Return upstream times the gradient."""
        saved = ctx.saved_tensors
        if torch.is_grad_enabled():  # create_graph=True
            return differentiable(upstream, saved[1:], ctx.options)[0], None
        gradient: Tensor = saved[0]
        if is_observed(upstream):
            return upstream * ctx.scale * gradient, None
        factor = upstream.item() * ctx.scale
        # Who receives a gradient may change it, so only a graph that ends here gives its own away.
        if factor == 1 and not keeps_graph():
            return gradient, None
        return scaled(gradient, factor), None


class FusedLosses(Function):
    """A loss for each row. What flows into each is not known before the backward."""

    @staticmethod
    def forward(ctx: Any, y_pred: Tensor, call: _Call) -> Tensor:
        """Compute the losses."""
        # fmt: off
        (
            loss_id, params, y_true, weight, mask, class_weight,
            ignore_label, row_axis, reduction, denominator, flags, _, found,
        ) = call
        losses = empty_losses(y_pred, row_axis)
        _core.compute(
            loss_id, params, y_true, y_pred, weight, mask, class_weight,
            ignore_label, row_axis, reduction, denominator, flags, losses, None, (), (), found,
        )
        # fmt: on
        ctx.options = loss_id, params, ignore_label, row_axis, reduction, denominator, flags
        ctx.save_for_backward(y_true, y_pred, weight, mask, class_weight)
        return losses

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, None]:
        """Return the gradient: the kernel takes what flows into a row as the weight of the row."""
        tensors = ctx.saved_tensors
        if torch.is_grad_enabled():
            return differentiable(upstream, tensors, ctx.options)[0], None
        y_true, y_pred, weight, mask, class_weight = tensors
        loss_id, params, ignore_label, row_axis, _, _, flags = ctx.options
        observed = is_observed(upstream)
        if not observed:
            weight = weigh(upstream.resolve_neg(), weight, row_axis)
        gradient = empty_like(y_pred)
        # fmt: off
        _core.compute(
            loss_id, params, y_true, y_pred, weight, mask, class_weight,
            ignore_label, row_axis, _core.SUM, 0.0, flags, None, gradient,
        )
        # fmt: on
        if observed:
            gradient = gradient * along(heard(upstream, weight, row_axis), gradient, row_axis)
        return gradient, None


def _directly(function: type[Function]) -> Callable[..., Any]:
    """The apply of ``function``, without the Python that torch puts before it and its backward.

    Both only find out what is known here, in about 2 of the 20 us that a small loss takes with its
    backward.
    """
    node: Any = getattr(function, "_backward_cls", None)
    if node is not None:
        node.apply = function.backward
    apply: Callable[..., Any] = super(Function, function).apply  # type: ignore[misc]
    return apply


_apply = _directly(FusedLoss)
_apply_rows = _directly(FusedLosses)
