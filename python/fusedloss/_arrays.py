"""NumPy arrays in, NumPy arrays out: shapes, dtypes, weights, reductions and denominators.

Every rule that the public functions share is here and nowhere else; what a loss computes is the
core's business. The core checks again whatever memory safety rests on.
"""

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from fusedloss import _arguments, _core
from fusedloss._arguments import integer, number

LOSSES = {info.name: info for info in _core.losses()}

Shape = tuple[int, ...]
# sample_weight, mask, reduction, denominator, return_grad, out: what every public function takes.
Options = tuple[
    np.ndarray | None, np.ndarray | None, str | None, float | None, bool, np.ndarray | None
]

_REDUCTIONS = {
    "sum_over_batch_size": _core.MEAN,
    "mean": _core.MEAN,
    "sum": _core.SUM,
    "mean_with_sample_weight": _core.WEIGHTED_MEAN,
    "none": _core.NONE,
    None: _core.NONE,
}
_FLOAT32: np.dtype = np.dtype(np.float32)
_FLOAT64: np.dtype = np.dtype(np.float64)
# dtype of y_pred -> dtype of the loss. bfloat16 joins when it is first seen: see _loss_dtype.
_LOSS_DTYPES: dict[np.dtype, np.dtype] = {
    np.dtype(np.float16): _FLOAT32,
    _FLOAT32: _FLOAT32,
    _FLOAT64: _FLOAT64,
}


def evaluate_pointwise(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: np.ndarray,
    y_pred: np.ndarray,
    options: Options,
    axis: int = -1,
    pos_weight: Any = None,
) -> Any:
    """Loss of single elements: averaged over ``axis``, unless the arrays are 1-D."""
    _require_arrays(y_true, y_pred)
    shape = y_pred.shape
    if y_true.shape != shape:
        _arguments.refuse_targets(y_true, shape)
    if not shape:
        raise ValueError("y_pred must have a batch axis, got a 0-d array: use y_pred.reshape(1)")
    axis = _normalize_axis(axis, len(shape))
    row_axis: int | None = axis
    rows, outputs = shape[:axis] + shape[axis + 1 :], shape[axis]
    if len(shape) == 1:  # n samples of one output: every element is a row
        row_axis, rows, outputs = None, shape, 1
    if pos_weight is not None:
        if isinstance(pos_weight, Real):
            pos_weight = np.full(outputs, pos_weight)
        weight = _per_class("pos_weight", pos_weight, outputs)
        pos_weight = np.broadcast_to(weight.reshape(-1, *[1] * (len(shape) - 1 - axis)), shape)
    return _evaluate(loss, params, y_true, y_pred, pos_weight, None, row_axis, rows, options)


def evaluate_dense(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: np.ndarray,
    y_pred: np.ndarray,
    options: Options,
    axis: int,
    class_weight: Any = None,
    weight_name: str = "class_weight",
) -> Any:
    """Loss of rows of classes along ``axis``; ``y_true`` has a value for every class."""
    _require_arrays(y_true, y_pred)
    axis, rows = _split_classes(y_pred.shape, axis)
    if y_true.shape != y_pred.shape:
        _arguments.refuse_dense_labels(y_true, y_pred.shape, rows)
    if class_weight is not None:
        class_weight = _per_class(weight_name, class_weight, y_pred.shape[axis])
    return _evaluate(loss, params, y_true, y_pred, class_weight, None, axis, rows, options)


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
) -> Any:
    """Loss of rows of classes along ``axis``; ``y_true`` has one integer label for every row."""
    _require_arrays(y_true, y_pred)
    axis, rows = _split_classes(y_pred.shape, axis)
    if y_true.shape != rows or y_true.dtype.kind not in "iu":
        _arguments.refuse_labels(y_true, y_pred.shape, rows)
    if class_weight is not None:
        class_weight = _per_class(weight_name, class_weight, y_pred.shape[axis])
    if ignore_class is not None:
        ignore_class = integer("ignore_class", ignore_class)
    return _evaluate(loss, params, y_true, y_pred, class_weight, ignore_class, axis, rows, options)


