"""Losses of two classes."""

from collections.abc import Callable

from torch import Tensor

from fusedloss.torch import _originals

# Where the core keeps logarithms finite: far below any that matters, far inside float32.
_TINY = 1e-37


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
    return _originals.binary_cross_entropy(y_pred, y_true, reduction="none")


def _binary_crossentropy_from_logits(
    y_true: Tensor, y_pred: Tensor, label_smoothing: float, pos_weight: Tensor | None = None
) -> Tensor:
    target = _smooth_binary(y_true, label_smoothing)
    return _originals.binary_cross_entropy_with_logits(
        y_pred, target, reduction="none", pos_weight=pos_weight
    )


def focal_factor(miss: Tensor, gamma: float) -> Tensor:
    """miss^gamma in log space: a power has no finite derivative at 0 for gamma < 1."""
    return (gamma * miss.clamp_min(_TINY).log()).exp()


def _binary_focus(
    focused: Tensor,
    prob: Tensor,
    complement: Tensor,
    alpha: float,
    relative_alpha: Tensor | None,
    gamma: float,
) -> Tensor:
    factor = focal_factor(focused * complement + (1 - focused) * prob, gamma)
    if alpha < 0:
        return factor
    own = alpha if relative_alpha is None else alpha * relative_alpha
    return factor * (focused * own + (1 - focused) * (1 - own))


def _binary_focal_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    alpha: float,
    gamma: float,
    label_smoothing: float,
    smoothed_focus: float,
    epsilon: float,
    relative_alpha: Tensor | None = None,
) -> Tensor:
    target = _smooth_binary(y_true, label_smoothing)
    focused = target if smoothed_focus else y_true
    focus = _binary_focus(focused, y_pred, 1 - y_pred, alpha, relative_alpha, gamma)
    return focus * _binary_cost(target, y_pred, epsilon)


def _binary_focal_crossentropy_from_logits(
    y_true: Tensor,
    y_pred: Tensor,
    alpha: float,
    gamma: float,
    label_smoothing: float,
    smoothed_focus: float,
    relative_alpha: Tensor | None = None,
) -> Tensor:
    target = _smooth_binary(y_true, label_smoothing)
    focused = target if smoothed_focus else y_true
    prob, complement = y_pred.sigmoid(), (-y_pred).sigmoid()
    focus = _binary_focus(focused, prob, complement, alpha, relative_alpha, gamma)
    return focus * _originals.binary_cross_entropy_with_logits(y_pred, target, reduction="none")


POINTWISE: dict[str, Callable[..., Tensor]] = {
    "binary_crossentropy": _binary_crossentropy,
    "binary_crossentropy_clamped": _binary_crossentropy_clamped,
    "binary_crossentropy_from_logits": _binary_crossentropy_from_logits,
    "binary_focal_crossentropy": _binary_focal_crossentropy,
    "binary_focal_crossentropy_from_logits": _binary_focal_crossentropy_from_logits,
}
