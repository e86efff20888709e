"""Losses of several classes."""

from collections.abc import Callable

import torch
from torch import Tensor

from fusedloss.torch._formulas.binary import focal_factor

# Where the core keeps logarithms finite: far below any that matters, far inside float32.
_LOWEST_LOG = -1e30
# What a probability is at least where something is divided by it.
_LEAST_PROB = 1e-7


def one_hot(y_true: Tensor, y_pred: Tensor, axis: int) -> Tensor:
    """Targets in the shape of ``y_pred``: as they are, or from a label for each row."""
    if y_true.shape == y_pred.shape:
        return y_true
    return torch.zeros_like(y_pred).scatter(axis, y_true.long().unsqueeze(axis), 1.0)


def _log_clipped(y_pred: Tensor, axis: int, epsilon: float) -> Tensor:
    share = y_pred / y_pred.sum(axis, keepdim=True)
    return share.clamp(epsilon, 1 - epsilon).log()


def _smooth_classes(y_true: Tensor, axis: int, label_smoothing: float) -> Tensor:
    return y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[axis]


def _class_cost(
    y_true: Tensor, log_prob: Tensor, weight: Tensor | None, axis: int, label_smoothing: float
) -> Tensor:
    """-sum_c w_c t_c ln p_c with t the smoothed target, given densely or as one label per row."""
    weighted = log_prob
    if weight is not None:
        # A class without weight costs nothing, also where ln p is -inf.
        weighted = torch.where((weight == 0) & ~log_prob.isfinite(), 0, log_prob) * weight
    if y_true.shape == log_prob.shape:
        target = _smooth_classes(y_true, axis, label_smoothing)
        # A class without a target costs nothing, also where ln p is -inf.
        finite = torch.where(target == 0, weighted.clamp_min(_LOWEST_LOG), weighted)
        return -(target * finite).sum(axis)
    # Labels are looked up: one-hot targets would take as much memory again as the predictions.
    own = weighted.gather(axis, y_true.long().unsqueeze(axis)).squeeze(axis)
    if label_smoothing == 0:
        return -own
    return -(1 - label_smoothing) * own - label_smoothing * weighted.mean(axis)


def _focal_cost(
    y_true: Tensor,
    log_prob: Tensor,
    weight: Tensor | None,
    axis: int,
    alpha: float,
    gamma: float,
    label_smoothing: float,
    smoothed_focus: float,
) -> Tensor:
    y_true = one_hot(y_true, log_prob, axis)
    factor = alpha * focal_factor(-log_prob.expm1(), gamma)
    if weight is not None:
        factor = factor * weight
    if smoothed_focus:
        y_true, label_smoothing = _smooth_classes(y_true, axis, label_smoothing), 0.0
    focus = y_true * factor
    sharp = _class_cost(focus, log_prob, None, axis, 0.0)
    if label_smoothing == 0:
        return sharp
    uniform = -log_prob.clamp_min(_LOWEST_LOG).mean(axis)
    return (1 - label_smoothing) * sharp + label_smoothing * focus.sum(axis) * uniform


def _categorical_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    weight: Tensor | None,
    axis: int,
    label_smoothing: float,
    epsilon: float,
) -> Tensor:
    log_prob = _log_clipped(y_pred, axis, epsilon)
    return _class_cost(y_true, log_prob, weight, axis, label_smoothing)


def _categorical_crossentropy_from_logits(
    y_true: Tensor, y_pred: Tensor, weight: Tensor | None, axis: int, label_smoothing: float
) -> Tensor:
    return _class_cost(y_true, y_pred.log_softmax(axis), weight, axis, label_smoothing)


def scaled_logits(y_pred: Tensor, temperature: float, softcap: float) -> Tensor:
    """The logits that a softmax is taken of."""
    capped = softcap * (y_pred / softcap).tanh() if softcap else y_pred
    return capped / temperature


def _categorical_crossentropy_from_scaled_logits(
    y_true: Tensor,
    y_pred: Tensor,
    weight: Tensor | None,
    axis: int,
    label_smoothing: float,
    temperature: float,
    softcap: float,
    z_loss: float,
) -> Tensor:
    logits = scaled_logits(y_pred, temperature, softcap)
    cost = _class_cost(y_true, logits.log_softmax(axis), weight, axis, label_smoothing)
    return cost + z_loss * logits.logsumexp(axis).square() if z_loss else cost


def _categorical_crossentropy_from_log_probs(
    y_true: Tensor, y_pred: Tensor, weight: Tensor | None, axis: int
) -> Tensor:
    return _class_cost(y_true, y_pred, weight, axis, 0.0)


def _categorical_focal_crossentropy(
    y_true: Tensor, y_pred: Tensor, weight: Tensor | None, axis: int, *parameters: float
) -> Tensor:
    *focal, epsilon = parameters
    return _focal_cost(y_true, _log_clipped(y_pred, axis, epsilon), weight, axis, *focal)


def _categorical_focal_crossentropy_from_logits(
    y_true: Tensor, y_pred: Tensor, weight: Tensor | None, axis: int, *parameters: float
) -> Tensor:
    return _focal_cost(y_true, y_pred.log_softmax(axis), weight, axis, *parameters)


def _of_targets(y_true: Tensor, cost: Tensor, weight: Tensor | None, axis: int) -> Tensor:
    """The weighted sum of what the target classes of a row cost."""
    cost = cost if weight is None else cost * weight
    if y_true.shape == cost.shape:
        return (y_true * torch.where(y_true == 0, 0, cost)).sum(axis)
    return cost.gather(axis, y_true.long().unsqueeze(axis)).squeeze(axis)


def _categorical_generalized_crossentropy(
    y_true: Tensor, y_pred: Tensor, weight: Tensor | None, axis: int, q: float
) -> Tensor:
    # Below, the power is exact, but its slope is that at the bound: it would be infinite at 0.
    low = y_pred < _LEAST_PROB
    inside = torch.where(low, 1.0, y_pred)
    steepest = _LEAST_PROB ** (q - 1)
    outside = (1 - y_pred.detach() ** q) / q - steepest * (y_pred - y_pred.detach())
    cost = torch.where(low, outside, -torch.expm1(q * inside.log()) / q)
    return _of_targets(y_true, cost, weight, axis)


def _categorical_generalized_crossentropy_from_logits(
    y_true: Tensor, y_pred: Tensor, weight: Tensor | None, axis: int, q: float
) -> Tensor:
    cost = -torch.expm1(q * y_pred.log_softmax(axis)) / q
    return _of_targets(y_true, cost, weight, axis)


def _kl_divergence(
    y_true: Tensor, y_pred: Tensor, weight: None, axis: int, epsilon: float
) -> Tensor:
    del weight
    target, prob = one_hot(y_true, y_pred, axis).clamp(epsilon, 1), y_pred.clamp(epsilon, 1)
    return (target * (target / prob).log()).sum(axis)


ROW: dict[str, Callable[..., Tensor]] = {
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
