"""Losses of two classes."""

import math

from fusedloss._formulas.namespace import Array, Formulas, Namespace
from fusedloss._formulas.operations import clip

# Where the core keeps logarithms finite: far below any that matters, far inside float32.
_TINY = 1e-37
# What torch bounds logarithms of probabilities by, and p (1 - p).
_LEAST_LOG = -100.0
_LEAST_VARIANCE = 1e-12


def _smooth_binary(y_true: Array, label_smoothing: float) -> Array:
    return y_true * (1 - label_smoothing) + 0.5 * label_smoothing


def _binary_cost(xp: Namespace, target: Array, y_pred: Array, epsilon: float) -> Array:
    clipped = clip(xp, y_pred, epsilon, 1 - epsilon)
    return -target * xp.log(clipped) - (1 - target) * xp.log(1 - clipped)


def _logistic_cost(xp: Namespace, target: Array, y_pred: Array) -> Array:
    return -target * xp.log_sigmoid(y_pred) - (1 - target) * xp.log_sigmoid(-y_pred)


def _binary_crossentropy(
    xp: Namespace, y_true: Array, y_pred: Array, label_smoothing: float, epsilon: float
) -> Array:
    return _binary_cost(xp, _smooth_binary(y_true, label_smoothing), y_pred, epsilon)


def _binary_crossentropy_clamped(xp: Namespace, y_true: Array, y_pred: Array) -> Array:
    # The slope is not that of the value: torch bounds p (1 - p), which it divides by.
    held = xp.stop_gradient(y_pred)
    inside = held * (1 - held) > _LEAST_VARIANCE
    prob = xp.where(inside, y_pred, 0.5)
    slope = (0.5 * (y_pred + held) - y_true) / _LEAST_VARIANCE  # that of a square, where it is held
    logs = [clip(xp, log, _LEAST_LOG, None) for log in (xp.log(held), xp.log1p(-held))]
    outside = -y_true * logs[0] - (1 - y_true) * logs[1] + (y_pred - held) * slope
    cost = -y_true * xp.log(prob) - (1 - y_true) * xp.log1p(-prob)
    valid = (held >= 0) & (held <= 1) & (y_true >= 0) & (y_true <= 1)
    return xp.where(inside, cost, outside) * xp.where(valid, xp.full_like(held, 1), math.nan)


def _binary_crossentropy_from_logits(
    xp: Namespace,
    y_true: Array,
    y_pred: Array,
    label_smoothing: float,
    pos_weight: Array | None = None,
) -> Array:
    target = _smooth_binary(y_true, label_smoothing)
    if pos_weight is None:
        return _logistic_cost(xp, target, y_pred)
    positive = target * pos_weight * xp.log_sigmoid(y_pred)
    return -positive - (1 - target) * xp.log_sigmoid(-y_pred)


def focal_factor(xp: Namespace, miss: Array, gamma: float) -> Array:
    """miss^gamma in log space: a power has no finite derivative at 0 for gamma < 1."""
    return xp.exp(gamma * xp.log(clip(xp, miss, _TINY, None)))


def _binary_focus(
    xp: Namespace,
    focused: Array,
    prob: Array,
    complement: Array,
    alpha: float,
    relative_alpha: Array | None,
    gamma: float,
) -> Array:
    factor = focal_factor(xp, focused * complement + (1 - focused) * prob, gamma)
    if alpha < 0:
        return factor
    own = alpha if relative_alpha is None else alpha * relative_alpha
    return factor * (focused * own + (1 - focused) * (1 - own))


def _binary_focal_crossentropy(
    xp: Namespace,
    y_true: Array,
    y_pred: Array,
    alpha: float,
    gamma: float,
    label_smoothing: float,
    smoothed_focus: float,
    epsilon: float,
    relative_alpha: Array | None = None,
) -> Array:
    target = _smooth_binary(y_true, label_smoothing)
    focused = target if smoothed_focus else y_true
    focus = _binary_focus(xp, focused, y_pred, 1 - y_pred, alpha, relative_alpha, gamma)
    return focus * _binary_cost(xp, target, y_pred, epsilon)


def _binary_focal_crossentropy_from_logits(
    xp: Namespace,
    y_true: Array,
    y_pred: Array,
    alpha: float,
    gamma: float,
    label_smoothing: float,
    smoothed_focus: float,
    relative_alpha: Array | None = None,
) -> Array:
    target = _smooth_binary(y_true, label_smoothing)
    focused = target if smoothed_focus else y_true
    prob, complement = xp.sigmoid(y_pred), xp.sigmoid(-y_pred)
    focus = _binary_focus(xp, focused, prob, complement, alpha, relative_alpha, gamma)
    return focus * _logistic_cost(xp, target, y_pred)


POINTWISE: Formulas = {
    "binary_crossentropy": _binary_crossentropy,
    "binary_crossentropy_clamped": _binary_crossentropy_clamped,
    "binary_crossentropy_from_logits": _binary_crossentropy_from_logits,
    "binary_focal_crossentropy": _binary_focal_crossentropy,
    "binary_focal_crossentropy_from_logits": _binary_focal_crossentropy_from_logits,
}
