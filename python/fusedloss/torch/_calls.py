"""One call of the core for every function: weights, reductions, and errors in torch's words."""

import re
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from fusedloss import _core
from fusedloss._registry import BY_ID
from fusedloss.torch import _arguments
from fusedloss.torch._autograd import fused, record
from fusedloss.torch._coverage import is_compiling
from fusedloss.torch._plain import widen

_UNSIGNED = {torch.uint16, torch.uint32, torch.uint64}  # which the core does not read
_CODES = {"none": _core.NONE, "sum": _core.SUM, "mean": _core.MEAN}


def direct(
    loss_id: int,
    params: tuple[float, ...],
    input: Tensor,
    target: Tensor,
    reduction: str,
    row_axis: int | None = None,
    ignore_label: int | None = None,
) -> Tensor | None:
    """The loss of a call that asks for nothing special, or None where `elementwise` has to look.

    For the losses that torch computes in a few operations: what the general code finds out takes as
    long as these. Ordinary are tensors of Tensor itself or Parameter, on the CPU, in shapes that
    match, which nothing but eager autograd looks at; a mean or a sum, which comes out as a number;
    and parameters that are floats. With ``row_axis``, targets are class indices, or have a value
    for every class.
    """
    if is_compiling():
        return None
    # fmt: off
    found: Any = _core.torch_loss(
        _CODES, loss_id, params, input, target, reduction, row_axis, ignore_label
    )
    # fmt: on
    # Recorded here: an error of torch's own, or of a hook of the user's, is not to be answered by
    # another attempt.
    loss: Tensor | None = record(input, found) if type(found) is tuple else found
    return loss


def elementwise(
    loss_id: int,
    params: tuple[float, ...],
    input: Tensor,
    target: Tensor,
    reduction: str,
    own: Callable[[], Tensor] | None = None,
    *,
    more: tuple[Tensor, ...] = (),
    row_axis: int | None = None,
    weight: Tensor | None = None,
    weight_counts: bool = False,
    pos_weight: Tensor | None = None,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    over: Tensor | None = None,
    **names: str,
) -> Tensor:
    """The loss of the elements of ``input``; tensors up to ``pos_weight`` have its shape.

    Args:
      loss_id: number of the loss in the core.
      params: its parameters.
      input: predictions.
      target: targets.
      reduction: "none", "mean" or "sum".
      own: torch's function for the same loss, without ``weight`` and the last three arguments.
      more: further predictions of the loss.
      row_axis: the axis along which losses are averaged to that of a row, not negative.
      weight: factors of the losses.
      weight_counts: whether a mean divides by the sum of ``weight``, not by the number of elements.
      pos_weight: factors of what positive targets add to the loss.
      sample_weight: as in the public functions.
      mask: as in the public functions.
      denominator: as in the public functions.
      over: the predictions as the caller gave them, where ``inplace`` offers their memory.
      names: what the public function calls an argument of the core, if not by torch's usual name.
    """
    try:
        code = _CODES[reduction]
    except (KeyError, TypeError):  # TypeError: not hashable
        raise _unknown(reduction) from None
    divisor = 0.0
    quotient = None
    if denominator is not None:
        own = None
        code, divisor, quotient = _divided(denominator, reduction)
    if weight is not None:
        own = None
        if weight_counts and code == _core.MEAN:
            code = _core.WEIGHTED_MEAN
    if sample_weight is not None or mask is not None:
        own = None
        losses = input.shape if row_axis is None else _rows(input.shape, row_axis)
        if mask is not None:
            mask = _arguments.spread_mask(mask, losses, input.device)
    if sample_weight is not None:
        sample_weight = _arguments.spread("sample_weight", sample_weight, losses, input.device)
        if weight is None:
            weight = sample_weight
        else:
            if code == _core.MEAN and divisor == 0:  # a divisor other than the sum of the factors
                counts = sample_weight if mask is None else sample_weight.where(mask, 0)
                code, quotient = _core.SUM, counts.sum(dtype=torch.float64)
            if row_axis is not None:
                sample_weight = sample_weight.unsqueeze(row_axis)
            weight = widen(weight) * sample_weight
        if code == _core.MEAN:
            code = _core.WEIGHTED_MEAN
    try:
        loss = fused(
            loss_id,
            _numbers(loss_id, params) if params else params,
            target,
            input,
            more=more,
            sample_weight=weight,
            mask=mask,
            class_weight=pos_weight,
            row_axis=row_axis,
            reduction=code,
            denominator=divisor,
            flags=_core.EMPTY_IS_NAN,
            plain=own,
            over=over,
        )
    except (TypeError, ValueError, RuntimeError) as error:
        names["class_weight"] = "pos_weight"
        if sample_weight is None:
            names["sample_weight"] = "weight"
        raise _renamed(error, names) from None
    return loss if quotient is None else loss / quotient.to(loss.dtype)


