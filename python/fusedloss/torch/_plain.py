"""What one call of the core computes, in differentiable torch operations.

For everything the kernels do not cover. Weights, masks, ignored labels, reductions and denominators
have the meaning that `_core.compute` gives them.
"""

import math

import torch
from torch import Tensor
from torch.autograd import forward_ad

from fusedloss import _core
from fusedloss._registry import BY_ID, require_parameters
from fusedloss.torch import _formulas


def loss_dtype(tensor: Tensor) -> torch.dtype:
    """The dtype that losses of ``tensor`` are computed in: float32 for what is narrower."""
    return torch.promote_types(tensor.dtype, torch.float32)


def widen(tensor: Tensor) -> Tensor:
    """``tensor`` in the dtype that its losses are computed in."""
    return tensor.to(loss_dtype(tensor))


def in_one_dtype(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """``input``, widened, and ``target`` in the same dtype."""
    dtype = loss_dtype(input)
    return input.to(dtype), target.to(dtype)


def compute(
    loss_id: int,
    params: tuple[float, ...],
    y_true: Tensor | None,
    y_pred: Tensor,
    sample_weight: Tensor | None,
    mask: Tensor | None,
    class_weight: Tensor | None,
    ignore_label: int | None,
    row_axis: int | None,
    reduction: int,
    denominator: float,
    flags: int,
    more: tuple[Tensor, ...] = (),
) -> Tensor:
    """The loss that `_core.compute` computes from the same arguments."""
    info = BY_ID[loss_id]
    weight, exists = sample_weight, mask
    if info.kind == "pointwise":  # per element of y_pred, which those of a row share
        weight = None if weight is None else along(weight, y_pred, row_axis)
        exists = None if exists is None else along(exists, y_pred, row_axis)
    elif ignore_label is not None and y_true is not None and y_true.shape != y_pred.shape:
        labelled = y_true != ignore_label
        exists = labelled if exists is None else exists & labelled

    y_pred = widen(y_pred)
    more = tuple(other.to(y_pred.dtype) for other in more)
    dense = y_true is not None and y_true.shape == y_pred.shape
    if y_true is not None and dense:
        y_true = y_true.to(y_pred.dtype)
    if class_weight is not None:
        class_weight = class_weight.to(y_pred.dtype)
    if weight is not None:
        weight = weight.to(y_pred.dtype)
    heard = _heard(weight, exists)
    if heard is not None:
        # So that no NaN in what is not heard reaches a gradient. 0.5 is fine as a logit, as a
        # probability, as a count and as a variance, and everything is smooth there.
        if y_true is not None:
            y_true = torch.where(along(heard, y_true, row_axis), y_true, 0.5 if dense else 0)
        within = along(heard, y_pred, row_axis)
        y_pred = torch.where(within, y_pred, 0.5)
        more = tuple(torch.where(within, other, 0.5) for other in more)

    values = _values(info, params, y_true, y_pred, more, class_weight, row_axis)
    counts = torch.ones_like(values)
    if weight is not None:
        values = values * weight
    if reduction == _core.WEIGHTED_MEAN:
        if weight is not None:
            counts = counts * weight
        if flags & _core.CLASS_WEIGHTED_MEAN and class_weight is not None and y_true is not None:
            counts = counts * class_weight[y_true.long()]
    if exists is not None:
        values, counts = (torch.where(exists, each, 0.0) for each in (values, counts))
    if info.kind == "pointwise" and row_axis is not None:
        values, counts = values.mean(row_axis), counts.mean(row_axis)
    return _reduce(values, counts, reduction, denominator, bool(flags & _core.EMPTY_IS_NAN))


def along(rows: Tensor, like: Tensor, axis: int | None) -> Tensor:
    """One entry for each row of ``like``, as a view that is repeated along the row."""
    return rows if axis is None or rows.ndim == like.ndim else rows.unsqueeze(axis)


def _heard(weight: Tensor | None, exists: Tensor | None) -> Tensor | None:
    """Where the loss matters: not where nothing exists, nor where it is multiplied by 0.

    Unless somebody asks for the derivative with respect to the weight, which is the loss.
    """
    if weight is None or weight.requires_grad or forward_ad._current_level >= 0:
        return exists
    return weight != 0 if exists is None else exists & (weight != 0)


def _values(
    info: _core.LossInfo,
    params: tuple[float, ...],
    y_true: Tensor | None,
    y_pred: Tensor,
    more: tuple[Tensor, ...],
    class_weight: Tensor | None,
    row_axis: int | None,
) -> Tensor:
    """The formula of the loss: a value for each row of a row loss, for each element otherwise."""
    params += tuple(parameter.default for parameter in info.parameters[len(params) :])
    if not all(map(_allows, info.parameters, params)):
        require_parameters(info, params)
    others = {"more": more} if more else {}
    if info.kind == "pointwise":
        weights = () if class_weight is None else (class_weight,)
        return _formulas.POINTWISE[info.name](y_true, y_pred, *params, *weights, **others)
    axis = 0 if row_axis is None else row_axis
    if class_weight is not None:
        class_weight = class_weight.reshape(-1, *[1] * (y_pred.ndim - 1 - axis))
    return _formulas.ROW[info.name](y_true, y_pred, class_weight, axis, *params, **others)


def _allows(parameter: _core.Parameter, value: float) -> bool:
    """The core decides; asked each time, it would break the graphs of a compiler."""
    above = value > parameter.low or (value == parameter.low and not parameter.low_excluded)
    return above and value <= parameter.high and math.isfinite(value)


def _reduce(
    values: Tensor, counts: Tensor, reduction: int, denominator: float, empty_is_nan: bool
) -> Tensor:
    if reduction == _core.NONE:
        return values
    total = values.sum()
    if reduction == _core.SUM:
        return total
    if denominator > 0:
        return total / denominator
    divisor = counts.sum()
    if empty_is_nan:
        return total / divisor
    empty = divisor == 0
    return torch.where(empty, 0.0, total / torch.where(empty, 1.0, divisor))
