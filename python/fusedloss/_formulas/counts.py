"""Likelihoods of counts and of positive amounts."""

import math

from fusedloss._formulas.namespace import Array, Formulas, Namespace
from fusedloss._formulas.operations import clip
from fusedloss._formulas.regression import at_least

# Below, a dispersion counts as this: the loss is Poisson's there.
_LEAST_DISPERSION = 1e-30
# Coefficients of Stirling's series for ln Gamma, in odd powers of 1 / z.
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def _stirling_factorial(xp: Namespace, y_true: Array) -> Array:
    """Stirling's approximation of ln y!; 0 up to 1, as in torch."""
    some = y_true > 1
    y = xp.where(some, y_true, 1)
    return xp.where(some, y * xp.log(y) - y + 0.5 * xp.log(2 * math.pi * y), 0)


def _poisson(xp: Namespace, y_true: Array, y_pred: Array, epsilon: float, full: float) -> Array:
    cost = y_pred - y_true * xp.log(y_pred + epsilon)
    return cost + _stirling_factorial(xp, y_true) if full else cost


def _poisson_log_input(xp: Namespace, y_true: Array, y_pred: Array, full: float) -> Array:
    cost = xp.exp(y_pred) - y_true * y_pred
    return cost + _stirling_factorial(xp, y_true) if full else cost


def _gamma(xp: Namespace, y_true: Array, y_pred: Array, epsilon: float) -> Array:
    mean = y_pred + epsilon
    return y_true / mean + xp.log(mean)


def _gamma_log_input(xp: Namespace, y_true: Array, y_pred: Array) -> Array:
    return y_true * xp.exp(-y_pred) + y_pred


def _tweedie(xp: Namespace, y_true: Array, y_pred: Array, power: float, epsilon: float) -> Array:
    return _tweedie_log_input(xp, y_true, xp.log(y_pred + epsilon), power)


def _tweedie_log_input(xp: Namespace, y_true: Array, y_pred: Array, power: float) -> Array:
    mean_term = y_pred if power == 2 else xp.exp((2 - power) * y_pred) / (2 - power)
    if power == 1:
        return mean_term - y_true * y_pred
    # 0 stays 0, also where the other factor is infinite.
    positive = xp.where(y_true == 0, 0, y_pred)
    return mean_term - y_true * xp.exp((1 - power) * positive) / (1 - power)


def _log_factorial(xp: Namespace, y_true: Array) -> Array:
    return xp.lgamma(y_true + 1)


def _zero_inflated(xp: Namespace, y_true: Array, rate: Array, cost: Array, logit: Array) -> Array:
    """The loss of a rate, which ``cost`` is the loss of where y_true is not 0."""
    return xp.where(y_true == 0, -xp.logaddexp(logit, -rate), cost) - xp.log_sigmoid(-logit)


def _zero_inflated_poisson(
    xp: Namespace, y_true: Array, y_pred: Array, epsilon: float, full: float, *, more: tuple[Array]
) -> Array:
    rate = y_pred + epsilon
    cost = rate - y_true * xp.log(xp.where(y_true == 0, 1, rate))
    cost = cost + _log_factorial(xp, y_true) if full else cost
    return _zero_inflated(xp, y_true, rate, cost, more[0])


def _zero_inflated_poisson_log_input(
    xp: Namespace, y_true: Array, y_pred: Array, full: float, *, more: tuple[Array]
) -> Array:
    none = y_true == 0
    # e^-rate is 0 long before the rate overflows.
    rate = xp.exp(clip(xp, xp.where(none, y_pred, 0), None, 80))
    counted = xp.where(none, 0, y_pred)
    cost = xp.exp(counted) - y_true * counted
    cost = cost + _log_factorial(xp, y_true) if full else cost
    return _zero_inflated(xp, y_true, rate, cost, more[0])


def _log1p_over(xp: Namespace, over: Array, factor: Array, log1p: Array, near: Array) -> Array:
    """ln(1 + over factor) / over, given that logarithm; where it is near 0, by its series."""
    x = xp.where(near, over * factor, 0)
    total = xp.full_like(x, 0)
    for k in range(18, 0, -1):
        total = 1 / k - x * total
    return xp.where(near, total * factor, log1p / xp.where(near, 1, over))


def _stirling(xp: Namespace, inverse: Array) -> Array:
    """ln Gamma(z) - (z - 1/2) ln z + z - 1/2 ln(2 pi), given 1 / z."""
    square = xp.square(inverse)
    total = xp.full_like(inverse, 0)
    for coefficient in reversed(_STIRLING):
        total = total * square + coefficient
    return total * inverse


def _negative_binomial_cost(
    xp: Namespace,
    y_true: Array,
    log_mean: Array,
    growth: Array,
    spread: Array,
    a: Array,
    full: float,
) -> Array:
    """The loss given ln(1 + a mean), the spread, and the growth, which is that over a."""
    # Of small dispersions by powers of a, so that nothing grows while a falls to 0.
    small = a < 0.125
    low = xp.where(small, a, 0.125)
    surplus = low * y_true
    log_surplus = xp.log1p(surplus)
    tail = (
        _log1p_over(xp, low, y_true, log_surplus, surplus < 0.125)
        - y_true
        + (y_true - 0.5) * log_surplus
        + _stirling(xp, low / (1 + surplus))
        - _stirling(xp, low)
    )
    high = xp.where(small, 1, a)
    size = 1 / high
    direct = xp.lgamma(y_true + size) - xp.lgamma(size) + y_true * xp.log(high)
    loss = growth + y_true * (spread - log_mean) - xp.where(small, tail, direct)
    return loss + _log_factorial(xp, y_true) if full else loss


def _negative_binomial(
    xp: Namespace, y_true: Array, y_pred: Array, epsilon: float, full: float, *, more: tuple[Array]
) -> Array:
    mean, a = y_pred + epsilon, _dispersion(xp, more[0])
    spread = xp.log1p(a * mean)
    growth = _log1p_over(xp, a, mean, spread, spread < 0.1)
    return _negative_binomial_cost(xp, y_true, xp.log(mean), growth, spread, a, full)


def _negative_binomial_log_input(
    xp: Namespace, y_true: Array, y_pred: Array, full: float, *, more: tuple[Array]
) -> Array:
    a = _dispersion(xp, more[0])
    # ln(1 + a e^x) = x + ln(a + e^-x): of the two that which cannot overflow.
    positive = y_pred > 0
    up, down = xp.where(positive, y_pred, 0), xp.where(positive, 0, y_pred)
    spread = xp.where(positive, up + xp.log(a + xp.exp(-up)), xp.log1p(a * xp.exp(down)))
    near = spread < 0.1
    growth = _log1p_over(xp, a, xp.exp(xp.where(near, y_pred, 0)), spread, near)
    return _negative_binomial_cost(xp, y_true, y_pred, growth, spread, a, full)


def _dispersion(xp: Namespace, given: Array) -> Array:
    """The dispersion where there is a distribution of it, else NaN."""
    return at_least(xp, _LEAST_DISPERSION, xp.where(given < 0, math.nan, given))


POINTWISE: Formulas = {
    "poisson": _poisson,
    "poisson_log_input": _poisson_log_input,
    "zero_inflated_poisson": _zero_inflated_poisson,
    "zero_inflated_poisson_log_input": _zero_inflated_poisson_log_input,
    "negative_binomial": _negative_binomial,
    "negative_binomial_log_input": _negative_binomial_log_input,
    "gamma": _gamma,
    "gamma_log_input": _gamma_log_input,
    "tweedie": _tweedie,
    "tweedie_log_input": _tweedie_log_input,
}
