"""Keras on PyTorch. What is here is called for every loss, so it does without `keras.ops`."""

from typing import Any

import keras
import numpy as np
import torch
from torch import Tensor

from fusedloss.torch._arguments import positives as positives
from fusedloss.torch._arguments import signs_of
from fusedloss.torch._autograd import fused as fused

signs = signs_of

_LABELS = {torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8}
_TARGETS = _LABELS | {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool}


def share(mean: Tensor) -> Tensor:
    """Return the mean: here a batch is never in parts."""
    return mean


def dtype_of(name: str) -> torch.dtype:
    """Return the dtype of this name."""
    dtype: torch.dtype = getattr(torch, name)
    return dtype


def cast(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Return `x` in a dtype."""
    return x.to(dtype)


def predictions(values: Any) -> Tensor:
    """Return `values` as a tensor of a floating dtype."""
    tensor: Tensor = values if isinstance(values, Tensor) else keras.ops.convert_to_tensor(values)
    return tensor if tensor.is_floating_point() else tensor.to(dtype_of(keras.config.floatx()))


def beside(y_pred: Tensor, values: Any) -> Tensor:
    """Return `values` as a tensor on the device of `y_pred`."""
    tensor: Tensor = values if isinstance(values, Tensor) else keras.ops.convert_to_tensor(values)
    return tensor if tensor.device == y_pred.device else tensor.to(y_pred.device)


def numbers(values: Any) -> np.ndarray:
    """Return real numbers as an array of float64."""
    if isinstance(values, Tensor) and values.requires_grad:
        raise NotImplementedError
    tensor = torch.as_tensor(values, dtype=torch.float64, device="cpu")
    array: np.ndarray = tensor.detach().numpy()
    return array


def constant(values: np.ndarray) -> Tensor:
    """Return a tensor on the CPU."""
    return torch.from_numpy(values)


def shape_of(x: Tensor) -> torch.Size:
    """Return the sizes of the axes."""
    return x.shape


def unsqueeze(x: Tensor, axis: int) -> Tensor:
    """Return a view with a new axis."""
    return x.unsqueeze(axis)


def squeeze(x: Tensor, axis: int) -> Tensor:
    """Return a view without an axis."""
    return x.squeeze(axis)


def broadcast(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return views in the shape that both broadcast to."""
    try:
        x, y = torch.broadcast_tensors(x, y)  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise ValueError(str(error)) from None
    return x, y


def spread(x: Tensor, shape: Any) -> Tensor:
    """Return a view in this shape."""
    return x if x.shape == shape else x.expand(shape)


def fill(value: float, y_pred: Tensor) -> Tensor:
    """Return a number as a view in the shape of `y_pred`."""
    number = torch.full((), value, dtype=torch.float64, device=y_pred.device)
    return number.expand(y_pred.shape)


def halves(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Return views of the halves of an axis."""
    first, second = x.chunk(2, axis)
    return first, second


def labels(y_true: Tensor) -> Tensor:
    """Return integers that the core reads."""
    return y_true if y_true.dtype in _LABELS else y_true.to(torch.int64)


def readable(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return targets in a dtype that the core reads, which are all real ones but a few."""
    return y_true if y_true.dtype in _TARGETS else y_true.to(y_pred.dtype)


def truth(mask: Tensor) -> Tensor:
    """Return a bool tensor."""
    return mask.bool()


def mask_of(x: Any) -> Tensor | None:
    """Return the mask that Keras attached."""
    mask: Tensor | None = getattr(x, "_keras_mask", None)
    return mask


def attach_mask(x: Tensor, mask: Tensor) -> None:
    """Attach a mask."""
    x._keras_mask = mask  # type: ignore[attr-defined]
