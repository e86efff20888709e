"""Losses that ask for a margin, of elements and of rows of classes."""

import numpy as np

from references.formula import Array, Parameters, Reference, exp, log


def hinge(y: Array, p: Array, _: Parameters) -> Array:
    return np.maximum(1 - y * p, 0)


def squared_hinge(y: Array, p: Array, a: Parameters) -> Array:
    return hinge(y, p, a) ** 2


def hinge_embedding(y: Array, p: Array, a: Parameters) -> Array:
    return np.where(y > 0, p, np.maximum(a.margin - p, 0))


def soft_margin(y: Array, p: Array, _: Parameters) -> Array:
    return log(1 + exp(-y * p))


def margin_ranking(y: Array, p: Array, other: Array, a: Parameters) -> Array:
    return np.maximum(a.margin - y * (p - other), 0)


def categorical_hinge(y: Array, p: Array, _: Parameters) -> Array:
    right, wrong = np.sum(y * p, axis=-1), np.max((1 - y) * p, axis=-1)
    return np.maximum(wrong - right + 1, 0)


def multi_margin(y: Array, p: Array, a: Parameters) -> Array:
    """Over all pairs of a class that is a target and one that is not."""
    weights, total = y * a.weight, 0 * p[..., 0]
    for turn in range(np.max(np.count_nonzero(y, axis=-1), initial=0)):
        place = np.argsort(y == 0, axis=-1, kind="stable")[..., turn, None]
        weight = np.take_along_axis(weights, place, axis=-1)  # 0 in a row that has no more targets
        costs = np.maximum(a.margin - np.take_along_axis(p, place, axis=-1) + p, 0) ** a.p
        total = total + np.sum(weight * costs * (y == 0), axis=-1)
    return total / p.shape[-1]


_MARGINS = ({}, {"margin": 2.5}, {"margin": -0.5})

REFERENCES = {
    "hinge": Reference(hinge, "sign", "real"),
    "squared_hinge": Reference(squared_hinge, "sign", "real"),
    "hinge_embedding": Reference(hinge_embedding, "sign", "real", _MARGINS),
    "soft_margin": Reference(soft_margin, "sign", "logit"),
    "margin_ranking": Reference(margin_ranking, "sign", "real", _MARGINS, ("real",)),
    "categorical_hinge": Reference(categorical_hinge, "classes", "real"),
    "multi_margin": Reference(
        multi_margin, "few_labels", "real", ({}, {"p": 2.0}, {"p": 1.5, "margin": 2.5})
    ),
}