def _evaluate(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: np.ndarray,
    y_pred: np.ndarray,
    class_weight: np.ndarray | None,
    ignore_label: int | None,
    row_axis: int | None,
    rows: Shape,
    options: Options,
) -> Any:
    """Prepare the outputs, run the core, return what the caller asked for."""
    sample_weight, mask, reduction, denominator, return_grad, gradient = options
    loss_dtype = _LOSS_DTYPES.get(y_pred.dtype) or _loss_dtype(y_pred.dtype)
    code = _reduction_code(reduction)
    divisor = 0.0 if denominator is None else _divisor(denominator, reduction)
    for value in params:
        if type(value) is not float:
            params = _numbers(loss, params)
            break
    if y_true.dtype.kind == "u":
        y_true = _signed(y_true)
    if sample_weight is not None:
        sample_weight = _spread("sample_weight", sample_weight, rows, y_pred.shape)
    if mask is not None:
        mask = _spread("mask", mask, rows, y_pred.shape)
    if gradient is not None:
        inputs = {"y_true": y_true, "sample_weight": sample_weight, "mask": mask}
        _check_out(gradient, y_pred, inputs | {"class_weight": class_weight})
    elif return_grad:
        gradient = _empty(y_pred.shape, y_pred.dtype)
    loss_out = _empty(rows if code == _core.NONE else (), loss_dtype)
    # fmt: off
    _core.compute(
        loss.id, params, y_true, y_pred, sample_weight, mask, class_weight, ignore_label,
        row_axis, code, divisor, 0, loss_out, gradient,
    )
    # fmt: on
    result = loss_out if code == _core.NONE else loss_out[()]
    return (result, gradient) if return_grad else result


def _require_arrays(y_true: Any, y_pred: Any) -> None:
    if type(y_true) is not np.ndarray:
        _arguments.require_array("y_true", y_true)
    if type(y_pred) is not np.ndarray:
        _arguments.require_array("y_pred", y_pred)


def _normalize_axis(axis: int, ndim: int) -> int:
    """``axis`` counted from the front."""
    if type(axis) is not int:
        axis = integer("axis", axis)
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis must be in [{-ndim}, {ndim}) for {ndim}-d y_pred, got {axis}")
    return axis % ndim


def _split_classes(shape: Shape, axis: int) -> tuple[int, Shape]:
    """The class axis counted from the front, and the shape of the rows."""
    if len(shape) < 2:
        raise ValueError(
            f"y_pred must have a batch axis and a class axis, got shape {shape}: for one sample "
            "use y_pred[np.newaxis], for two classes the binary losses"
        )
    axis = _normalize_axis(axis, len(shape))
    return axis, shape[:axis] + shape[axis + 1 :]


def _loss_dtype(dtype: np.dtype) -> np.dtype:
    # ml_dtypes registers bfloat16 with NumPy; recognised by name, it need not be imported.
    if dtype.name != "bfloat16":
        raise TypeError(
            f"y_pred must be float16, bfloat16, float32 or float64 of this machine, got {dtype!r}"
        )
    return _LOSS_DTYPES.setdefault(dtype, _FLOAT32)


def _reduction_code(reduction: str | None) -> int:
    try:
        return _REDUCTIONS[reduction]
    except (KeyError, TypeError):  # TypeError: not hashable
        names = ", ".join(map(repr, _REDUCTIONS))
        raise ValueError(f"reduction must be one of {names}, got {reduction!r}") from None


def _divisor(denominator: float, reduction: str | None) -> float:
    """``denominator``, checked, for the reductions that divide."""
    value = number("denominator", denominator)
    if not 0 < value < math.inf:
        raise ValueError(f"denominator must be finite and > 0, got {denominator}")
    if _REDUCTIONS[reduction] not in (_core.MEAN, _core.WEIGHTED_MEAN):
        raise ValueError(
            f"denominator replaces the divisor of a mean, but reduction={reduction!r} has none"
        )
    return value


