"""Arrays of JAX in, arrays of JAX out: what is checked before a loss is traced.

The rules are those of the NumPy functions: shapes must match, and are known also of a tracer. What
depends on values is not checked, since values are not known while a function is traced.
"""

from numbers import Real
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from fusedloss import _arguments, _core, _rows
from fusedloss._arguments import describe, integer, number
from fusedloss._formulas import operations
from fusedloss._formulas.calls import Call, Operands, along
from fusedloss._registry import complete_parameters
from fusedloss._statistics import Statistics, complete
from fusedloss.jax import _namespace
from fusedloss.jax._loss import fused

Shape = tuple[int, ...]

# sample_weight, mask, reduction, denominator, inplace: what every public function takes.
Options = tuple[ArrayLike | None, ArrayLike | None, str | None, Any, bool]

# The loss, and what was found out about the rows.
Result = tuple[Array, Statistics | None]

ONE_HOT = "make them one-hot with jax.nn.one_hot"
_SPARSE = "use the loss of the same name that starts with sparse_"
_NOT_SPARSE = "use the loss of the same name without sparse_"


class Positives:
    """A denominator: the sum of the positive targets of the rows that count, at least 1."""


def evaluate_pointwise(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: ArrayLike,
    y_pred: ArrayLike,
    options: Options,
    axis: int = -1,
    weights: Any = None,
    weight_name: str = "pos_weight",
    highest: float = float("inf"),
    more: tuple[Any, ...] = (),
) -> Array:
    """Loss of single elements: averaged over ``axis``, unless the arrays are 1-D.

    ``weights`` are numbers in [0, highest], one for all outputs along ``axis`` or one for each. A
    further prediction in ``more`` is an array, or a number for all elements.
    """
    target, prediction = arrays_of(y_true, y_pred)
    shape = prediction.shape
    if target.shape != shape:
        _arguments.refuse_shape("y_true", target.shape, shape)
    axis = _rows.normalize_axis(axis, len(shape)) if shape else 0
    row_axis = None if len(shape) <= 1 else axis  # n samples of one output: elements are rows
    if weights is not None:
        if isinstance(weights, Real):
            weights = np.full(1 if row_axis is None else shape[axis], weights)
        outputs = 1 if row_axis is None else shape[axis]
        weights = _per_class(weight_name, weights, outputs, highest)
        weights = weights.reshape([-1 if each == axis else 1 for each in range(len(shape))])
    others = _further(loss, more, shape)
    operands = Operands(target, prediction, others, class_weight=weights)
    return _evaluate(loss, params, operands, None, row_axis, options)[0]


def evaluate_dense(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: ArrayLike,
    y_pred: ArrayLike,
    options: Options,
    axis: int,
    class_weight: Any = None,
    weight_name: str = "class_weight",
    statistics: bool = False,
    labels: str = _SPARSE,
) -> Result:
    """Loss of rows of classes along ``axis``; ``y_true`` has a value for every class.

    ``labels`` is the advice to someone who has integer labels.
    """
    target, prediction = arrays_of(y_true, y_pred)
    axis, rows = _rows.split_classes(prediction.shape, axis, batched=False)
    if target.shape != prediction.shape:
        _arguments.refuse_dense_labels(target, prediction.shape, rows, labels)
    if class_weight is not None:
        class_weight = _per_class(weight_name, class_weight, prediction.shape[axis])
    operands = Operands(target, prediction, class_weight=class_weight)
    return _evaluate(loss, params, operands, None, axis, options, statistics)


