"""Single arguments, and how a call that cannot be right is refused.

Every error names the argument, what came and what is expected, and how to get there if that can be
guessed.
"""

import operator
from numbers import Real
from typing import Any, NoReturn

import numpy as np

Shape = tuple[int, ...]


def describe(value: Any) -> str:
    """``value`` for an error message: small things themselves, arrays by shape and dtype."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}, shape {value.shape}"
    if value is None or isinstance(value, (str, int, float, complex)):
        return repr(value)
    return f"a {type(value).__name__}"


def number(name: str, value: Any) -> float:
    """``value`` as a float; a bool is 0 or 1."""
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {describe(value)}")
    return float(value)


def integer(name: str, value: Any, bits: int = 64) -> int:
    """``value`` as an int that fits into a signed one of the core."""
    try:
        result = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {describe(value)}") from None
    if not -(1 << bits - 1) <= result < 1 << bits - 1:
        raise ValueError(f"{name} must fit into {bits} bits, got {result}")
    return result


def require_array(name: str, value: Any) -> None:
    """Raise a TypeError unless ``value`` is an array without hidden entries."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{name} must be a plain numpy.ndarray, got a MaskedArray: pass its data and a mask "
            "(True: counts), such as mask=~array.mask"
        )
    if isinstance(value, np.ndarray):
        return
    advice = f"convert it with numpy.asarray({name})"
    if type(value).__module__.partition(".")[0] == "torch":
        advice = "fusedloss.torch takes tensors"
    raise TypeError(f"{name} must be a numpy.ndarray, got {describe(value)}: {advice}")


def refuse_targets(y_true: np.ndarray, shape: Shape) -> NoReturn:
    """Refuse targets that have another shape than the predictions."""
    advice = "shapes are never broadcast"
    if y_true.shape == (*shape, 1):
        advice = "drop the last axis with y_true.squeeze(-1)"
    elif (*y_true.shape, 1) == shape:
        advice = "add an axis with y_true[..., np.newaxis] or drop one with y_pred.squeeze(-1)"
    raise ValueError(f"y_true must have the shape of y_pred, {shape}, got {y_true.shape}: {advice}")


def refuse_dense_labels(y_true: np.ndarray, shape: Shape, rows: Shape) -> NoReturn:
    """Refuse dense targets that have another shape than the predictions."""
    if y_true.shape == rows:
        raise ValueError(
            f"y_true must have a value for every class, shape {shape}, got shape {rows}: for "
            "integer labels use the loss of the same name that starts with sparse_"
        )
    refuse_targets(y_true, shape)


def refuse_labels(y_true: np.ndarray, shape: Shape, rows: Shape) -> NoReturn:
    """Refuse labels that are not one integer for every row."""
    got = y_true.shape
    if got == rows:
        advice = "use y_true.astype(numpy.int64)"
        if y_true.dtype == np.bool_:
            advice += "; for two classes with one output use the binary losses"
        raise TypeError(f"y_true must have an integer dtype, got {y_true.dtype}: {advice}")
    advice = "one integer label for every row"
    if got == shape:
        advice = "for one-hot or soft labels use the loss of the same name without sparse_"
    elif got == (*rows, 1):
        advice = "drop the last axis with y_true.squeeze(-1)"
    raise ValueError(
        f"y_true must have the shape of y_pred without the class axis, {rows}, got {got}: {advice}"
    )


def refuse_weights(name: str, got: Shape, rows: Shape, shape: Shape) -> NoReturn:
    """Refuse weights, or a mask, that do not broadcast to the rows from the left."""
    advice = "axes are matched from the first one, each of equal size or 1"
    if got == shape:
        advice = "there is one per row; to weigh single elements ravel all the arrays"
    elif got == (*rows, 1):
        advice = f"drop the last axis with {name}.squeeze(-1)"
    raise ValueError(f"{name} must broadcast to the shape of the rows, {rows}, got {got}: {advice}")
