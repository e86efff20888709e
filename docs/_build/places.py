"""What a picture moves along its x axis: places where predictions and targets are put.

Each function returns a place, which turns the values of x into the arguments of a loss, and says
how the prediction moves with x.
"""

import numpy as np

from pictures import Array, Place

Arguments = tuple[tuple[Array, ...], Array]

_AGAINST = np.array([1.0, -1.0])  # what one of two probabilities gains the other loses


def number(target: float, *further: float) -> Place:
    """x is the prediction of one target; further predictions do not change."""

    def place(x: Array) -> Arguments:
        constants = (np.full_like(x, value) for value in further)
        return (np.full_like(x, target), x, *constants), np.ones_like(x)

    return place


def label(classes: int = 3) -> Place:
    """x is the score of the labelled class; the other classes have score 0."""

    def place(x: Array) -> Arguments:
        scores = np.zeros((x.size, classes))
        scores[:, 0] = x
        return (np.zeros(x.size, np.int64), scores), _first(scores)

    return place


def one_hot(classes: int = 3) -> Place:
    """As `label`, with the label as a row of 0 and 1."""

    def place(x: Array) -> Arguments:
        (labels, scores), direction = label(classes)(x)
        return (np.eye(classes)[labels], scores), direction

    return place


def probability(target: float) -> Place:
    """x is the probability of the first of two classes, `target` the right one."""

    def place(x: Array) -> Arguments:
        predicted = np.stack([x, 1 - x], axis=-1)
        return (np.broadcast_to([target, 1 - target], predicted.shape), predicted), _AGAINST

    return place


def angle(kind: int | None = None) -> Place:
    """x is the angle between the prediction and another vector, both of length 1.

    The other vector is the target, or with a `kind` of the pair the further prediction.
    """

    def place(x: Array) -> Arguments:
        predicted = np.stack([np.cos(x), np.sin(x)], axis=-1)
        direction = np.stack([-np.sin(x), np.cos(x)], axis=-1)
        other = np.broadcast_to([1.0, 0.0], predicted.shape)
        if kind is None:
            return (other, predicted), direction
        return (np.full(x.size, kind), predicted, other), direction

    return place


def between() -> Place:
    """x is where the anchor lies on the line from the positive, at 0, to the negative, at 2."""

    def place(x: Array) -> Arguments:
        anchor = np.stack([x, np.zeros_like(x)], axis=-1)
        positive = np.zeros_like(anchor)
        return (anchor, positive, positive + np.array([2.0, 0.0])), _first(anchor)

    return place


def _first(rows: Array) -> Array:
    """The direction in which only the first entry of a row grows."""
    return np.eye(rows.shape[-1])[0]