def evaluate_sparse(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: ArrayLike,
    y_pred: ArrayLike,
    options: Options,
    axis: int,
    ignore_class: int | None,
    class_weight: Any = None,
    weight_name: str = "class_weight",
    statistics: bool = False,
    dense: str = _NOT_SPARSE,
) -> Result:
    """Loss of rows of classes along ``axis``; ``y_true`` has one integer label for every row.

    ``dense`` is the advice to someone who has one-hot or soft labels.
    """
    target, prediction = arrays_of(y_true, y_pred)
    axis, rows = _rows.split_classes(prediction.shape, axis, batched=False)
    if target.shape != rows or target.dtype.kind not in "iu":
        _arguments.refuse_labels(target, prediction.shape, rows, dense)
    if class_weight is not None:
        class_weight = _per_class(weight_name, class_weight, prediction.shape[axis])
    if ignore_class is not None:
        ignore_class = integer("ignore_class", ignore_class)
    operands = Operands(target, prediction, class_weight=class_weight)
    return _evaluate(loss, params, operands, ignore_class, axis, options, statistics)


def evaluate_vectors(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: ArrayLike | None,
    y_pred: ArrayLike,
    options: Options,
    axis: int,
    more: tuple[ArrayLike, ...],
    name: str = "y_pred",
) -> Array:
    """Loss of several vectors along ``axis``; ``y_true`` has an integer for every row, or is None.

    ``name`` is that of ``y_pred`` in the public function.
    """
    prediction = _prediction(name, y_pred)
    axis, rows = _rows.split_classes(prediction.shape, axis, name, batched=False)
    target = None
    if y_true is not None:
        target = _array("y_true", y_true)
        if target.shape != rows or target.dtype.kind not in "iu":
            _arguments.refuse_kinds(target, rows)
        target = _readable(target)
    others = _further(loss, more, prediction.shape, name)
    return _evaluate(loss, params, Operands(target, prediction, others), None, axis, options)[0]


def signs(y_true: ArrayLike) -> Array:
    """Labels 0 and 1 as -1 and 1, if there are no others: the rule of Keras."""
    labels = _array("y_true", y_true)
    if labels.dtype == jnp.bool_ or labels.dtype.kind == "u":
        labels = labels.astype(jnp.int32)
    binary = ((labels == 0) | (labels == 1)).all()
    return jnp.where(binary, 2 * labels - 1, labels)


def _evaluate(
    loss: _core.LossInfo,
    params: tuple[Any, ...],
    operands: Operands,
    ignore_label: int | None,
    row_axis: int | None,
    options: Options,
    statistics: bool = False,
) -> Result:
    sample_weight, mask, reduction, denominator, inplace = options
    y_true, y_pred = operands.y_true, operands.y_pred
    code = _arguments.reduction_code(reduction)
    names = [parameter.name for parameter in loss.parameters]
    params = complete_parameters(loss, tuple(map(number, names, params)))
    shape = y_pred.shape
    rows = shape if row_axis is None else shape[:row_axis] + shape[row_axis + 1 :]
    weight = exists = None
    if sample_weight is not None:
        weight = _spread("sample_weight", _array("sample_weight", sample_weight), rows, shape)
    if mask is not None:
        exists = _spread("mask", _array("mask", mask), rows, shape)
    operands = operands._replace(sample_weight=weight, mask=exists)
    call = Call(loss.id, params, ignore_label, row_axis, code, inplace=bool(inplace))
    if denominator is not None:
        divisor = _divisor(denominator, reduction, call, operands)
        operands = operands._replace(divisor=divisor.astype(_loss_dtype(y_pred)))
    value, found = fused(call, statistics, operands)
    if not statistics:
        return value, None
    if len(found) == 3:  # none of a label
        found = found[0], None, *found[1:]
    return value, complete(found, y_true)


def arrays_of(
    y_true: Any, y_pred: Any, target_name: str = "y_true", name: str = "y_pred"
) -> tuple[Array, Array]:
    """Targets and predictions, the latter of a floating dtype."""
    target = _array(target_name, y_true)
    if target.dtype.kind == "u":
        target = _readable(target)
    return target, _prediction(name, y_pred)


def _array(name: str, value: Any) -> Array:
    if isinstance(value, jax.Array):
        return value
    if isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray):
        return jnp.asarray(value)
    raise TypeError(f"{name} must be a jax.Array or a numpy.ndarray, got {describe(value)}")


