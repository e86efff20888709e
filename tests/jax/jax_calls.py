"""One call of the core, by JAX and without it."""

from typing import Any

import jax
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


def operands_of(inputs: Inputs) -> Operands:
    given = inputs.y_true, inputs.y_pred, inputs.more
    arrays = jax.tree.map(jax.numpy.asarray, given)
    weight = None if inputs.class_weight is None else jax.numpy.asarray(inputs.class_weight)
    return Operands(*arrays, class_weight=weight)


def without_jax(call: Call, operands: Operands) -> Result:
    """The same call of the core on NumPy arrays, gradients included."""
    arrays = jax.tree.map(np.asarray, operands)
    y_pred = arrays.y_pred
    shape = rows_of(y_pred.shape, call.row_axis) if call.reduction == _core.NONE else ()
    loss, grad = np.empty(shape, precision(y_pred.dtype)), np.empty_like(y_pred)
    more_grads = tuple(np.empty_like(y_pred) for _ in arrays.more)
    weights = arrays.sample_weight, arrays.mask, arrays.class_weight
    options = call.ignore_label, call.row_axis, call.reduction, call.denominator, call.flags
    # fmt: off
    scale = _core.compute(
        call.loss_id, call.params, arrays.y_true, y_pred, *weights, *options, loss, grad,
        arrays.more, more_grads,
    )
    # fmt: on
    return Result(loss, grad, scale, more_grads)


def predictions_of(operands: Operands) -> tuple[Any, ...]:
    return operands.y_pred, *operands.more


def with_predictions(operands: Operands, predictions: tuple[Any, ...]) -> Operands:
    return operands._replace(y_pred=predictions[0], more=tuple(predictions[1:]))
