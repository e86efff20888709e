"""Losses of numbers, and the divergence of distributions by elements."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from fusedloss.torch import _originals

LOG_2 = math.log(2)
HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


def at_least(bound: float, tensor: Tensor) -> Tensor:
    """The tensor, but not below ``bound``, as which its slope does not know it."""
    return torch.where(tensor < bound, bound + (tensor - tensor.detach()), tensor)


def _mean_squared_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_pred - y_true).square()


def _mean_absolute_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_pred - y_true).abs()


def _mean_absolute_percentage_error(y_true: Tensor, y_pred: Tensor, epsilon: float) -> Tensor:
    return 100 * (y_pred - y_true).abs() / y_true.abs().clamp_min(epsilon)


def _mean_squared_logarithmic_error(y_true: Tensor, y_pred: Tensor, epsilon: float) -> Tensor:
    # A maximum, unlike a clamp, moves by half where both are equal.
    low = torch.full_like(y_pred, epsilon)
    difference = torch.maximum(y_pred, low).log1p() - torch.maximum(y_true, low).log1p()
    return difference.square()


def _log_cosh(y_true: Tensor, y_pred: Tensor) -> Tensor:
    difference = y_pred - y_true
    near = difference.abs() < 1
    # cosh^2 = 1 + sinh^2; far away sinh overflows, near zero the other form cancels.
    small = torch.where(near, difference, 0)
    large = torch.where(near, 1, difference).abs()
    tail = large - LOG_2 - F.logsigmoid(2 * large)
    return torch.where(near, 0.5 * small.sinh().square().log1p(), tail)


def _huber(y_true: Tensor, y_pred: Tensor, delta: float) -> Tensor:
    return _originals.huber_loss(y_pred, y_true, reduction="none", delta=delta)


def _smooth_l1(y_true: Tensor, y_pred: Tensor, beta: float) -> Tensor:
    return _originals.smooth_l1_loss(y_pred, y_true, reduction="none", beta=beta)


def _pinball(y_true: Tensor, y_pred: Tensor, quantile: float) -> Tensor:
    difference = y_true - y_pred
    return quantile * difference.relu() + (1 - quantile) * (-difference).relu()


def _gaussian_nll(
    y_true: Tensor, y_pred: Tensor, epsilon: float, full: float, *, more: tuple[Tensor]
) -> Tensor:
    variance = at_least(epsilon, more[0])
    loss = 0.5 * (variance.log() + (y_pred - y_true).square() / variance)
    return loss + HALF_LOG_2_PI if full else loss


def _kl_divergence_from_log_probs(y_true: Tensor, y_pred: Tensor, log_target: float) -> Tensor:
    if log_target:
        prob = y_true.exp()
        absent = prob == 0
        entropy = prob * torch.where(absent, 0, y_true)
    else:
        prob = y_true
        absent = prob == 0
        entropy = torch.xlogy(prob, prob)
    # What has no probability costs nothing, also where the prediction is -inf.
    return entropy - prob * torch.where(absent & ~y_pred.isnan(), 0, y_pred)


POINTWISE: dict[str, Callable[..., Tensor]] = {
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