def _prediction(name: str, value: Any) -> Array:
    array = _array(name, value)
    if array.dtype not in (jnp.float32, jnp.bfloat16, jnp.float16, jnp.float64):
        raise TypeError(
            f"{name} must be float16, bfloat16, float32 or float64, got {array.dtype.name}"
        )
    return array


def _loss_dtype(y_pred: Array) -> Any:
    return jnp.promote_types(y_pred.dtype, jnp.float32)


def _further(
    loss: _core.LossInfo, more: tuple[Any, ...], shape: Shape, name: str = "y_pred"
) -> tuple[Array, ...]:
    """Further predictions as arrays in the shape of y_pred, or of a number that all share."""
    arrays = []
    for name_of_array, value in zip(loss.more, more, strict=True):
        if isinstance(value, Real):
            constant = jnp.asarray(float(value), jnp.result_type(float))
            arrays.append(constant.reshape((1,) * len(shape)))
            continue
        array = _prediction(name_of_array, value)
        if array.shape != shape:
            _arguments.refuse_shape(name_of_array, array.shape, shape, name)
        arrays.append(array)
    return tuple(arrays)


def _per_class(name: str, values: Any, classes: int, high: float = float("inf")) -> Array:
    """One weight per class, or per output; its values are checked unless JAX has them."""
    if not isinstance(values, jax.Array):
        return jnp.asarray(_arguments.per_class(name, values, classes, high))
    if values.shape != (classes,):
        raise ValueError(f"{name} must have shape {(classes,)}, got {values.shape}")
    return values


def _spread(name: str, values: Array, rows: Shape, shape: Shape) -> Array:
    """Weights or a mask with as many axes as the rows, each of equal size or 1."""
    if name == "mask" and values.dtype != jnp.bool_:
        raise TypeError(f"mask must be a bool array, got {values.dtype}: use mask != 0")
    if name != "mask" and values.dtype.kind in "ub":
        values = values.astype(jnp.float32)
    aligned = values.reshape(values.shape + (1,) * (len(rows) - values.ndim))
    sizes = zip(aligned.shape, rows, strict=False)
    if aligned.ndim != len(rows) or not all(size in (1, row) for size, row in sizes):
        _arguments.refuse_weights(name, values.shape, rows, shape)
    return aligned


def _divisor(denominator: Any, reduction: str | None, call: Call, operands: Operands) -> Array:
    if denominator is Positives:
        _arguments.divisor_of(1.0, reduction)
        return _positives(call, operands)
    if isinstance(denominator, (jax.Array, np.ndarray)):
        if denominator.shape != ():
            raise ValueError(
                f"denominator must be a number or a 0-d array, got shape {denominator.shape}"
            )
        _arguments.divisor_of(1.0, reduction)
        return jnp.asarray(denominator)
    return jnp.asarray(_arguments.divisor_of(denominator, reduction))


def _positives(call: Call, operands: Operands) -> Array:
    """The sum of the positive targets of the rows that count, at least 1."""
    y_true, y_pred, axis = operands.y_true, operands.y_pred, call.row_axis
    assert y_true is not None
    sparse = y_true.ndim < y_pred.ndim
    beside = y_true if sparse else y_pred
    given = operands.sample_weight, operands.mask
    weight, exists = (None if each is None else along(each, beside, axis) for each in given)
    if call.ignore_label is not None and sparse:
        labelled = y_true != call.ignore_label
        exists = labelled if exists is None else exists & labelled
    dtype = _loss_dtype(y_pred)
    # An integer label is one positive target.
    targets = jnp.ones(y_true.shape, dtype) if sparse else y_true.astype(dtype)
    return jnp.maximum(1, operations.positives(_namespace, targets, weight, exists).sum())


def _readable(labels: Array) -> Array:
    """Unsigned labels that the core does not read, in the next wider signed type there is."""
    if labels.dtype.kind != "u" or labels.dtype.itemsize == 1:
        return labels
    wide = jnp.int32 if labels.dtype.itemsize == 2 else jax.dtypes.canonicalize_dtype(np.int64)
    return labels.astype(wide)
