"""What a row is: along which axis it lies, what it weighs, how many positive targets it has."""

from typing import Any

import numpy as np

from fusedloss import _arguments

Shape = tuple[int, ...]


def normalize_axis(axis: int, ndim: int, name: str = "y_pred") -> int:
    """``axis`` counted from the front."""
    if type(axis) is not int:
        axis = _arguments.integer("axis", axis)
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis must be in [{-ndim}, {ndim}) for {ndim}-d {name}, got {axis}")
    return axis % ndim


def split_classes(
    shape: Shape, axis: int, name: str = "y_pred", batched: bool = True
) -> tuple[int, Shape]:
    """The class axis counted from the front, and the shape of the rows.

    ``batched``: whether there must be another axis. JAX makes batches out of functions of one row.
    """
    if not (shape or batched):
        raise ValueError(f"{name} must have an axis along which a row lies, got a 0-d array")
    if len(shape) < 2 and batched:
        raise ValueError(
            f"{name} must have a batch axis and one along which a row lies, got shape {shape}: for "
            f"one sample use {name}[np.newaxis], for two classes of one output a binary loss"
        )
    axis = normalize_axis(axis, len(shape), name)
    return axis, shape[:axis] + shape[axis + 1 :]


def spread(name: str, values: np.ndarray, rows: Shape, shape: Shape) -> np.ndarray:
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


def positives(
    y_true: Any,
    rows: Shape,
    row_axis: int | None,
    sample_weight: np.ndarray | None,
    mask: np.ndarray | None,
    ignore_label: int | None,
) -> float:
    """The sum of the positive targets of the rows that count, at least 1."""
    counts = np.ones(rows, np.bool_) if mask is None else mask.copy()
    if sample_weight is not None:
        counts &= sample_weight != 0
    if ignore_label is not None:
        counts &= y_true != ignore_label
    if row_axis is None:
        targets = y_true[counts]
    elif y_true.shape == rows:  # an integer label is one positive target
        targets = counts
    else:
        targets = np.moveaxis(y_true, row_axis, -1)[counts]
    return max(1.0, float(np.sum(targets, where=targets > 0, dtype=np.float64)))
