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

from fusedloss._formulas import operations
from fusedloss.torch import _namespace
from fusedloss.torch._coverage import covers
from fusedloss.torch._plain import loss_dtype


def overridden(function: Callable[..., Tensor], arguments: dict[str, Any]) -> Tensor:
    """Let the `__torch_function__` of a mode or of a subclass of Tensor answer, as torch does."""
    result: Tensor = handle_torch_function(function, tuple(arguments.values()), **arguments)
    return result


def legacy_reduction(size_average: bool | None, reduce: bool | None) -> str:
    """The reduction that these deprecated arguments of the calling function ask for."""
    reduction = _reduction.legacy_get_string(size_average, reduce, emit_warning=False)
    caution(f"size_average and reduce are deprecated, please use reduction={reduction!r}")
    return reduction


def caution(message: str, stacklevel: int = 4) -> None:
    """Warn the user, who called what called the caller; not in a graph, which a warning breaks."""
    if not torch.compiler.is_compiling():
        warnings.warn(message, stacklevel=stacklevel)


def require_tensor(name: str, value: Any) -> None:
    """Raise a TypeError unless ``value`` is a tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(value).__name__}")


def require_tensors(input_name: str, input: Any, target_name: str, target: Any) -> None:
    """Raise a TypeError unless both are tensors."""
    require_tensor(input_name, input)
    require_tensor(target_name, target)


_FLOATING = frozenset({torch.float32, torch.float64, torch.float16, torch.bfloat16})


def require_prediction(name: str, value: Any) -> None:
    """Raise a TypeError unless ``value`` is a tensor that can hold predictions."""
    require_tensor(name, value)
    if value.dtype not in _FLOATING:
        raise TypeError(f"{name} must be float32, float64, float16 or bfloat16, got {value.dtype}")


def promote(predictions: Tensor, other: Tensor) -> Tensor:
    """The predictions in float64 if torch computes in float64 when ``other`` is beside them."""
    # torch.result_type would break the graphs of torch.compile. A 0-d tensor does not count in it.
    counts = other.ndim > 0 or predictions.ndim == 0
    if other.dtype is torch.float64 and counts and predictions.is_floating_point():
        return predictions.to(torch.float64)
    return predictions


def promote_beside(predictions: Tensor, further: Tensor) -> Tensor:
    """The same for a further prediction; and as wide as that, if it is to have a gradient.

    The kernels write all gradients in the dtype of the first prediction.
    """
    if further.dtype is predictions.dtype:
        return predictions
    if further.requires_grad:
        return predictions.to(torch.result_type(predictions, further))
    return promote(predictions, further)


def broadcast(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, warn: bool = True
) -> tuple[Tensor, Tensor, Tensor | None]:
    """The arguments in one shape, by torch's rule for losses of numbers: warn, then broadcast."""
    if not (isinstance(input, Tensor) and isinstance(target, Tensor)):
        require_tensors("input", input, "target", target)
    predictions = input if target.dtype is input.dtype else promote(input, target)
    if weight is not None:
        require_tensor("weight", weight)
        predictions = promote(predictions, weight)
        if weight.shape != input.shape:
            raise ValueError(
                f"weight must have the shape of input, {(*input.shape,)}, got {(*weight.shape,)}"
            )
    if target.shape == input.shape:
        return predictions, target, weight
    predictions, target = broadcast_all(input=predictions, target=target)
    if warn:
        caution(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size."
        )
    return predictions, target, None if weight is None else weight.expand(predictions.shape)


