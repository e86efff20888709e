"""Single arguments, and how a call that cannot be right is refused.

Every error names the argument, what came and what is expected, and how to get there if that can be
guessed.
"""

import math
import operator
from numbers import Real
from typing import Any, NoReturn

import numpy as np

from fusedloss import _core

REDUCTIONS = {
    "sum_over_batch_size": _core.MEAN,
    "mean": _core.MEAN,
    "sum": _core.SUM,
    "mean_with_sample_weight": _core.WEIGHTED_MEAN,
    "none": _core.NONE,
    None: _core.NONE,
}

# A denominator of the focal losses: the sum of the positive targets that count, at least 1.
POSITIVES = "positives"

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


def not_negative(name: str, value: Any) -> Any:
    """A prediction that may be a number instead of an array: the number is finite and >= 0."""
    if isinstance(value, Real) and not 0 <= float(value) < math.inf:
        raise ValueError(f"{name} must be finite and >= 0, got {value}")
    return value


def reduction_code(reduction: str | None) -> int:
    """The core's number for a reduction."""
    try:
        return REDUCTIONS[reduction]
    except (KeyError, TypeError):  # TypeError: not hashable
        names = ", ".join(map(repr, REDUCTIONS))
        raise ValueError(f"reduction must be one of {names}, got {reduction!r}") from None


def divisor_of(denominator: float, reduction: str | None) -> float:
    """``denominator``, checked, for the reductions that divide."""
    value = number("denominator", denominator)
    if not 0 < value < math.inf:
        raise ValueError(f"denominator must be finite and > 0, got {denominator}")
    if REDUCTIONS[reduction] not in (_core.MEAN, _core.WEIGHTED_MEAN):
        raise ValueError(
            f"denominator replaces the divisor of a mean, but reduction={reduction!r} has none"
        )
    return value


def require_positives(denominator: str) -> None:
    """Raise a ValueError unless ``denominator`` is the only one that is no number."""
    if denominator != POSITIVES:
        raise ValueError(f"denominator must be a number or {POSITIVES!r}, got {denominator!r}")


def per_class(name: str, values: Any, classes: int, high: float = math.inf) -> np.ndarray:
    """One weight per class, or per output, in [0, high], as an array."""
    weights = np.asarray(values)
    if weights.dtype.kind not in "iuf" and weights.dtype.name != "bfloat16":
        raise TypeError(f"{name} must hold numbers, got {describe(values)}")
    if weights.shape != (classes,):
        raise ValueError(f"{name} must have shape {(classes,)}, got {weights.shape}")
    if not ((weights >= 0) & (weights <= high) & (weights < math.inf)).all():
        domain = "finite and >= 0" if high == math.inf else f"in [0, {high:g}]"
        raise ValueError(f"{name} must be {domain}, got {values}")
    return weights


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


def refuse_shape(name: str, got: Shape, shape: Shape, of: str = "y_pred") -> NoReturn:
    """Refuse an array that has another shape than the predictions `of`."""
    advice = "shapes are never broadcast"
    if got == (*shape, 1):
        advice = f"drop the last axis with {name}.squeeze(-1)"
    elif (*got, 1) == shape:
        advice = f"add an axis with {name}[..., np.newaxis] or drop one with {of}.squeeze(-1)"
    raise ValueError(f"{name} must have the shape of {of}, {shape}, got {got}: {advice}")


def refuse_dense_labels(y_true: Any, shape: Shape, rows: Shape, advice: str) -> NoReturn:
    """Refuse dense targets that have another shape than the predictions."""
    if y_true.shape == rows:
        raise ValueError(
            f"y_true must have a value for every class, shape {shape}, got shape {rows}: for "
            f"integer labels {advice}"
        )
    refuse_shape("y_true", y_true.shape, shape)


def refuse_labels(y_true: Any, shape: Shape, rows: Shape, dense: str) -> NoReturn:
    """Refuse labels that are not one integer for every row; `dense` says what takes others."""
    got = y_true.shape
    if got == rows:
        advice = "use y_true.astype(numpy.int64)"
        if y_true.dtype == np.bool_:
            advice += "; for two classes with one output use the binary losses"
        raise TypeError(f"y_true must have an integer dtype, got {y_true.dtype}: {advice}")
    advice = "one integer label for every row"
    if got == shape:
        advice = f"for one-hot or soft labels {dense}"
    elif got == (*rows, 1):
        advice = "drop the last axis with y_true.squeeze(-1)"
    raise ValueError(
        f"y_true must have the shape of y_pred without the class axis, {rows}, got {got}: {advice}"
    )


def refuse_kinds(y_true: Any, rows: Shape) -> NoReturn:
    """Refuse what does not tell by one integer for every row of which kind it is."""
    if y_true.shape == rows:
        raise TypeError(
            f"y_true must have an integer dtype, got {y_true.dtype}: use y_true.astype(numpy.int64)"
        )
    advice = "one integer for every row"
    if y_true.shape == (*rows, 1):
        advice = "drop the last axis with y_true.squeeze(-1)"
    raise ValueError(
        f"y_true must have the shape of y_pred without axis, {rows}, got {y_true.shape}: {advice}"
    )


def refuse_weights(name: str, got: Shape, rows: Shape, shape: Shape) -> NoReturn:
    """Refuse weights, or a mask, that do not broadcast to the rows from the left."""
    advice = "axes are matched from the first one, each of equal size or 1"
    if got == shape:
        advice = "there is one per row; to weigh single elements ravel all the arrays"
    elif got == (*rows, 1):
        advice = f"drop the last axis with {name}.squeeze(-1)"
    raise ValueError(f"{name} must broadcast to the shape of the rows, {rows}, got {got}: {advice}")


def require_within(name: str, values: np.ndarray, low: float, high: float, advice: str) -> None:
    """Raise a ValueError if a number is outside ``[low, high]``; NaN is not."""
    if values.size == 0 or (values.min() >= low and values.max() <= high):
        return
    outside = (values < low) | (values > high)
    if outside.any():
        index = tuple(map(int, np.argwhere(outside)[0]))
        raise ValueError(
            f"{name} must be in [{low:g}, {high:g}], got {values[index]} at {index}: {advice}"
        )
