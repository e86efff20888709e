"""Arguments of constructors: numbers that are the same for every class, or one for each."""

import math
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from fusedloss._arguments import describe, number


def weights(name: str, values: Any, high: float = math.inf) -> Tensor:
    """`values`, a number or one for each class, as a tensor of 0 axes or 1; each in [0, high]."""
    try:
        tensor = torch.as_tensor(values, dtype=torch.float64, device="cpu")
    except (TypeError, ValueError):
        raise TypeError(f"{name} must hold numbers, got {describe(values)}") from None
    if tensor.ndim > 1:
        raise ValueError(
            f"{name} must be a number or hold one number per class, got shape {(*tensor.shape,)}"
        )
    if not all(0 <= weight <= high and weight < math.inf for weight in tensor.reshape(-1).tolist()):
        domain = "finite and >= 0" if high == math.inf else f"in [0, {high}]"
        raise ValueError(f"{name} must be {domain}, got {values}")
    return tensor


def per_class(name: str, values: Any, high: float = math.inf) -> Tensor:
    """`values` as a tensor of one number in [0, high] for each class."""
    tensor = weights(name, values, high)
    if tensor.ndim == 0:
        raise ValueError(f"{name} must hold one number per class, got {describe(values)}")
    return tensor


def is_number(value: Any) -> bool:
    """Whether `value` is meant for all classes."""
    return isinstance(value, Real)


def savable(values: Any) -> Any:
    """`values`, which `weights` accepts, as numbers that can be saved whatever they came in."""
    if values is None or is_number(values):
        return values
    return torch.as_tensor(values, dtype=torch.float64).tolist()


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
