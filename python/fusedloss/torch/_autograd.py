"""Autograd over the core: the gradient is computed together with the value, in one pass.

`fused` decides how torch gets to see the loss: as an `autograd.Function` of these, as an operation
of `_ops`, or in plain torch.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.graph import increment_version

from fusedloss import _core
from fusedloss.torch import _cuda, _joint, _ops, _plain
from fusedloss.torch._coverage import covers, covers_on_gpu, is_observed, is_traced
from fusedloss.torch._gradients import Options, differentiable, heard, in_memory, scaled, weigh
from fusedloss.torch._inplace import require_replaceable
from fusedloss.torch._memory import (
    TEMPLATES,
    empty_like,
    empty_loss,
    empty_losses,
    empty_statistics,
)
from fusedloss.torch._plain import along


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
    over: Tensor | None = None,
    statistics: list[Tensor | None] | None = None,
) -> Tensor:
    """Return the loss, differentiable with respect to all that torch would differentiate it by.

    The arguments are those of `_core.compute`. Compilers, tracers and dispatch modes see a single
    operation. ``plain`` computes the same loss in differentiable torch operations; it is called for
    what the kernels do not cover: other devices, subclasses of Tensor, `torch.func`, forward mode,
    and derivatives with respect to targets or weights. Default: `_plain.compute` with the same
    arguments. ``over`` is a tensor whose memory may receive the gradient. It does if it is
    ``y_pred`` itself, no copy in another shape or dtype, and the gradient is computed here.

    Returns:
      A float64 tensor for float64 predictions, otherwise a float32 tensor; 0-d, or in the shape of
      the rows for reduction NONE.
    """
    template = TEMPLATES.get(y_pred.dtype)
    if template is None:
        raise TypeError(f"y_pred must be float32, float64, float16 or bfloat16, got {y_pred.dtype}")
    recording = torch.is_grad_enabled()
    if recording and over is not None:
        require_replaceable(
            over,
            y_true=y_true,
            sample_weight=sample_weight,
            mask=mask,
            class_weight=class_weight,
        )
    on_gpu = False
    # fmt: off
    if (
        not covers(recording, y_pred, y_true, sample_weight, mask, class_weight)
        or (more and not covers(False, *more))
    ):
        if is_traced(y_true, y_pred, sample_weight, mask, class_weight, *more):
            return _ops.call(
                loss_id, params, y_true, y_pred, sample_weight, mask, class_weight,
                ignore_label, row_axis, reduction, denominator, flags, more,
            )
        if not (
            covers_on_gpu(recording, y_pred, y_true, sample_weight, mask, class_weight)
            and (not more or covers_on_gpu(False, *more))
        ):
            if plain is not None:
                return plain()
            return _plain.compute(
                loss_id, params, y_true, y_pred, sample_weight, mask, class_weight,
                ignore_label, row_axis, reduction, denominator, flags, more,
            )
        on_gpu = True
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
    recording = recording and y_pred.requires_grad
    gradient = None
    if reduction == _core.NONE:
        loss = empty_losses(y_pred, row_axis)
    else:
        loss = empty_loss(y_pred) if on_gpu else torch.empty_like(template)
        if recording:
            gradient = y_pred.detach() if over is y_pred else empty_like(y_pred)
    # A mean's 1 / N would flush most of a float16 gradient to 0. The backward applies it, in
    # float32 and together with what flows in.
    unscaled = gradient is not None and y_pred.dtype is torch.float16
    if unscaled:
        flags |= _core.UNSCALED_GRAD
    scale = (_cuda.compute if on_gpu else _core.compute)(
        loss_id, params, y_true, y_pred, sample_weight, mask, class_weight,
        ignore_label, row_axis, reduction, denominator, flags, loss, gradient, (), (), found,
    )
    # fmt: on
    if not recording:
        return loss
    saved: tuple[Tensor | None, ...]
    if gradient is not None and over is y_pred:
        # For whoever saved the values that are gone: a backward that needs them is to raise.
        increment_version(y_pred)
        saved = (gradient,)
    else:
        # The inputs are for a second derivative. Saved, torch frees them with the graph, notices
        # when they are changed, and lets checkpoints and hooks have them.
        saved = gradient, y_true, y_pred
        if not (sample_weight is mask is class_weight is None):
            saved += sample_weight, mask, class_weight
    options = loss_id, params, ignore_label, row_axis, reduction, denominator, flags
    computed = loss, scale if unscaled else 1.0, options, saved
    result: Tensor = (record if gradient is not None else record_rows)(y_pred, computed)
    if on_gpu:
        result.grad_fn.capture = _cuda.capture_of(y_pred)  # type: ignore[union-attr]
    return result


# Loss, what its gradient is still to be multiplied with, options, and what to save: the gradient,
# None if it is not known yet, and then tensors in the order of `differentiable`; none of them where
# the gradient lies over the predictions.
_Computed = tuple[Tensor, Tensor | float, Options, tuple[Tensor | None, ...]]


class FusedLoss(Function):
    """A single loss. Its gradient was computed with it, and the backward only hands it out."""

    @staticmethod
    def forward(ctx: Any, y_pred: Tensor, computed: _Computed) -> Tensor:  # noqa: ARG004
        """Return the loss, and keep the gradient."""
        loss, ctx.scale, ctx.options, saved = computed
        ctx.save_for_backward(*saved)
        return loss

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, None]:
        """Return upstream times the gradient."""
        saved = ctx.saved_tensors
        gradient: Tensor = saved[0]
        # Who receives a gradient may change it, so only a graph that ends here gives its own away;
        # over the predictions, where others may look at it, as it is.
        last = _core.last_upstream(upstream)  # None on a GPU: nothing there is waited for
        if last is not None:
            factor = last * ctx.scale
            if factor == 1:
                return gradient, None
            if len(saved) > 1:
                _core.scale(gradient, factor, gradient)
                return gradient, None
        if torch.is_grad_enabled():  # create_graph=True
            if len(saved) == 1:
                raise RuntimeError(
                    "a loss with inplace=True has no second derivative: its gradient was written "
                    "over the predictions that it would be computed from"
                )
            return differentiable(upstream, saved[1:], ctx.options)[0], None
        if is_observed(upstream):
            return upstream * ctx.scale * gradient, None
        return scaled(gradient, upstream, ctx.scale, getattr(ctx, "capture", 0)), None


class FusedLosses(Function):
    """A loss for each row. What flows into each is not known before the backward."""

    forward = FusedLoss.forward

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, None]:
        """Return the gradient: the kernel takes what flows into a row as the weight of the row."""
        _, *tensors = ctx.saved_tensors
        if torch.is_grad_enabled():
            return differentiable(upstream, tensors, ctx.options)[0], None
        y_true, y_pred, *weights = tensors
        weight, mask, class_weight = weights or (None, None, None)
        loss_id, params, ignore_label, row_axis, _, _, flags = ctx.options
        observed = is_observed(upstream)
        if not observed:
            weight = weigh(in_memory(upstream), weight, row_axis)
        gradient = empty_like(y_pred)
        compute = _cuda.compute if _cuda.on_gpu(y_pred) else _core.compute
        # fmt: off
        compute(
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


record = _directly(FusedLoss)
record_rows = _directly(FusedLosses)