def broadcast_all(**tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors as views in one shape."""
    for name, tensor in tensors.items():
        require_tensor(name, tensor)
    try:
        views: list[Tensor] = torch.broadcast_tensors(*tensors.values())  # type: ignore[no-untyped-call]
    except RuntimeError:
        shapes = ", ".join(f"{name} {(*tensor.shape,)}" for name, tensor in tensors.items())
        raise ValueError(f"{' and '.join(tensors)} must broadcast, got shapes {shapes}") from None
    return tuple(views)


def match(input_name: str, input: Tensor, target_name: str, target: Tensor) -> Tensor:
    """Return ``input`` in the dtype of its loss; refuse targets that would have to be broadcast."""
    require_tensors(input_name, input, target_name, target)
    if target.shape != input.shape:
        raise ValueError(
            f"{target_name} must have the shape of {input_name}, {(*input.shape,)}, "
            f"got {(*target.shape,)}"
        )
    return input if target.dtype is input.dtype else promote(input, target)


def match_classes(
    input: Tensor, target: Tensor, ignore_index: int
) -> tuple[Tensor, Tensor, int | None]:
    """``input`` in the dtype of its loss, ``target``, and the label to ignore if it has labels."""
    require_tensors("input", input, "target", target)
    if input.ndim == 0:
        raise ValueError("input must have a class axis, got a 0-d tensor")
    ignored = label("ignore_index", ignore_index)
    if target.shape != input.shape:
        if input.ndim == 1 and target.shape == (1,):
            target = target.reshape(())  # torch lets the label of a single row have an axis
        return input, target, ignored
    if not target.is_floating_point():
        rows = (*input.shape[:1], *input.shape[2:]) if input.ndim > 1 else ()
        raise TypeError(
            "target in the shape of input holds class probabilities and must be floating point, "
            f"got {target.dtype}; class indices have shape {rows}"
        )
    if ignored >= 0:
        raise ValueError(
            f"ignore_index is for class indices, got {ignore_index} with class probabilities"
        )
    return promote(input, target), target, None


def beside(tensor: Tensor, device: torch.device) -> Tensor:
    """``tensor`` on ``device``, if it is 0-d and on the CPU: then it counts as a number in torch.

    Filled in there: what is copied from ordinary memory waits for the device.
    """
    if tensor.ndim > 0 or not tensor.is_cpu or device.type == "cpu":
        return tensor
    if covers(True, tensor, tensor):
        return torch.full((), tensor.item(), dtype=tensor.dtype, device=device)
    return tensor.to(device)


def expand(name: str, tensor: Tensor, input: Tensor) -> Tensor:
    """``tensor`` as a view in the shape of ``input``, axes matched from the last, as in torch."""
    require_tensor(name, tensor)
    try:
        return beside(tensor, input.device).expand(input.shape)
    except RuntimeError:
        raise ValueError(
            f"{name} must broadcast to the shape of input, {(*input.shape,)}, "
            f"got {(*tensor.shape,)}"
        ) from None


def companion(name: str, value: Any, input: Tensor) -> Tensor:
    """A second prediction beside ``input``: a number, or a tensor, in the shape of ``input``."""
    if not isinstance(value, Tensor):
        dtype = loss_dtype(input)
        value = torch.full((), number(name, value), dtype=dtype, device=input.device)
    require_prediction(name, value)
    return expand(name, value, input)


def spread(name: str, values: Tensor, losses: torch.Size, device: torch.device) -> Tensor:
    """Sample weights or a mask as a view in the shape of losses, axes matched from the first."""
    require_tensor(name, values)
    values = beside(values, device)
    missing = (1,) * (len(losses) - values.ndim)
    try:
        return values.reshape(values.shape + missing).expand(losses)
    except RuntimeError:
        raise ValueError(
            f"{name} must broadcast to the shape of the losses, {(*losses,)}, got "
            f"{(*values.shape,)}: axes are matched from the first one, each of equal size or 1"
        ) from None


def spread_mask(mask: Tensor, losses: torch.Size, device: torch.device) -> Tensor:
    """``mask`` as a view in the shape of the losses."""
    require_tensor("mask", mask)
    if mask.dtype is not torch.bool:
        raise TypeError(f"mask must be a bool tensor, got {mask.dtype}")
    return spread("mask", mask, losses, device)


def positives(targets: Tensor, weight: Tensor | None, mask: Tensor | None) -> Tensor:
    """The sum of the positive targets of what counts, at least 1; all in shapes that broadcast."""
    counted: Tensor = operations.positives(_namespace, targets, weight, mask)
    return counted.sum(dtype=torch.float64).clamp_min(1)


def number(name: str, value: Any) -> float:
    """``value`` as a float; a bool is 0 or 1."""
    if not isinstance(value, (Real, Tensor)):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if isinstance(value, Tensor) and value.requires_grad:
        raise ValueError(f"{name} must not require a gradient: there is none with respect to it")
    return float(value)


def require_at_least_zero(name: str, value: Any) -> None:
    """Raise a ValueError unless ``value``, if it is a number, is at least 0 and finite."""
    if not (isinstance(value, Tensor) or 0 <= number(name, value) < math.inf):
        raise ValueError(f"{name} must be finite and >= 0, got {value}")


def divisor(denominator: Any, reduction: str) -> float | Tensor:
    """``denominator``, checked: as a number, but for a tensor whose value is not at hand here."""
    if reduction not in ("mean", "batchmean"):
        raise ValueError(
            f"denominator replaces the divisor of a mean, but reduction={reduction!r} has none"
        )
    if isinstance(denominator, Tensor):
        if denominator.ndim != 0:
            raise ValueError(f"denominator must be 0-d, got shape {(*denominator.shape,)}")
        if not (denominator.requires_grad or covers(False, denominator, denominator)):
            return denominator
    value = number("denominator", denominator)
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


def signs_of(target: Tensor) -> Tensor:
    """Targets of -1 and 1; if all are 0 or 1, these stand for them, as in `fusedloss.hinge`."""
    if target.is_complex():
        return target  # to be refused with the others
    if not target.is_floating_point():
        target = target.to(torch.int32)  # which has a -1
    # A -1 settles it in one pass where values may be asked for, a tenth of the time of the rest.
    if covers(False, target, None) and target.numel() and bool(target.amin() < 0):
        return target
    binary = ((target == 0) | (target == 1)).all()
    return torch.where(binary, 2 * target - 1, target)
