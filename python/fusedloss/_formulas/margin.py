"""Losses of a margin: between two classes, two scores, or several classes."""

import math

from fusedloss._formulas.categorical import one_hot
from fusedloss._formulas.namespace import Array, Formulas, Namespace, is_dense
from fusedloss._formulas.operations import clip


def _above_zero(xp: Namespace, values: Array) -> Array:
    """The positive part, which moves by half at 0 as a maximum of equals does."""
    return xp.maximum(values, xp.full_like(values, 0))


def _hinge(xp: Namespace, y_true: Array, y_pred: Array) -> Array:
    return _above_zero(xp, 1 - y_true * y_pred)


def _squared_hinge(xp: Namespace, y_true: Array, y_pred: Array) -> Array:
    return xp.square(xp.relu(1 - y_true * y_pred))


def _hinge_embedding(xp: Namespace, y_true: Array, y_pred: Array, margin: float) -> Array:
    # A target that is neither 1 nor -1 belongs to both kinds, as in torch.
    apart = xp.where(y_true == 1, 0, clip(xp, margin - y_pred, 0, None))
    return apart + xp.where(y_true == -1, 0, y_pred)


def _soft_margin(xp: Namespace, y_true: Array, y_pred: Array) -> Array:
    return -xp.log_sigmoid(y_true * y_pred)


def _margin_ranking(
    xp: Namespace, y_true: Array, y_pred: Array, margin: float, *, more: tuple[Array]
) -> Array:
    return clip(xp, margin - y_true * (y_pred - more[0]), 0, None)


def _categorical_hinge(
    xp: Namespace, y_true: Array, y_pred: Array, weight: None, axis: int
) -> Array:
    del weight
    y_true = one_hot(xp, y_true, y_pred, axis)
    wrong, right = xp.max((1 - y_true) * y_pred, axis), xp.sum(y_true * y_pred, axis)
    return _above_zero(xp, wrong - right + 1)


def _multi_margin(
    xp: Namespace,
    y_true: Array,
    y_pred: Array,
    weight: Array | None,
    axis: int,
    p: float,
    margin: float,
) -> Array:
    def cost(excess: Array) -> Array:
        positive = xp.relu(excess)
        return positive if p == 1 else xp.square(positive) if p == 2 else positive**p

    if is_dense(y_true, y_pred):
        x, y = xp.moveaxis(y_pred, axis, -1), xp.moveaxis(y_true, axis, -1)
        pairs = xp.where(y[..., None, :] == 0, x[..., None, :] - x[..., None], -math.inf)
        losses = xp.where(y == 0, 0, xp.sum(cost(margin + pairs), -1)) * y
        weights = None if weight is None else xp.moveaxis(weight, 0, -1)
        return xp.mean(losses if weights is None else losses * weights, -1)
    own = one_hot(xp, y_true, y_pred, axis) != 0
    right = xp.sum(xp.where(own, y_pred, 0), axis, keepdims=True)
    losses = xp.mean(xp.where(own, 0, cost(xp.where(own, 0, margin - right + y_pred))), axis)
    if weight is None:
        return losses
    return losses * xp.take(weight + xp.full_like(y_pred, 0), y_true, axis)


POINTWISE: Formulas = {
    "hinge": _hinge,
    "squared_hinge": _squared_hinge,
    "hinge_embedding": _hinge_embedding,
    "soft_margin": _soft_margin,
    "margin_ranking": _margin_ranking,
}

ROW: Formulas = {
    "categorical_hinge": _categorical_hinge,
    "multi_margin": _multi_margin,
}
