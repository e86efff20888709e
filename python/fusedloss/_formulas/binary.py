"""Losses of two classes."""

from fusedloss._formulas.namespace import Array, Formulas, Namespace

# Where the core keeps logarithms finite: far below any that matters, far inside float32.
_TINY = 1e-37


def _smooth_binary(y_true: Array, label_smoothing: float) -> Array:
    return y_true * (1 - label_smoothing) + 0.5 * label_smoothing


def _binary_cost(xp: Namespace, target: Array, y_pred: Array, epsilon: float) -> Array:
    clipped = xp.clip(y_pred, epsilon, 1 - epsilon)
    return -target * xp.log(clipped) - (1 - target) * xp.log(1 - clipped)


def _logistic_cost(xp: Namespace, target: Array, y_pred: Array) -> Array:
    return -target * xp.log_sigmoid(y_pred) - (1 - target) * xp.log_sigmoid(-y_pred)


def _binary_crossentropy(
    xp: Namespace, y_true: Array, y_pred: Array, label_smoothing: float, epsilon: float
) -> Array:
    return _binary_cost(xp, _smooth_binary(y_true, label_smoothing), y_pred, epsilon)


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
    return xp.exp(gamma * xp.log(xp.clip(miss, _TINY, None)))


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
    "binary_crossentropy_from_logits": _binary_crossentropy_from_logits,
    "binary_focal_crossentropy": _binary_focal_crossentropy,
    "binary_focal_crossentropy_from_logits": _binary_focal_crossentropy_from_logits,
}
