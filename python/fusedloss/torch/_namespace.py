"""The operations of the formulas in torch: see `fusedloss._formulas.namespace`."""

# ruff: noqa: A004, F401 (the names are those of NumPy, and the formulas look them up)

import torch
from torch import (
    Tensor,
    abs,
    argmax,
    exp,
    expm1,
    isfinite,
    isnan,
    lgamma,
    log,
    log1p,
    logaddexp,
    logsumexp,
    maximum,
    minimum,
    moveaxis,
    relu,
    sigmoid,
    sinh,
    sqrt,
    square,
    tanh,
    where,
    xlogy,
)
from torch.nn.functional import logsigmoid as log_sigmoid


def astype(x: Tensor, like: Tensor) -> Tensor:
    """Return x in the dtype of ``like``."""
    return x.to(like.dtype)


def full_like(x: Tensor, value: float) -> Tensor:
    """Return a constant in the shape and dtype of x."""
    return torch.full_like(x, value)


def length(x: Tensor, axis: int) -> int:
    """Return the size of an axis."""
    return x.shape[axis]


def log_softmax(x: Tensor, axis: int) -> Tensor:
    """Return the logarithms of the softmax along an axis."""
    return x.log_softmax(axis)


def lookup(x: Tensor, labels: Tensor) -> Tensor:
    """Return the entry of each label in the one row x."""
    return x[labels.long()]


def max(x: Tensor, axis: int) -> Tensor:  # noqa: A001
    """Return the maximum along an axis, in which equals share the slope."""
    return x.amax(axis)


def mean(x: Tensor, axis: int) -> Tensor:
    """Return the mean along an axis."""
    return x.mean(axis)


def one_hot(labels: Tensor, like: Tensor, axis: int) -> Tensor:
    """Return 1 at the label of each row of ``like`` along an axis, and 0 elsewhere."""
    return torch.zeros_like(like).scatter(axis, labels.long().unsqueeze(axis), 1.0)


def stop_gradient(x: Tensor) -> Tensor:
    """Return x as a constant."""
    return x.detach()


def sum(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:  # noqa: A001
    """Return the sum of all, or along an axis."""
    return x.sum() if axis is None else x.sum(axis, keepdim=keepdims)


def take(x: Tensor, labels: Tensor, axis: int) -> Tensor:
    """Return the entry of the label of each row of x along an axis."""
    return x.gather(axis, labels.long().unsqueeze(axis)).squeeze(axis)


def widen(x: Tensor) -> Tensor:
    """Return x in the dtype that its losses are computed in: float32 for what is narrower."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
