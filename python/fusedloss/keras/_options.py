"""Arguments of constructors: numbers that are the same for every class, or one for each."""

import math
from numbers import Real
from typing import Any

import numpy as np

from fusedloss._arguments import describe, number
from fusedloss.keras._backend import backend


def weights(name: str, values: Any, high: float = math.inf) -> Any:
    """`values`, a number or one for each class, to be kept; each in [0, high]."""
    return backend.constant(_checked(name, values, high))


def per_class(name: str, values: Any, high: float = math.inf) -> Any:
    """`values`, a number in [0, high] for each class, to be kept."""
    array = _checked(name, values, high)
    if array.ndim == 0:
        raise ValueError(f"{name} must hold one number per class, got {describe(values)}")
    return backend.constant(array)


def is_number(value: Any) -> bool:
    """Whether `value` is meant for all classes."""
    return isinstance(value, Real)


def savable(values: Any) -> Any:
    """`values`, which `weights` accepts, as numbers that can be saved whatever they came in."""
    if values is None or is_number(values):
        return values
    return backend.numbers(values).tolist()


def positive(name: str, value: Any) -> float:
    """`value` as a float above 0."""
    result = number(name, value)
    if not 0 < result < math.inf:
        raise ValueError(f"{name} must be finite and > 0, got {value}")
    return result


def not_negative(name: str, value: Any) -> float:
    """`value` as a float of at least 0."""
    result = number(name, value)
    if not 0 <= result < math.inf:
        raise ValueError(f"{name} must be finite and >= 0, got {value}")
    return result


def _checked(name: str, values: Any, high: float) -> np.ndarray:
    """`values` in float64, as an array of 0 axes or 1."""
    try:
        array = backend.numbers(values)
    except NotImplementedError:
        raise NotImplementedError(
            f"{name} is kept as numbers, which must be known and by which there is no derivative, "
            f"got {describe(values)}"
        ) from None
    except (TypeError, ValueError):
        raise TypeError(f"{name} must hold numbers, got {describe(values)}") from None
    if array.ndim > 1:
        raise ValueError(
            f"{name} must be a number or hold one number per class, got shape {array.shape}"
        )
    if not ((array >= 0) & (array <= high) & (array < math.inf)).all():
        domain = "finite and >= 0" if high == math.inf else f"in [0, {high}]"
        raise ValueError(f"{name} must be {domain}, got {values}")
    return array
