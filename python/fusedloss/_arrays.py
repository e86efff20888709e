"""NumPy arrays in, NumPy arrays out: shapes, dtypes, weights, reductions and denominators.

Every rule that the public functions share is here, in `_arguments`, `_rows` or `_outputs`, and
nowhere else; what a loss computes is the core's business. The core checks again whatever memory
safety rests on.
"""

from numbers import Real
from typing import Any

import numpy as np

from fusedloss import _arguments, _core, _outputs, _rows
from fusedloss._arguments import integer, number
from fusedloss._direct import Options, direct
from fusedloss._registry import LARGEST_PROBABILITY
from fusedloss._statistics import complete

Shape = tuple[int, ...]

_FLOAT32: np.dtype = np.dtype(np.float32)
_FLOAT64: np.dtype = np.dtype(np.float64)
# dtype of y_pred -> dtype of the loss. bfloat16 joins when it is first seen: see _loss_dtype.
_LOSS_DTYPES: dict[np.dtype, np.dtype] = {
    np.dtype(np.float16): _FLOAT32,
    _FLOAT32: _FLOAT32,
    _FLOAT64: _FLOAT64,
}
_SPARSE = "use the loss of the same name that starts with sparse_"
_NOT_SPARSE = "use the loss of the same name without sparse_"
ONE_HOT = "make them one-hot, such as numpy.eye(classes)[y_true]"


class Positives:
    """A denominator: the sum of the positive targets of the rows that count, at least 1."""


def evaluate_pointwise(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: np.ndarray,
    y_pred: np.ndarray,
    options: Options,
    axis: int = -1,
    weights: Any = None,
    weight_name: str = "pos_weight",
    highest: float = float("inf"),
    more: tuple[Any, ...] = (),
) -> Any:
    """Loss of single elements: averaged over ``axis``, unless the arrays are 1-D.

    ``weights`` are numbers in [0, highest], one for all outputs along ``axis`` or one for each. A
    further prediction in ``more`` is an array, or a number for all elements.
    """
    if weights is None and not more:
        found = direct(loss, params, y_true, y_pred, options, axis)
        if found is not None:
            return found
    _require_arrays(y_true, y_pred)
    shape = y_pred.shape
    if y_true.shape != shape:
        _arguments.refuse_shape("y_true", y_true.shape, shape)
    if not shape:
        raise ValueError("y_pred must have a batch axis, got a 0-d array: use y_pred.reshape(1)")
    axis = _rows.normalize_axis(axis, len(shape))
    row_axis: int | None = axis
    rows, outputs = shape[:axis] + shape[axis + 1 :], shape[axis]
    if len(shape) == 1:  # n samples of one output: every element is a row
        row_axis, rows, outputs = None, shape, 1
    if weights is not None:
        if isinstance(weights, Real):
            weights = np.full(outputs, weights)
        weights = _arguments.per_class(weight_name, weights, outputs, highest)
        weights = np.broadcast_to(weights.reshape(-1, *[1] * (len(shape) - 1 - axis)), shape)
    several = 1
    if more:
        several += sum(not isinstance(value, Real) for value in more)
        more = _further(loss, more, shape)
    # fmt: off
    return _evaluate(
        loss, params, y_true, y_pred, weights, None, row_axis, rows, options, more, several,
    )
    # fmt: on


def evaluate_dense(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: np.ndarray,
    y_pred: np.ndarray,
    options: Options,
    axis: int,
    class_weight: Any = None,
    weight_name: str = "class_weight",
    statistics: bool = False,
    labels: str = _SPARSE,
) -> Any:
    """Loss of rows of classes along ``axis``; ``y_true`` has a value for every class.

    ``labels`` is the advice to someone who has integer labels.
    """
    if class_weight is None and not statistics:
        found = direct(loss, params, y_true, y_pred, options, axis)
        if found is not None:
            return found
    _require_arrays(y_true, y_pred)
    axis, rows = _rows.split_classes(y_pred.shape, axis)
    if y_true.shape != y_pred.shape:
        _arguments.refuse_dense_labels(y_true, y_pred.shape, rows, labels)
    if class_weight is not None:
        class_weight = _arguments.per_class(weight_name, class_weight, y_pred.shape[axis])
    # fmt: off
    return _evaluate(
        loss, params, y_true, y_pred, class_weight, None, axis, rows, options,
        statistics=statistics,
    )
    # fmt: on


