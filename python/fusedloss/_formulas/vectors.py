"""Losses of vectors: their directions, and their distances."""

from fusedloss._formulas.categorical import one_hot
from fusedloss._formulas.namespace import Array, Formulas, Namespace
from fusedloss._formulas.operations import clip, norm

# Added to the squared length of a vector, as in torch.
_LEAST_SQUARE = 1e-12


def _unit(xp: Namespace, x: Array, axis: int, epsilon: float) -> Array:
    """x / max(|x|, epsilon); of a vector of length 0 a constant, since it has no direction."""
    square = xp.sum(xp.square(x), axis, keepdims=True)
    nowhere = square == 0
    scale = clip(xp, 1 / xp.sqrt(xp.where(nowhere, 1, square)), None, 1 / epsilon)
    return x * xp.where(nowhere, 0, scale)


def _cosine_similarity(
    xp: Namespace, y_true: Array, y_pred: Array, weight: None, axis: int, epsilon: float
) -> Array:
    del weight
    target = one_hot(xp, y_true, y_pred, axis)
    return -xp.sum(_unit(xp, target, axis, epsilon) * _unit(xp, y_pred, axis, epsilon), axis)


def _cosine_embedding(
    xp: Namespace,
    y_true: Array,
    y_pred: Array,
    weight: None,
    axis: int,
    margin: float,
    *,
    more: tuple[Array],
) -> Array:
    del weight
    squares = [xp.sum(xp.square(x), axis) + _LEAST_SQUARE for x in (y_pred, more[0])]
    cosine = xp.sum(y_pred * more[0], axis) / xp.sqrt(squares[0] * squares[1])
    apart = xp.where(y_true == -1, clip(xp, cosine - margin, 0, None), 0)
    return xp.where(y_true == 1, 1 - cosine, apart)


def _triplet_margin(
    xp: Namespace,
    y_true: None,
    y_pred: Array,
    weight: None,
    axis: int,
    margin: float,
    p: float,
    epsilon: float,
    swap: float,
    *,
    more: tuple[Array, Array],
) -> Array:
    del y_true, weight
    positive, negative = more

    def distance(a: Array, b: Array) -> Array:
        return norm(xp, a - b + epsilon, p, axis)

    far = distance(y_pred, negative)
    if swap:
        far = xp.minimum(far, distance(positive, negative))
    return clip(xp, margin + distance(y_pred, positive) - far, 0, None)


ROW: Formulas = {
    "cosine_similarity": _cosine_similarity,
    "cosine_embedding": _cosine_embedding,
    "triplet_margin": _triplet_margin,
}
