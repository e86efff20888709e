"""Losses of a margin: between two classes, two scores, or several classes."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from fusedloss.torch import _originals
from fusedloss.torch._formulas.categorical import one_hot


def _above_zero(tensor: Tensor) -> Tensor:
    """The positive part, which moves by half at 0 as a maximum of equals does."""
    return torch.maximum(tensor, torch.zeros_like(tensor))


def _hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return _above_zero(1 - y_true * y_pred)


def _squared_hinge(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (1 - y_true * y_pred).relu().square()


def _hinge_embedding(y_true: Tensor, y_pred: Tensor, margin: float) -> Tensor:
    return _originals.hinge_embedding_loss(y_pred, y_true, margin=margin, reduction="none")


def _soft_margin(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return -F.logsigmoid(y_true * y_pred)


def _margin_ranking(
    y_true: Tensor, y_pred: Tensor, margin: float, *, more: tuple[Tensor]
) -> Tensor:
    return _originals.margin_ranking_loss(y_pred, more[0], y_true, margin=margin, reduction="none")


def _categorical_hinge(y_true: Tensor, y_pred: Tensor, weight: None, axis: int) -> Tensor:
    del weight
    y_true = one_hot(y_true, y_pred, axis)
    wrong, right = ((1 - y_true) * y_pred).amax(axis), (y_true * y_pred).sum(axis)
    return _above_zero(wrong - right + 1)


def _multi_margin(
    y_true: Tensor, y_pred: Tensor, weight: Tensor | None, axis: int, p: float, margin: float
) -> Tensor:
    def cost(excess: Tensor) -> Tensor:
        positive = excess.relu()
        return positive if p == 1 else positive.square() if p == 2 else positive**p

    if y_true.shape == y_pred.shape:
        x, y = y_pred.movedim(axis, -1), y_true.movedim(axis, -1)
        pairs = torch.where(y.unsqueeze(-2) == 0, x.unsqueeze(-2) - x.unsqueeze(-1), -torch.inf)
        losses = torch.where(y == 0, 0, cost(margin + pairs).sum(-1)) * y
        weights = None if weight is None else weight.movedim(0, -1)
        return (losses if weights is None else losses * weights).mean(-1)
    labels = y_true.long().unsqueeze(axis)
    excess = margin - y_pred.gather(axis, labels) + y_pred
    own = one_hot(y_true, y_pred, axis) != 0
    losses = torch.where(own, 0, cost(torch.where(own, 0, excess))).mean(axis)
    if weight is None:
        return losses
    return losses * weight.expand_as(y_pred).gather(axis, labels).squeeze(axis)


POINTWISE: dict[str, Callable[..., Tensor]] = {
    "hinge": _hinge,
    "squared_hinge": _squared_hinge,
    "hinge_embedding": _hinge_embedding,
    "soft_margin": _soft_margin,
    "margin_ranking": _margin_ranking,
}

ROW: dict[str, Callable[..., Tensor]] = {
    "categorical_hinge": _categorical_hinge,
    "multi_margin": _multi_margin,
}