def over_rows(
    loss_id: int,
    params: tuple[float, ...],
    input: Tensor,
    target: Tensor | None,
    reduction: str,
    own: Callable[[], Tensor] | None = None,
    *,
    axis: int,
    more: tuple[Tensor, ...] = (),
    weight: Tensor | None = None,
    weight_counts: bool = True,
    ignore_label: int | None = None,
    statistics: list[Tensor | None] | None = None,
    sample_weight: Tensor | None,
    mask: Tensor | None,
    denominator: float | Tensor | None,
    over: Tensor | None = None,
    **names: str,
) -> Tensor:
    """The loss of rows along ``axis``, which is not negative.

    The arguments are those of `elementwise` and of the public functions. ``weight`` belongs to the
    classes; a mean over class indices divides by the sum of their weights if ``weight_counts``. A
    kernel appends what it finds out about the rows to ``statistics``.
    """
    try:
        code, flags = _CODES[reduction], _core.EMPTY_IS_NAN
    except (KeyError, TypeError):
        raise _unknown(reduction) from None
    indices = target is not None and target.shape != input.shape
    if target is not None and indices and target.dtype in _UNSIGNED:
        target = target.to(torch.int64)
    if indices and weight is not None and weight_counts and code == _core.MEAN:
        code, flags = _core.WEIGHTED_MEAN, flags | _core.CLASS_WEIGHTED_MEAN
    divisor = 0.0
    quotient = None
    if denominator is not None:
        own = None
        code, divisor, quotient = _divided(denominator, reduction)
    if sample_weight is not None or mask is not None:
        own = None
        losses = _rows(input.shape, axis)
        if mask is not None:
            mask = _arguments.spread_mask(mask, losses, input.device)
        if sample_weight is not None:
            sample_weight = _arguments.spread("sample_weight", sample_weight, losses, input.device)
            if code == _core.MEAN:
                code = _core.WEIGHTED_MEAN
    try:
        loss = fused(
            loss_id,
            _numbers(loss_id, params) if params else params,
            target,
            input,
            more=more,
            sample_weight=sample_weight,
            mask=mask,
            class_weight=weight,
            ignore_label=ignore_label,
            row_axis=axis,
            reduction=code,
            denominator=divisor,
            flags=flags,
            plain=own,
            over=over,
            statistics=statistics,
        )
    except (TypeError, ValueError, RuntimeError) as error:
        raise _renamed(error, {"class_weight": "weight", **names}) from None
    return loss if quotient is None else loss / quotient.to(loss.dtype)


def class_axis(input: Tensor) -> int:
    """The axis of the classes, as in torch: the second one, if there is one."""
    return 1 if input.ndim > 1 else 0


def _rows(shape: torch.Size, axis: int) -> torch.Size:
    return shape[:axis] + shape[axis + 1 :]


def _divided(denominator: float | Tensor, reduction: str) -> tuple[int, float, Tensor | None]:
    """Reduction and divisor for the core; or a sum, and what is left to divide it by."""
    divisor = _arguments.divisor(denominator, reduction)
    if isinstance(divisor, Tensor):
        return _core.SUM, 0.0, divisor
    return _core.MEAN, divisor, None


def _unknown(reduction: Any) -> ValueError:
    return ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")


def _numbers(loss_id: int, params: tuple[Any, ...]) -> tuple[float, ...]:
    for value in params:
        if type(value) is not float:
            names = [parameter.name for parameter in BY_ID[loss_id].parameters]
            return tuple(map(_arguments.number, names, params))
    return params


def _renamed(error: Any, names: dict[str, str]) -> Exception:
    """``error`` in the words of the public function's signature."""
    names = {"y_true": "target", "y_pred": "input", **names}
    pattern = rf"\b({'|'.join(names)})\b"
    message = re.sub(pattern, lambda match: names[match[0]], str(error))
    renamed: Exception = error if message == str(error) else type(error)(message)
    return renamed
