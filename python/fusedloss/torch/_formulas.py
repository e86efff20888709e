"""The losses in plain torch operations: one value for each element, or for each row of classes.

They are differentiated by torch itself, to any order and in every mode, and run on every device.
Each takes the parameters of the core's loss of the same name, in the same order.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

# Where the core keeps logarithms finite: far below any that matters, far inside float32.
_TINY = 1e-37
_LOWEST_LOG = -1e30


def _mean_squared_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_pred - y_true).square()


def _mean_absolute_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_pred - y_true).abs()


def _huber(y_true: Tensor, y_pred: Tensor, delta: float) -> Tensor:
    return F.huber_loss(y_pred, y_true, reduction="none", delta=delta)


def _poisson(y_true: Tensor, y_pred: Tensor, epsilon: float, full: float) -> Tensor:
    return F.poisson_nll_loss(
        y_pred, y_true, log_input=False, full=bool(full), eps=epsilon, reduction="none"
    )


def _poisson_log_input(y_true: Tensor, y_pred: Tensor, full: float) -> Tensor:
    return F.poisson_nll_loss(y_pred, y_true, full=bool(full), reduction="none")


def _smooth_binary(y_true: Tensor, label_smoothing: float) -> Tensor:
    return y_true * (1 - label_smoothing) + 0.5 * label_smoothing


def _binary_cost(target: Tensor, y_pred: Tensor, epsilon: float) -> Tensor:
    clipped = y_pred.clamp(epsilon, 1 - epsilon)
    return -target * clipped.log() - (1 - target) * (1 - clipped).log()


def _binary_crossentropy(
    y_true: Tensor, y_pred: Tensor, label_smoothing: float, epsilon: float
) -> Tensor:
    return _binary_cost(_smooth_binary(y_true, label_smoothing), y_pred, epsilon)


def _binary_crossentropy_clamped(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return F.binary_cross_entropy(y_pred, y_true, reduction="none")


def _binary_crossentropy_from_logits(
    y_true: Tensor, y_pred: Tensor, label_smoothing: float, pos_weight: Tensor | None = None
) -> Tensor:
    target = _smooth_binary(y_true, label_smoothing)
    return F.binary_cross_entropy_with_logits(
        y_pred, target, reduction="none", pos_weight=pos_weight
    )


def _focal_factor(miss: Tensor, gamma: float) -> Tensor:
    """miss^gamma in log space: a power has no finite derivative at 0 for gamma < 1."""
    return (gamma * miss.clamp_min(_TINY).log()).exp()


def _binary_focus(
    focused: Tensor, prob: Tensor, complement: Tensor, alpha: float, gamma: float
) -> Tensor:
    factor = _focal_factor(focused * complement + (1 - focused) * prob, gamma)
    return factor if alpha < 0 else factor * (focused * alpha + (1 - focused) * (1 - alpha))


def _binary_focal_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    alpha: float,
    gamma: float,
    label_smoothing: float,
    smoothed_focus: float,
    epsilon: float,
) -> Tensor:
    target = _smooth_binary(y_true, label_smoothing)
    focused = target if smoothed_focus else y_true
    focus = _binary_focus(focused, y_pred, 1 - y_pred, alpha, gamma)
    return focus * _binary_cost(target, y_pred, epsilon)


def _binary_focal_crossentropy_from_logits(
    y_true: Tensor,
    y_pred: Tensor,
    alpha: float,
    gamma: float,
    label_smoothing: float,
    smoothed_focus: float,
) -> Tensor:
    target = _smooth_binary(y_true, label_smoothing)
    focused = target if smoothed_focus else y_true
    focus = _binary_focus(focused, y_pred.sigmoid(), (-y_pred).sigmoid(), alpha, gamma)
    return focus * F.binary_cross_entropy_with_logits(y_pred, target, reduction="none")


def _log_clipped(y_pred: Tensor, axis: int, epsilon: float) -> Tensor:
    share = y_pred / y_pred.sum(axis, keepdim=True)
    return share.clamp(epsilon, 1 - epsilon).log()


def _smooth_classes(y_true: Tensor, axis: int, label_smoothing: float) -> Tensor:
    return y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[axis]


def _class_cost(
    y_true: Tensor, log_prob: Tensor, weight: Tensor | None, axis: int, label_smoothing: float
) -> Tensor:
    """-sum_c w_c t_c ln p_c with t the smoothed target, given densely or as one label per row."""
    weighted = log_prob if weight is None else log_prob * weight
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
    if y_true.shape != log_prob.shape:
        labels = y_true.long().unsqueeze(axis)
        y_true = torch.zeros_like(log_prob).scatter(axis, labels, 1.0)
    factor = alpha * _focal_factor(-log_prob.expm1(), gamma)
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


def _categorical_focal_crossentropy(
    y_true: Tensor, y_pred: Tensor, weight: Tensor | None, axis: int, *parameters: float
) -> Tensor:
    *focal, epsilon = parameters
    return _focal_cost(y_true, _log_clipped(y_pred, axis, epsilon), weight, axis, *focal)


def _categorical_focal_crossentropy_from_logits(
    y_true: Tensor, y_pred: Tensor, weight: Tensor | None, axis: int, *parameters: float
) -> Tensor:
    return _focal_cost(y_true, y_pred.log_softmax(axis), weight, axis, *parameters)


# (y_true, y_pred, *parameters) -> a value for each element
POINTWISE: dict[str, Callable[..., Tensor]] = {
    "mean_squared_error": _mean_squared_error,
    "mean_absolute_error": _mean_absolute_error,
    "huber": _huber,
    "poisson": _poisson,
    "poisson_log_input": _poisson_log_input,
    "binary_crossentropy": _binary_crossentropy,
    "binary_crossentropy_clamped": _binary_crossentropy_clamped,
    "binary_crossentropy_from_logits": _binary_crossentropy_from_logits,
    "binary_focal_crossentropy": _binary_focal_crossentropy,
    "binary_focal_crossentropy_from_logits": _binary_focal_crossentropy_from_logits,
}

# (y_true, y_pred, class weights that broadcast to y_pred, class axis, *parameters) -> one a row
ROW: dict[str, Callable[..., Tensor]] = {
    "categorical_crossentropy": _categorical_crossentropy,
    "categorical_crossentropy_from_logits": _categorical_crossentropy_from_logits,
    "categorical_focal_crossentropy": _categorical_focal_crossentropy,
    "categorical_focal_crossentropy_from_logits": _categorical_focal_crossentropy_from_logits,
}
