"""Losses of several classes."""

from fusedloss._formulas.binary import focal_factor
from fusedloss._formulas.namespace import Array, Formulas, Namespace, is_dense
from fusedloss._formulas.operations import clip

# Where the core keeps logarithms finite: far below any that matters, far inside float32.
_LOWEST_LOG = -1e30
# What a probability is at least where something is divided by it.
_LEAST_PROB = 1e-7


def one_hot(xp: Namespace, y_true: Array, y_pred: Array, axis: int) -> Array:
    """Targets in the shape of ``y_pred``: as they are, or from a label for each row."""
    if is_dense(y_true, y_pred):
        return y_true
    return xp.one_hot(y_true, y_pred, axis)


def _log_clipped(xp: Namespace, y_pred: Array, axis: int, epsilon: float) -> Array:
    share = y_pred / xp.sum(y_pred, axis, keepdims=True)
    return xp.log(clip(xp, share, epsilon, 1 - epsilon))


def _smooth_classes(xp: Namespace, y_true: Array, axis: int, label_smoothing: float) -> Array:
    return y_true * (1 - label_smoothing) + label_smoothing / xp.length(y_true, axis)


def _class_cost(
    xp: Namespace,
    y_true: Array,
    log_prob: Array,
    weight: Array | None,
    axis: int,
    label_smoothing: float,
) -> Array:
    """-sum_c w_c t_c ln p_c with t the smoothed target, given densely or as one label per row."""
    weighted = log_prob
    if weight is not None:
        # A class without weight costs nothing, also where ln p is -inf.
        weighted = xp.where((weight == 0) & ~xp.isfinite(log_prob), 0, log_prob) * weight
    if is_dense(y_true, log_prob):
        target = _smooth_classes(xp, y_true, axis, label_smoothing)
        # A class without a target costs nothing, also where ln p is -inf.
        finite = xp.where(target == 0, clip(xp, weighted, _LOWEST_LOG, None), weighted)
        return -xp.sum(target * finite, axis)
    # Labels are looked up: one-hot targets would take as much memory again as the predictions.
    own = xp.take(weighted, y_true, axis)
    if label_smoothing == 0:
        return -own
    return -(1 - label_smoothing) * own - label_smoothing * xp.mean(weighted, axis)


def _focal_cost(
    xp: Namespace,
    y_true: Array,
    log_prob: Array,
    weight: Array | None,
    axis: int,
    alpha: float,
    gamma: float,
    label_smoothing: float,
    smoothed_focus: float,
) -> Array:
    y_true = one_hot(xp, y_true, log_prob, axis)
    factor = alpha * focal_factor(xp, -xp.expm1(log_prob), gamma)
    if weight is not None:
        factor = factor * weight
    if smoothed_focus:
        y_true, label_smoothing = _smooth_classes(xp, y_true, axis, label_smoothing), 0.0
    focus = y_true * factor
    sharp = _class_cost(xp, focus, log_prob, None, axis, 0.0)
    if label_smoothing == 0:
        return sharp
    uniform = -xp.mean(clip(xp, log_prob, _LOWEST_LOG, None), axis)
    return (1 - label_smoothing) * sharp + label_smoothing * xp.sum(focus, axis) * uniform


def _categorical_crossentropy(
    xp: Namespace,
    y_true: Array,
    y_pred: Array,
    weight: Array | None,
    axis: int,
    label_smoothing: float,
    epsilon: float,
) -> Array:
    log_prob = _log_clipped(xp, y_pred, axis, epsilon)
    return _class_cost(xp, y_true, log_prob, weight, axis, label_smoothing)


def _categorical_crossentropy_from_logits(
    xp: Namespace,
    y_true: Array,
    y_pred: Array,
    weight: Array | None,
    axis: int,
    label_smoothing: float,
) -> Array:
    return _class_cost(xp, y_true, xp.log_softmax(y_pred, axis), weight, axis, label_smoothing)


def scaled_logits(xp: Namespace, y_pred: Array, temperature: float, softcap: float) -> Array:
    """The logits that a softmax is taken of."""
    capped = softcap * xp.tanh(y_pred / softcap) if softcap else y_pred
    return capped / temperature