def _numbers(loss: _core.LossInfo, params: tuple[Any, ...]) -> tuple[float, ...]:
    return tuple(
        number(parameter.name, value)
        for parameter, value in zip(loss.parameters, params, strict=False)
    )


def _signed(y_true: np.ndarray) -> np.ndarray:
    """uint16 and uint32, which the core does not read, in the next wider signed type."""
    wider = {2: np.int32, 4: np.int64}.get(y_true.dtype.itemsize)
    return y_true if wider is None else y_true.astype(wider)


def split_alpha(alpha: Any) -> tuple[float, Any]:
    """``alpha`` of a categorical focal loss as its parameter and as weights of the classes."""
    if isinstance(alpha, (np.ndarray, Sequence)):
        return 1.0, alpha
    return number("alpha", alpha), None


def _per_class(name: str, values: Any, classes: int) -> np.ndarray:
    """One weight per class, as an array."""
    weights = np.asarray(values)
    if weights.dtype.kind not in "iuf" and weights.dtype.name != "bfloat16":
        raise TypeError(f"{name} must hold numbers, got {_arguments.describe(values)}")
    if weights.shape != (classes,):
        raise ValueError(f"{name} must have shape {(classes,)}, got {weights.shape}")
    if not ((weights >= 0) & (weights < math.inf)).all():
        raise ValueError(f"{name} must be finite and >= 0, got {values}")
    return weights


def _spread(name: str, values: np.ndarray, rows: Shape, shape: Shape) -> np.ndarray:
    """Weights or a mask, broadcast to the rows from the left: the batch is the first axis."""
    _arguments.require_array(name, values)
    if name == "mask" and values.dtype != np.bool_:
        raise TypeError(f"mask must be a bool array, got {values.dtype}: use mask != 0")
    if values.shape == rows:
        return values
    missing = len(rows) - values.ndim
    aligned = values.reshape(values.shape + (1,) * missing) if missing > 0 else values
    try:
        return np.broadcast_to(aligned, rows)
    except ValueError:
        _arguments.refuse_weights(name, values.shape, rows, shape)


def _check_out(out: Any, y_pred: np.ndarray, inputs: dict[str, np.ndarray | None]) -> None:
    """``out`` can take the gradient, and writing it spoils no input that is still to be read."""
    _arguments.require_array("out", out)
    if out.shape != y_pred.shape:
        raise ValueError(f"out must have the shape of y_pred, {y_pred.shape}, got {out.shape}")
    if out.dtype != y_pred.dtype:
        raise TypeError(f"out must have the dtype of y_pred, {y_pred.dtype}, got {out.dtype}")
    if not out.flags.writeable:
        raise ValueError("out must be writeable, got a read-only array")
    if any(stride == 0 and size > 1 for stride, size in zip(out.strides, out.shape, strict=True)):
        raise ValueError("out must have memory for each element, got a broadcast view")
    for name, array in inputs.items():
        if array is not None and np.shares_memory(out, array):
            raise ValueError(f"out must not overlap {name}: they share memory")
    if out is not y_pred and np.shares_memory(out, y_pred):
        same_start = out.ctypes.data == y_pred.ctypes.data
        if not (same_start and out.strides == y_pred.strides):
            raise ValueError("out must be y_pred itself or not overlap it: they share memory")


def _empty(shape: Shape, dtype: np.dtype) -> np.ndarray:
    """Uninitialised C-contiguous array; a large one in memory whose pages are kept for reuse."""
    size = math.prod(shape) * dtype.itemsize
    if size < _core.REUSE_BYTES:
        return np.empty(shape, dtype)
    memory: Any = _core.Buffer(size)  # NumPy's stubs know fewer buffers than NumPy
    return np.frombuffer(memory, dtype).reshape(shape)