def evaluate_sparse(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: np.ndarray,
    y_pred: np.ndarray,
    options: Options,
    axis: int,
    ignore_class: int | None,
    class_weight: Any = None,
    weight_name: str = "class_weight",
    statistics: bool = False,
    dense: str = _NOT_SPARSE,
) -> Any:
    """Loss of rows of classes along ``axis``; ``y_true`` has one integer label for every row.

    ``dense`` is the advice to someone who has one-hot or soft labels.
    """
    if class_weight is None and not statistics:
        found = direct(loss, params, y_true, y_pred, options, axis, True, ignore_class)
        if found is not None:
            return found
    _require_arrays(y_true, y_pred)
    axis, rows = _rows.split_classes(y_pred.shape, axis)
    if y_true.shape != rows or y_true.dtype.kind not in "iu":
        _arguments.refuse_labels(y_true, y_pred.shape, rows, dense)
    if class_weight is not None:
        class_weight = _arguments.per_class(weight_name, class_weight, y_pred.shape[axis])
    if ignore_class is not None:
        ignore_class = integer("ignore_class", ignore_class)
    # fmt: off
    return _evaluate(
        loss, params, y_true, y_pred, class_weight, ignore_class, axis, rows, options,
        statistics=statistics,
    )
    # fmt: on


def evaluate_vectors(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: Any,
    y_pred: np.ndarray,
    options: Options,
    axis: int,
    more: tuple[np.ndarray, ...],
    name: str = "y_pred",
) -> Any:
    """Loss of several vectors along ``axis``; ``y_true`` has an integer for every row, or is None.

    ``name`` is that of ``y_pred`` in the public function.
    """
    _arguments.require_array(name, y_pred)
    axis, rows = _rows.split_classes(y_pred.shape, axis, name)
    if loss.targets == "rows":
        _arguments.require_array("y_true", y_true)
        if y_true.shape != rows or y_true.dtype.kind not in "iu":
            _arguments.refuse_kinds(y_true, rows)
    if y_pred.dtype not in _LOSS_DTYPES:
        _loss_dtype(y_pred.dtype, name)
    more = _further(loss, more, y_pred.shape, name)
    # fmt: off
    return _evaluate(
        loss, params, y_true, y_pred, None, None, axis, rows, options, more, 1 + len(more),
    )
    # fmt: on


