"""Likelihoods of counts and of positive amounts."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from fusedloss.torch import _originals
from fusedloss.torch._formulas.regression import at_least

# Below, a dispersion counts as this: the loss is Poisson's there.
_LEAST_DISPERSION = 1e-30
# Coefficients of Stirling's series for ln Gamma, in odd powers of 1 / z.
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def _poisson(y_true: Tensor, y_pred: Tensor, epsilon: float, full: float) -> Tensor:
    return _originals.poisson_nll_loss(
        y_pred, y_true, log_input=False, full=bool(full), eps=epsilon, reduction="none"
    )


def _poisson_log_input(y_true: Tensor, y_pred: Tensor, full: float) -> Tensor:
    return _originals.poisson_nll_loss(y_pred, y_true, full=bool(full), reduction="none")


def _gamma(y_true: Tensor, y_pred: Tensor, epsilon: float) -> Tensor:
    mean = y_pred + epsilon
    return y_true / mean + mean.log()


def _gamma_log_input(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return y_true * (-y_pred).exp() + y_pred


def _tweedie(y_true: Tensor, y_pred: Tensor, power: float, epsilon: float) -> Tensor:
    return _tweedie_log_input(y_true, (y_pred + epsilon).log(), power)


def _tweedie_log_input(y_true: Tensor, y_pred: Tensor, power: float) -> Tensor:
    mean_term = y_pred if power == 2 else ((2 - power) * y_pred).exp() / (2 - power)
    if power == 1:
        return mean_term - y_true * y_pred
    # 0 stays 0, also where the other factor is infinite.
    positive = torch.where(y_true == 0, 0, y_pred)
    return mean_term - y_true * ((1 - power) * positive).exp() / (1 - power)


def _log_factorial(y_true: Tensor) -> Tensor:
    return (y_true + 1).lgamma()


def _zero_inflated(y_true: Tensor, rate: Tensor, cost: Tensor, logit: Tensor) -> Tensor:
    """The loss of a rate, which ``cost`` is the loss of where y_true is not 0."""
    return torch.where(y_true == 0, -torch.logaddexp(logit, -rate), cost) - F.logsigmoid(-logit)


def _zero_inflated_poisson(
    y_true: Tensor, y_pred: Tensor, epsilon: float, full: float, *, more: tuple[Tensor]
) -> Tensor:
    rate = y_pred + epsilon
    cost = rate - y_true * torch.where(y_true == 0, 1, rate).log()
    cost = cost + _log_factorial(y_true) if full else cost
    return _zero_inflated(y_true, rate, cost, more[0])


def _zero_inflated_poisson_log_input(
    y_true: Tensor, y_pred: Tensor, full: float, *, more: tuple[Tensor]
) -> Tensor:
    none = y_true == 0
    # e^-rate is 0 long before the rate overflows.
    rate = torch.where(none, y_pred, 0).clamp_max(80).exp()
    counted = torch.where(none, 0, y_pred)
    cost = counted.exp() - y_true * counted
    cost = cost + _log_factorial(y_true) if full else cost
    return _zero_inflated(y_true, rate, cost, more[0])


def _log1p_over(over: Tensor, factor: Tensor, log1p: Tensor, near: Tensor) -> Tensor:
    """ln(1 + over factor) / over, given that logarithm; where it is near 0, by its series."""
    x = torch.where(near, over * factor, 0)
    total = torch.zeros_like(x)
    for k in range(18, 0, -1):
        total = 1 / k - x * total
    return torch.where(near, total * factor, log1p / torch.where(near, 1, over))


def _stirling(inverse: Tensor) -> Tensor:
    """ln Gamma(z) - (z - 1/2) ln z + z - 1/2 ln(2 pi), given 1 / z."""
    square = inverse.square()
    total = torch.zeros_like(inverse)
    for coefficient in reversed(_STIRLING):
        total = total * square + coefficient
    return total * inverse


def _negative_binomial_cost(
    y_true: Tensor, log_mean: Tensor, growth: Tensor, spread: Tensor, a: Tensor, full: float
) -> Tensor:
    """The loss given ln(1 + a mean), the spread, and the growth, which is that over a."""
    # Of small dispersions by powers of a, so that nothing grows while a falls to 0.
    small = a < 0.125
    low = torch.where(small, a, 0.125)
    surplus = low * y_true
    log_surplus = surplus.log1p()
    tail = (
        _log1p_over(low, y_true, log_surplus, surplus < 0.125)
        - y_true
        + (y_true - 0.5) * log_surplus
        + _stirling(low / (1 + surplus))
        - _stirling(low)
    )
    high = torch.where(small, 1, a)
    size = 1 / high
    direct = (y_true + size).lgamma() - size.lgamma() + y_true * high.log()
    loss = growth + y_true * (spread - log_mean) - torch.where(small, tail, direct)
    return loss + _log_factorial(y_true) if full else loss


def _negative_binomial(
    y_true: Tensor, y_pred: Tensor, epsilon: float, full: float, *, more: tuple[Tensor]
) -> Tensor:
    mean, a = y_pred + epsilon, _dispersion(more[0])
    spread = (a * mean).log1p()
    growth = _log1p_over(a, mean, spread, spread < 0.1)
    return _negative_binomial_cost(y_true, mean.log(), growth, spread, a, full)


def _negative_binomial_log_input(
    y_true: Tensor, y_pred: Tensor, full: float, *, more: tuple[Tensor]
) -> Tensor:
    a = _dispersion(more[0])
    # ln(1 + a e^x) = x + ln(a + e^-x): of the two that which cannot overflow.
    positive = y_pred > 0
    up, down = torch.where(positive, y_pred, 0), torch.where(positive, 0, y_pred)
    spread = torch.where(positive, up + (a + (-up).exp()).log(), (a * down.exp()).log1p())
    near = spread < 0.1
    growth = _log1p_over(a, torch.where(near, y_pred, 0).exp(), spread, near)
    return _negative_binomial_cost(y_true, y_pred, growth, spread, a, full)


def _dispersion(given: Tensor) -> Tensor:
    """The dispersion where there is a distribution of it, else NaN."""
    return at_least(_LEAST_DISPERSION, torch.where(given < 0, torch.nan, given))


POINTWISE: dict[str, Callable[..., Tensor]] = {
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
