"""One call as the front ends over XLA describe it, and what the core makes of it by itself."""

from typing import Any

import numpy as np

from cases import Case, Inputs, precision
from fusedloss import _core
from fusedloss._formulas.calls import Call, Operands
from support import Result, rows_of


def call_of(
    case: Case, inputs: Inputs, reduction: int = _core.SUM, axis: int | None = None
) -> Call:
    row_axis = inputs.y_pred.ndim - 1 if case.is_row else axis
    return Call(case.loss.id, tuple(case.parameters.values()), None, row_axis, reduction)


def compute(call: Call, operands: Operands) -> Result:
    """On NumPy arrays, gradients included."""
    y_pred = operands.y_pred
    shape = rows_of(y_pred.shape, call.row_axis) if call.reduction == _core.NONE else ()
    loss, grad = np.empty(shape, precision(y_pred.dtype)), np.empty_like(y_pred)
    more_grads = tuple(np.empty_like(y_pred) for _ in operands.more)
    weights = operands.sample_weight, operands.mask, operands.class_weight
    options = call.ignore_label, call.row_axis, call.reduction, call.denominator, call.flags
    # fmt: off
    scale = _core.compute(
        call.loss_id, call.params, operands.y_true, y_pred, *weights, *options, loss, grad,
        operands.more, more_grads,
    )
    # fmt: on
    return Result(loss, grad, scale, more_grads)


def flushed(values: Any) -> Any:
    """XLA has its threads take numbers that are not normal for 0."""
    array = np.asarray(values)
    tiny = np.finfo(np.float32).tiny
    return np.where(abs(array.astype(np.float64)) < tiny, array.dtype.type(0), array)


def predictions_of(operands: Operands) -> tuple[Any, ...]:
    return operands.y_pred, *operands.more


def with_predictions(operands: Operands, predictions: tuple[Any, ...]) -> Operands:
    return operands._replace(y_pred=predictions[0], more=tuple(predictions[1:]))
