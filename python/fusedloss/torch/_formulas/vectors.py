"""Losses of vectors: their directions, and their distances."""

from collections.abc import Callable

import torch
from torch import Tensor

from fusedloss.torch._formulas.categorical import one_hot

# Added to the squared length of a vector, as in torch.
_LEAST_SQUARE = 1e-12


def _unit(x: Tensor, axis: int, epsilon: float) -> Tensor:
    """x / max(|x|, epsilon); of a vector of length 0 a constant, since it has no direction."""
    square = x.square().sum(axis, keepdim=True)
    nowhere = square == 0
    scale = torch.where(nowhere, 1, square).rsqrt().clamp_max(1 / epsilon)
    return x * torch.where(nowhere, 0, scale)


def _cosine_similarity(
    y_true: Tensor, y_pred: Tensor, weight: None, axis: int, epsilon: float
) -> Tensor:
    del weight
    target = one_hot(y_true, y_pred, axis)
    return -(_unit(target, axis, epsilon) * _unit(y_pred, axis, epsilon)).sum(axis)


def _cosine_embedding(
    y_true: Tensor, y_pred: Tensor, weight: None, axis: int, margin: float, *, more: tuple[Tensor]
) -> Tensor:
    del weight
    lengths = [x.square().sum(axis) + _LEAST_SQUARE for x in (y_pred, more[0])]
    cosine = (y_pred * more[0]).sum(axis) / (lengths[0] * lengths[1]).sqrt()
    apart = torch.where(y_true == -1, (cosine - margin).clamp_min(0), 0)
    return torch.where(y_true == 1, 1 - cosine, apart)


def _triplet_margin(
    y_true: None,
    y_pred: Tensor,
    weight: None,
    axis: int,
    margin: float,
    p: float,
    epsilon: float,
    swap: float,
    *,
    more: tuple[Tensor, Tensor],
) -> Tensor:
    del y_true, weight
    positive, negative = more

    def distance(a: Tensor, b: Tensor) -> Tensor:
        length: Tensor = torch.linalg.vector_norm(a - b + epsilon, p, axis)
        return length

    far = distance(y_pred, negative)
    if swap:
        far = torch.minimum(far, distance(positive, negative))
    return (margin + distance(y_pred, positive) - far).clamp_min(0)


ROW: dict[str, Callable[..., Tensor]] = {
    "cosine_similarity": _cosine_similarity,
    "cosine_embedding": _cosine_embedding,
    "triplet_margin": _triplet_margin,
}
