"""What torch's arguments mean: reductions, shapes, dtypes, weights. Every rule is here only."""

import math
import operator
import warnings
from collections.abc import Callable
from numbers import Real
from typing import Any

import torch
from torch import Tensor
from torch.nn import _reduction
from torch.overrides import handle_torch_function


def overridden(function: Callable[..., Tensor], arguments: dict[str, Any]) -> Tensor:
    """Let the `__torch_function__` of a mode or of a subclass of Tensor answer, as torch does."""
    result: Tensor = handle_torch_function(function, tuple(arguments.values()), **arguments)
    return result


def legacy_reduction(size_average: bool | None, reduce: bool | None) -> str:
    """The reduction that these deprecated arguments of the calling function ask for."""
    reduction = _reduction.legacy_get_string(size_average, reduce, emit_warning=False)
    message = f"size_average and reduce are deprecated, please use reduction={reduction!r}"
    warnings.warn(message, stacklevel=3)
    return reduction


def require_tensor(name: str, value: Any) -> None:
    """Raise a TypeError unless ``value`` is a tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(value).__name__}")


def require_tensors(input_name: str, input: Any, target_name: str, target: Any) -> None:
    """Raise a TypeError unless both are tensors."""
    require_tensor(input_name, input)
    require_tensor(target_name, target)


def _promote(predictions: Tensor, other: Tensor) -> Tensor:
    """The predictions in float64 if torch computes in float64 when ``other`` is beside them."""
    if other.dtype is torch.float64 and predictions.is_floating_point():
        return predictions.to(torch.result_type(predictions, other))
    return predictions


def broadcast(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, warn: bool = True
) -> tuple[Tensor, Tensor, Tensor | None]:
    """The arguments in one shape, by torch's rule for losses of numbers: warn, then broadcast."""
    if not (isinstance(input, Tensor) and isinstance(target, Tensor)):
        require_tensors("input", input, "target", target)
    predictions = input if target.dtype is input.dtype else _promote(input, target)
    if weight is not None:
        require_tensor("weight", weight)
        predictions = _promote(predictions, weight)
        if weight.shape != input.shape:
            raise ValueError(
                f"weight must have the shape of input, {(*input.shape,)}, got {(*weight.shape,)}"
            )
    if target.shape == input.shape:
        return predictions, target, weight
    if warn:
        message = (
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size."
        )
        warnings.warn(message, stacklevel=3)
    predictions, target = torch.broadcast_tensors(predictions, target)  # type: ignore[no-untyped-call]
    return predictions, target, None if weight is None else weight.expand(predictions.shape)


def match(input_name: str, input: Tensor, target_name: str, target: Tensor) -> Tensor:
    """Return ``input`` in the dtype of its loss; refuse targets that would have to be broadcast."""
    require_tensors(input_name, input, target_name, target)
    if target.shape != input.shape:
        raise ValueError(
            f"{target_name} must have the shape of {input_name}, {(*input.shape,)}, "
            f"got {(*target.shape,)}"
        )
    return input if target.dtype is input.dtype else _promote(input, target)


def match_classes(input: Tensor, target: Tensor, ignore_index: int) -> Tensor:
    """Return ``input`` in the dtype of its loss; refuse targets that are neither kind of target."""
    require_tensors("input", input, "target", target)
    if input.ndim == 0:
        raise ValueError("input must have a class axis, got a 0-d tensor")
    if target.shape != input.shape:
        return input
    if not target.is_floating_point():
        rows = (*input.shape[:1], *input.shape[2:]) if input.ndim > 1 else ()
        raise TypeError(
            "target in the shape of input holds class probabilities and must be floating point, "
            f"got {target.dtype}; class indices have shape {rows}"
        )
    if label("ignore_index", ignore_index) >= 0:
        raise ValueError(
            f"ignore_index is for class indices, got {ignore_index} with class probabilities"
        )
    return _promote(input, target)


def expand(name: str, weight: Tensor | None, input: Tensor) -> Tensor | None:
    """``weight`` as a view in the shape of ``input``, axes matched from the last, as in torch."""
    if weight is None:
        return None
    require_tensor(name, weight)
    try:
        return weight.expand(input.shape)
    except RuntimeError:
        raise ValueError(
            f"{name} must broadcast to the shape of input, {(*input.shape,)}, "
            f"got {(*weight.shape,)}"
        ) from None


def spread(sample_weight: Tensor, losses: torch.Size) -> Tensor:
    """Sample weights as a view in the shape of the losses, axes matched from the first."""
    require_tensor("sample_weight", sample_weight)
    missing = (1,) * (len(losses) - sample_weight.ndim)
    try:
        return sample_weight.reshape(sample_weight.shape + missing).expand(losses)
    except RuntimeError:
        raise ValueError(
            f"sample_weight must broadcast to the shape of the losses, {(*losses,)}, got "
            f"{(*sample_weight.shape,)}: axes are matched from the first one, each of equal size "
            "or 1"
        ) from None


def number(name: str, value: Any) -> float:
    """``value`` as a float; a bool is 0 or 1."""
    if not isinstance(value, (Real, Tensor)):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if isinstance(value, Tensor) and value.requires_grad:
        raise ValueError(f"{name} must not require a gradient: there is none with respect to it")
    return float(value)


def divisor(denominator: Any, reduction: str) -> float:
    """``denominator`` as a number, checked."""
    value = number("denominator", denominator)
    if reduction != "mean":
        raise ValueError(
            f"denominator replaces the divisor of a mean, but reduction={reduction!r} has none"
        )
    if not 0 < value < math.inf:
        raise ValueError(f"denominator must be finite and > 0, got {value}")
    return value


def label(name: str, value: Any) -> int:
    """``value`` as an int of 64 bits."""
    try:
        result = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {type(value).__name__}") from None
    if not -(2**63) <= result < 2**63:
        raise ValueError(f"{name} must fit into 64 bits, got {result}")
    return result


def require_probabilities(name: str, values: Tensor) -> None:
    """Raise a ValueError unless all ``values`` are in [0, 1]."""
    outside = ~((values >= 0) & (values <= 1))
    if outside.any():
        index = tuple(outside.nonzero()[0].tolist())
        raise ValueError(f"{name} must be in [0, 1], got {values[index].item()} at {index}")