def _categorical_crossentropy_from_scaled_logits(
    xp: Namespace,
    y_true: Array,
    y_pred: Array,
    weight: Array | None,
    axis: int,
    label_smoothing: float,
    temperature: float,
    softcap: float,
    z_loss: float,
) -> Array:
    logits = scaled_logits(xp, y_pred, temperature, softcap)
    cost = _class_cost(xp, y_true, xp.log_softmax(logits, axis), weight, axis, label_smoothing)
    return cost + z_loss * xp.square(xp.logsumexp(logits, axis)) if z_loss else cost


def _categorical_crossentropy_from_log_probs(
    xp: Namespace, y_true: Array, y_pred: Array, weight: Array | None, axis: int
) -> Array:
    return _class_cost(xp, y_true, y_pred, weight, axis, 0.0)


def _categorical_focal_crossentropy(
    xp: Namespace, y_true: Array, y_pred: Array, weight: Array | None, axis: int, *parameters: float
) -> Array:
    *focal, epsilon = parameters
    return _focal_cost(xp, y_true, _log_clipped(xp, y_pred, axis, epsilon), weight, axis, *focal)


def _categorical_focal_crossentropy_from_logits(
    xp: Namespace, y_true: Array, y_pred: Array, weight: Array | None, axis: int, *parameters: float
) -> Array:
    return _focal_cost(xp, y_true, xp.log_softmax(y_pred, axis), weight, axis, *parameters)


def _of_targets(
    xp: Namespace, y_true: Array, cost: Array, weight: Array | None, axis: int
) -> Array:
    """The weighted sum of what the target classes of a row cost."""
    cost = cost if weight is None else cost * weight
    if is_dense(y_true, cost):
        return xp.sum(y_true * xp.where(y_true == 0, 0, cost), axis)
    return xp.take(cost, y_true, axis)


def _categorical_generalized_crossentropy(
    xp: Namespace, y_true: Array, y_pred: Array, weight: Array | None, axis: int, q: float
) -> Array:
    # Below, the power is exact, but its slope is that at the bound: it would be infinite at 0.
    low = y_pred < _LEAST_PROB
    inside = xp.where(low, 1.0, y_pred)
    steepest = _LEAST_PROB ** (q - 1)
    held = xp.stop_gradient(y_pred)
    outside = (1 - held**q) / q - steepest * (y_pred - held)
    cost = xp.where(low, outside, -xp.expm1(q * xp.log(inside)) / q)
    return _of_targets(xp, y_true, cost, weight, axis)


def _categorical_generalized_crossentropy_from_logits(
    xp: Namespace, y_true: Array, y_pred: Array, weight: Array | None, axis: int, q: float
) -> Array:
    cost = -xp.expm1(q * xp.log_softmax(y_pred, axis)) / q
    return _of_targets(xp, y_true, cost, weight, axis)


def _kl_divergence(
    xp: Namespace, y_true: Array, y_pred: Array, weight: None, axis: int, epsilon: float
) -> Array:
    del weight
    target, prob = (
        clip(xp, one_hot(xp, y_true, y_pred, axis), epsilon, 1),
        clip(xp, y_pred, epsilon, 1),
    )
    return xp.sum(target * xp.log(target / prob), axis)


ROW: Formulas = {
    "categorical_crossentropy": _categorical_crossentropy,
    "categorical_crossentropy_from_logits": _categorical_crossentropy_from_logits,
    "categorical_crossentropy_from_scaled_logits": _categorical_crossentropy_from_scaled_logits,
    "categorical_crossentropy_from_log_probs": _categorical_crossentropy_from_log_probs,
    "categorical_focal_crossentropy": _categorical_focal_crossentropy,
    "categorical_focal_crossentropy_from_logits": _categorical_focal_crossentropy_from_logits,
    "categorical_generalized_crossentropy": _categorical_generalized_crossentropy,
    "categorical_generalized_crossentropy_from_logits": (
        _categorical_generalized_crossentropy_from_logits
    ),
    "kl_divergence": _kl_divergence,
}
