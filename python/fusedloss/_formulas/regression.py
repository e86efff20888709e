"""Losses of numbers, and the divergence of distributions by elements."""

import math

from fusedloss._formulas.namespace import Array, Formulas, Namespace
from fusedloss._formulas.operations import clip

LOG_2 = math.log(2)
HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


def at_least(xp: Namespace, bound: float, values: Array) -> Array:
    """The values, but not below ``bound``, as which their slope does not know it."""
    return xp.where(values < bound, bound + (values - xp.stop_gradient(values)), values)


def _mean_squared_error(xp: Namespace, y_true: Array, y_pred: Array) -> Array:
    return xp.square(y_pred - y_true)


def _mean_absolute_error(xp: Namespace, y_true: Array, y_pred: Array) -> Array:
    return xp.abs(y_pred - y_true)


def _mean_absolute_percentage_error(
    xp: Namespace, y_true: Array, y_pred: Array, epsilon: float
) -> Array:
    return 100 * xp.abs(y_pred - y_true) / clip(xp, xp.abs(y_true), epsilon, None)


def _mean_squared_logarithmic_error(
    xp: Namespace, y_true: Array, y_pred: Array, epsilon: float
) -> Array:
    # A maximum, unlike a clip, moves by half where both are equal.
    low = xp.full_like(y_pred, epsilon)
    difference = xp.log1p(xp.maximum(y_pred, low)) - xp.log1p(xp.maximum(y_true, low))
    return xp.square(difference)


def _log_cosh(xp: Namespace, y_true: Array, y_pred: Array) -> Array:
    difference = y_pred - y_true
    near = xp.abs(difference) < 1
    # cosh^2 = 1 + sinh^2; far away sinh overflows, near zero the other form cancels.
    small = xp.where(near, difference, 0)
    large = xp.abs(xp.where(near, 1, difference))
    tail = large - LOG_2 - xp.log_sigmoid(2 * large)
    return xp.where(near, 0.5 * xp.log1p(xp.square(xp.sinh(small))), tail)


def _huber(xp: Namespace, y_true: Array, y_pred: Array, delta: float) -> Array:
    difference = y_pred - y_true
    slope = clip(xp, difference, -delta, delta)
    return slope * (difference - 0.5 * slope)


def _smooth_l1(xp: Namespace, y_true: Array, y_pred: Array, beta: float) -> Array:
    if beta == 0:
        return xp.abs(y_pred - y_true)
    return _huber(xp, y_true, y_pred, beta) / beta


def _pinball(xp: Namespace, y_true: Array, y_pred: Array, quantile: float) -> Array:
    difference = y_true - y_pred
    return quantile * xp.relu(difference) + (1 - quantile) * xp.relu(-difference)


def _gaussian_nll(
    xp: Namespace, y_true: Array, y_pred: Array, epsilon: float, full: float, *, more: tuple[Array]
) -> Array:
    variance = at_least(xp, epsilon, more[0])
    loss = 0.5 * (xp.log(variance) + xp.square(y_pred - y_true) / variance)
    return loss + HALF_LOG_2_PI if full else loss


def _kl_divergence_from_log_probs(
    xp: Namespace, y_true: Array, y_pred: Array, log_target: float
) -> Array:
    if log_target:
        prob = xp.exp(y_true)
        absent = prob == 0
        entropy = prob * xp.where(absent, 0, y_true)
    else:
        prob = y_true
        absent = prob == 0
        entropy = xp.xlogy(prob, prob)
    # What has no probability costs nothing, also where the prediction is -inf.
    return entropy - prob * xp.where(absent & ~xp.isnan(y_pred), 0, y_pred)


POINTWISE: Formulas = {
    "mean_squared_error": _mean_squared_error,
    "mean_absolute_error": _mean_absolute_error,
    "mean_absolute_percentage_error": _mean_absolute_percentage_error,
    "mean_squared_logarithmic_error": _mean_squared_logarithmic_error,
    "log_cosh": _log_cosh,
    "huber": _huber,
    "smooth_l1": _smooth_l1,
    "pinball": _pinball,
    "gaussian_nll": _gaussian_nll,
    "kl_divergence_from_log_probs": _kl_divergence_from_log_probs,
}
