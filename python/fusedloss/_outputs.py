"""Where results go: the arrays a caller gives for them, and memory for the others."""

import math
from typing import Any

import numpy as np

from fusedloss import _core
from fusedloss._arguments import require_array

Arrays = tuple[np.ndarray, ...]


def gradients(
    out: Any, y_pred: np.ndarray, count: int, inputs: dict[str, np.ndarray | None]
) -> Arrays:
    """The arrays for `count` gradients.

    `out` is the caller's: None, one array, or a tuple of them if there are several gradients.
    `inputs` are all arrays but y_pred that are still to be read while gradients are written.
    """
    if out is None:
        return tuple(empty(y_pred.shape, y_pred.dtype) for _ in range(count))
    if count == 1:
        _check("out", out, y_pred, inputs, may_replace=True)
        return (out,)
    if not isinstance(out, tuple) or len(out) != count:
        got = f"a tuple of {len(out)}" if isinstance(out, tuple) else f"a {type(out).__name__}"
        raise TypeError(f"out must be a tuple of {count} arrays, one per prediction, got {got}")
    for place, array in enumerate(out):
        name = f"out[{place}]"
        _check(name, array, y_pred, inputs, may_replace=place == 0)
        inputs = inputs | {name: array}
    result: Arrays = out
    return result


def _check(
    name: str,
    out: Any,
    y_pred: np.ndarray,
    inputs: dict[str, np.ndarray | None],
    may_replace: bool,
) -> None:
    """`out` can take a gradient, and writing it spoils no input that is still to be read."""
    require_array(name, out)
    if out.shape != y_pred.shape:
        raise ValueError(f"{name} must have the shape of y_pred, {y_pred.shape}, got {out.shape}")
    if out.dtype != y_pred.dtype:
        raise TypeError(f"{name} must have the dtype of y_pred, {y_pred.dtype}, got {out.dtype}")
    if not out.flags.writeable:
        raise ValueError(f"{name} must be writeable, got a read-only array")
    if any(stride == 0 and size > 1 for stride, size in zip(out.strides, out.shape, strict=True)):
        raise ValueError(f"{name} must have memory for each element, got a broadcast view")
    for input_name, array in inputs.items():
        if array is not None and np.shares_memory(out, array):
            raise ValueError(f"{name} must not overlap {input_name}: they share memory")
    if out is y_pred and may_replace:
        return
    if np.shares_memory(out, y_pred):
        if not may_replace:
            raise ValueError(f"{name} must not overlap y_pred: they share memory")
        same_start = out.ctypes.data == y_pred.ctypes.data
        if not (same_start and out.strides == y_pred.strides):
            raise ValueError(f"{name} must be y_pred itself or not overlap it: they share memory")


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Uninitialised C-contiguous array; a large one in memory whose pages are kept for reuse."""
    size = math.prod(shape) * dtype.itemsize
    if size < _core.REUSE_BYTES:
        return np.empty(shape, dtype)
    memory: Any = _core.Buffer(size)  # NumPy's stubs know fewer buffers than NumPy
    return np.frombuffer(memory, dtype).reshape(shape)


def empty_statistics(rows: tuple[int, ...], dtype: np.dtype, y_true: Any) -> tuple[Any, ...]:
    """Arrays for what the core finds out; there is a label only where labels are integers."""
    lse, entropy = empty(rows, dtype), empty(rows, dtype)
    of_label = empty(rows, dtype) if y_true.shape == rows else None
    return lse, of_label, entropy, np.empty(rows, np.int64)