def _evaluate(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: np.ndarray | None,
    y_pred: np.ndarray,
    class_weight: np.ndarray | None,
    ignore_label: int | None,
    row_axis: int | None,
    rows: Shape,
    options: Options,
    more: tuple[np.ndarray, ...] = (),
    several: int = 1,
    statistics: bool = False,
) -> Any:
    """Prepare the outputs, run the core, return what the caller asked for.

    There are gradients of the first ``several`` predictions.
    """
    sample_weight, mask, reduction, denominator, return_grad, out = options
    loss_dtype = _LOSS_DTYPES.get(y_pred.dtype) or _loss_dtype(y_pred.dtype)
    code = _arguments.reduction_code(reduction)
    for value in params:
        if type(value) is not float:
            params = _numbers(loss, params)
            break
    if y_true is not None and (y_true.dtype.kind == "u" or not y_true.dtype.isnative):
        y_true = _readable(y_true)
    largest = LARGEST_PROBABILITY.get(loss.id)
    # What a weight, a mask or a label leaves out may hold anything.
    if largest and sample_weight is None and mask is None and ignore_label is None:
        _arguments.require_within("y_pred", y_pred, 0, largest, "logits need from_logits=True")
    if sample_weight is not None:
        sample_weight = _rows.spread("sample_weight", sample_weight, rows, y_pred.shape)
    if mask is not None:
        mask = _rows.spread("mask", mask, rows, y_pred.shape)
    divisor = 0.0
    if denominator is not None:
        if denominator is Positives:
            denominator = _rows.positives(y_true, rows, row_axis, sample_weight, mask, ignore_label)
        divisor = _arguments.divisor_of(denominator, reduction)
    grads: tuple[np.ndarray | None, ...] = (None,)
    if return_grad or out is not None:
        inputs = {"y_true": y_true, "sample_weight": sample_weight, "mask": mask}
        inputs["class_weight"] = class_weight
        if more:
            inputs |= zip(loss.more, more, strict=True)
        grads = _outputs.gradients(out, y_pred, several, inputs)
    loss_out = _outputs.empty(rows if code == _core.NONE else (), loss_dtype)
    found = _outputs.empty_statistics(rows, loss_dtype, y_true) if statistics else None
    # fmt: off
    _core.compute(
        loss.id, params, y_true, y_pred, sample_weight, mask, class_weight, ignore_label,
        row_axis, code, divisor, 0, loss_out, grads[0], more,
        grads[1:] + (None,) * (1 + len(more) - len(grads)), found,
    )
    # fmt: on
    result = loss_out if code == _core.NONE else loss_out[()]
    if not return_grad and found is None:
        return result
    gradient = () if not return_grad else (grads[0] if several == 1 else grads,)
    return result, *gradient, *(() if found is None else (complete(found, y_true),))


def _require_arrays(y_true: Any, y_pred: Any) -> None:
    if type(y_true) is not np.ndarray:
        _arguments.require_array("y_true", y_true)
    if type(y_pred) is not np.ndarray:
        _arguments.require_array("y_pred", y_pred)


def _further(
    loss: _core.LossInfo, more: tuple[Any, ...], shape: Shape, name: str = "y_pred"
) -> tuple[np.ndarray, ...]:
    """Further predictions as arrays in the shape of y_pred."""
    arrays = []
    for name_of_array, value in zip(loss.more, more, strict=True):
        if isinstance(value, Real):
            value = np.broadcast_to(np.float64(value), shape)
        _arguments.require_array(name_of_array, value)
        if value.shape != shape:
            _arguments.refuse_shape(name_of_array, value.shape, shape, name)
        if value.dtype not in _LOSS_DTYPES:
            _loss_dtype(value.dtype, name_of_array)
        arrays.append(value)
    return tuple(arrays)


def _loss_dtype(dtype: np.dtype, name: str = "y_pred") -> np.dtype:
    # ml_dtypes registers bfloat16 with NumPy; recognised by name, it need not be imported.
    if dtype.name != "bfloat16":
        raise TypeError(
            f"{name} must be float16, bfloat16, float32 or float64 of this machine, got {dtype!r}"
        )
    return _LOSS_DTYPES.setdefault(dtype, _FLOAT32)


def _numbers(loss: _core.LossInfo, params: tuple[Any, ...]) -> tuple[float, ...]:
    return tuple(
        number(parameter.name, value)
        for parameter, value in zip(loss.parameters, params, strict=False)
    )


def _readable(y_true: np.ndarray) -> np.ndarray:
    """What the core does not read: in the next wider signed type, or in this machine's order."""
    if not y_true.dtype.isnative:
        y_true = y_true.astype(y_true.dtype.newbyteorder("="))
    wider = {2: np.int32, 4: np.int64, 8: np.int64}.get(y_true.dtype.itemsize)
    return y_true if wider is None or y_true.dtype.kind != "u" else y_true.astype(wider)
