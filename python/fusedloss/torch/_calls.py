"""One call of the core for every function: weights, reductions, and errors in torch's words."""

import re
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from fusedloss import _core
from fusedloss.torch import _arguments
from fusedloss.torch._autograd import fused
from fusedloss.torch._plain import widen

IDS = {info.name: info.id for info in _core.losses()}
_PARAMETERS = {
    info.id: [parameter.name for parameter in info.parameters] for info in _core.losses()
}

_CODES = {"none": _core.NONE, "sum": _core.SUM, "mean": _core.MEAN}


def elementwise(
    loss_id: int,
    params: tuple[float, ...],
    input: Tensor,
    target: Tensor,
    reduction: str,
    own: Callable[[], Tensor] | None = None,
    *,
    weight: Tensor | None = None,
    weight_counts: bool = False,
    pos_weight: Tensor | None = None,
    sample_weight: Tensor | None = None,
    denominator: float | None = None,
    **names: str,
) -> Tensor:
    """The loss of the elements of ``input``; ``target`` and the first two weights have its shape.

    Args:
      loss_id: number of the loss in the core.
      params: its parameters.
      input: predictions.
      target: targets.
      reduction: "none", "mean" or "sum".
      own: torch's function for the same loss, without ``weight`` and the last two arguments.
      weight: factors of the losses.
      weight_counts: whether a mean divides by the sum of ``weight``, not by the number of elements.
      pos_weight: factors of what positive targets add to the loss.
      sample_weight: as in the public functions.
      denominator: as in the public functions.
      names: what the public function calls an argument of the core, if not by torch's usual name.
    """
    try:
        code = _CODES[reduction]
    except (KeyError, TypeError):  # TypeError: not hashable
        raise _unknown(reduction) from None
    divisor = 0.0
    total_weight = None
    if denominator is not None:
        divisor, own = _arguments.divisor(denominator, reduction), None
    if weight is not None:
        own = None
        if weight_counts and code == _core.MEAN:
            code = _core.WEIGHTED_MEAN
    if sample_weight is not None:
        own = None
        sample_weight = _arguments.spread(sample_weight, input.shape)
        if weight is None:
            weight = sample_weight
        else:
            if code == _core.MEAN and divisor == 0:  # a divisor other than the sum of the factors
                code, total_weight = _core.SUM, sample_weight.sum(dtype=torch.float64)
            weight = widen(weight) * sample_weight
        if code == _core.MEAN:
            code = _core.WEIGHTED_MEAN
    try:
        loss = fused(
            loss_id,
            _numbers(loss_id, params) if params else params,
            target,
            input,
            sample_weight=weight,
            class_weight=pos_weight,
            reduction=code,
            denominator=divisor,
            flags=_core.EMPTY_IS_NAN,
            plain=own,
        )
    except (TypeError, ValueError) as error:
        names["class_weight"] = "pos_weight"
        if sample_weight is None:
            names["sample_weight"] = "weight"
        raise _renamed(error, names) from None
    return loss if total_weight is None else loss / total_weight.to(loss.dtype)


def over_classes(
    loss_id: int,
    params: tuple[float, ...],
    input: Tensor,
    target: Tensor,
    reduction: str,
    own: Callable[[], Tensor] | None = None,
    *,
    weight: Tensor | None,
    ignore_index: int,
    sample_weight: Tensor | None,
    denominator: float | None,
) -> Tensor:
    """The loss of rows of classes; the class axis of ``input`` is 1, or 0 if there is no other.

    The arguments are those of `elementwise` and of the public functions.
    """
    axis = 1 if input.ndim > 1 else 0
    try:
        code, flags = _CODES[reduction], _core.EMPTY_IS_NAN
    except (KeyError, TypeError):
        raise _unknown(reduction) from None
    indices = target.shape != input.shape
    if indices and weight is not None and code == _core.MEAN:
        code, flags = _core.WEIGHTED_MEAN, flags | _core.CLASS_WEIGHTED_MEAN
    divisor = 0.0
    if denominator is not None:
        divisor, own = _arguments.divisor(denominator, reduction), None
    if sample_weight is not None:
        own = None
        losses = input.shape[:axis] + input.shape[axis + 1 :]
        sample_weight = _arguments.spread(sample_weight, losses)
        if code == _core.MEAN:
            code = _core.WEIGHTED_MEAN
    try:
        return fused(
            loss_id,
            _numbers(loss_id, params),
            target,
            input,
            sample_weight=sample_weight,
            class_weight=weight,
            ignore_label=_arguments.label("ignore_index", ignore_index) if indices else None,
            row_axis=axis,
            reduction=code,
            denominator=divisor,
            flags=flags,
            plain=own,
        )
    except (TypeError, ValueError) as error:
        raise _renamed(error, {"class_weight": "weight"}) from None


def _unknown(reduction: Any) -> ValueError:
    return ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")


def _numbers(loss_id: int, params: tuple[Any, ...]) -> tuple[float, ...]:
    for value in params:
        if type(value) is not float:
            return tuple(map(_arguments.number, _PARAMETERS[loss_id], params))
    return params


def _renamed(error: Any, names: dict[str, str]) -> Exception:
    """``error`` in the words of the public function's signature."""
    names = {"y_true": "target", "y_pred": "input", **names}
    pattern = rf"\b({'|'.join(names)})\b"
    message = re.sub(pattern, lambda match: names[match[0]], str(error))
    renamed: Exception = error if message == str(error) else type(error)(message)
    return renamed
