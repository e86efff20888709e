"""Autograd for losses of several predictions, such as a mean and a variance.

Like `_autograd`, but for gradients that may be wanted or not, each for itself.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function

from fusedloss import _core
from fusedloss.torch import _cuda
from fusedloss.torch._coverage import is_observed
from fusedloss.torch._gradients import Options, differentiable, heard, in_memory, scaled, weigh
from fusedloss.torch._memory import empty_like, empty_loss, empty_losses
from fusedloss.torch._plain import along


class Call(NamedTuple):
    """The arguments of `_core.compute` without the predictions and what is computed from them."""

    loss_id: int
    params: tuple[float, ...]
    y_true: Tensor | None
    sample_weight: Tensor | None
    mask: Tensor | None
    class_weight: Tensor | None
    ignore_label: int | None
    row_axis: int | None
    reduction: int
    denominator: float
    flags: int

    @property
    def options(self) -> Options:
        """What is no tensor."""
        return (
            self.loss_id,
            self.params,
            self.ignore_label,
            self.row_axis,
            self.reduction,
            self.denominator,
            self.flags,
        )

    def tensors(self, y_pred: Tensor, more: tuple[Tensor, ...]) -> tuple[Tensor | None, ...]:
        """What is a tensor, the predictions among them, in the order of `differentiable`."""
        weights = self.sample_weight, self.mask, self.class_weight
        return self.y_true, y_pred, *weights, *more


_Gradients = tuple[Tensor | None, ...]


def compute(call: Call, y_pred: Tensor, more: tuple[Tensor, ...]) -> Tensor:
    """The loss, recorded by autograd if any of the predictions is."""
    if torch.is_grad_enabled() and any(each.requires_grad for each in (y_pred, *more)):
        function = JointLosses if call.reduction == _core.NONE else JointLoss
        recorded: Tensor = function.apply(call, y_pred, *more)  # type: ignore[no-untyped-call]
        return recorded
    loss = allocate(call, y_pred)
    run(call, y_pred, more, loss, (None,) * (1 + len(more)))
    return loss


class JointLoss(Function):
    """A single loss. Its gradients are computed with it, and the backward only hands them out."""

    @staticmethod
    def forward(ctx: Any, call: Call, y_pred: Tensor, *more: Tensor) -> Tensor:
        """Compute the loss, and keep the gradients that somebody can ask for."""
        unscaled = y_pred.dtype is torch.float16  # for the reason given in `_autograd.FusedLoss`
        if unscaled:
            call = call._replace(flags=call.flags | _core.UNSCALED_GRAD)
        loss = allocate(call, y_pred)
        gradients = [empty_like(y_pred) if want else None for want in ctx.needs_input_grad[1:]]
        scale = run(call, y_pred, more, loss, (*gradients,))
        ctx.scale = scale if unscaled else 1.0
        ctx.capture = _cuda.capture_of(y_pred)
        _save(ctx, call, y_pred, more, gradients)
        return loss

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> _Gradients:
        """Return upstream times the gradients."""
        saved = ctx.saved_tensors
        inputs, gradients = saved[: ctx.inputs], saved[ctx.inputs :]
        last = _core.last_upstream(upstream)  # as in `_autograd.FusedLoss`
        if last is not None:
            for each in gradients:
                if each is not None and last * ctx.scale != 1:
                    _core.scale(each, last * ctx.scale, each)
            return None, *gradients
        if torch.is_grad_enabled():  # create_graph=True
            return None, *differentiable(upstream, inputs, ctx.options)
        if is_observed(upstream):
            upstream = upstream * ctx.scale
            return None, *(None if each is None else upstream * each for each in gradients)
        return None, *(
            None if each is None else scaled(each, upstream, ctx.scale, ctx.capture)
            for each in gradients
        )


class JointLosses(Function):
    """A loss for each row. What flows into each is not known before the backward."""

    @staticmethod
    def forward(ctx: Any, call: Call, y_pred: Tensor, *more: Tensor) -> Tensor:
        """Compute the losses."""
        losses = allocate(call, y_pred)
        run(call, y_pred, more, losses, (None,) * (1 + len(more)))
        _save(ctx, call, y_pred, more, [])
        return losses

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> _Gradients:
        """Return the gradients: the kernel takes what flows into a row as the weight of the row."""
        tensors = ctx.saved_tensors
        if torch.is_grad_enabled():
            return None, *differentiable(upstream, tensors, ctx.options)
        y_true, y_pred, weight, mask, class_weight, *more = tensors
        loss_id, params, ignore_label, row_axis, _, _, flags = ctx.options
        observed = is_observed(upstream)
        if not observed:
            weight = weigh(in_memory(upstream), weight, row_axis)
        gradients = [empty_like(y_pred) if want else None for want in ctx.needs_input_grad[1:]]
        # fmt: off
        call = Call(
            loss_id, params, y_true, weight, mask, class_weight,
            ignore_label, row_axis, _core.SUM, 0.0, flags,
        )
        # fmt: on
        run(call, y_pred, (*more,), None, (*gradients,))
        if observed:
            upstream = along(heard(upstream, weight, row_axis), y_pred, row_axis)
            return None, *(None if each is None else each * upstream for each in gradients)
        return None, *gradients


def allocate(call: Call, y_pred: Tensor) -> Tensor:
    """Uninitialised memory for the loss of ``call``."""
    if call.reduction == _core.NONE:
        return empty_losses(y_pred, call.row_axis)
    return empty_loss(y_pred)


def run(
    call: Call,
    y_pred: Tensor,
    more: tuple[Tensor, ...],
    loss: Tensor | None,
    gradients: _Gradients,
    upstream: Tensor | None = None,
) -> Tensor | float:
    """Compute into ``loss``, and times ``upstream`` into ``gradients``; return the core's scale."""
    compute: Callable[..., Tensor | float] = _core.compute
    factor: Tensor | float | None = upstream
    if _cuda.on_gpu(y_pred):
        compute = _cuda.compute
    elif upstream is not None:
        factor = upstream.item()
    # fmt: off
    return compute(
        call.loss_id, call.params, call.y_true, y_pred, call.sample_weight, call.mask,
        call.class_weight, call.ignore_label, call.row_axis, call.reduction, call.denominator,
        call.flags, loss, gradients[0], more, gradients[1:], None, factor,
    )
    # fmt: on


def _save(
    ctx: Any, call: Call, y_pred: Tensor, more: tuple[Tensor, ...], gradients: list[Tensor | None]
) -> None:
    """Save the inputs, for a second derivative, and the gradients."""
    tensors = call.tensors(y_pred, more)
    ctx.options, ctx.inputs = call.options, len(tensors)
    ctx.save_for_backward(*tensors, *gradients)
