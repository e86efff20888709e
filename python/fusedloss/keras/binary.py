"""Losses of two classes, or of several labels that do not exclude each other."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from torch import Tensor

from fusedloss._arguments import number
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import PointwiseKernel, refuse_symbolic

_UNBALANCED = -1.0  # the core's alpha for "every class weighs 1"


def _crossentropy(from_logits: bool, label_smoothing: float, axis: int) -> PointwiseKernel:
    in_keras = partial(
        keras.losses.binary_crossentropy,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
    )
    name = "binary_crossentropy_from_logits" if from_logits else "binary_crossentropy"
    return PointwiseKernel(
        name, in_keras, (number("label_smoothing", label_smoothing),), not from_logits, axis
    )


def _focal(
    apply_class_balancing: bool,
    alpha: float,
    gamma: float,
    from_logits: bool,
    label_smoothing: float,
    axis: int,
    smoothed_focus: bool,
) -> PointwiseKernel:
    in_keras: Callable[..., Any] = refuse_symbolic
    if smoothed_focus or not label_smoothing:
        in_keras = partial(
            keras.losses.binary_focal_crossentropy,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )
    balance = _UNBALANCED
    if apply_class_balancing:
        balance = number("alpha", alpha)
        if not 0 <= balance <= 1:
            raise ValueError(f"alpha must be in [0, 1], got {alpha}")
    name = "binary_focal_crossentropy_from_logits" if from_logits else "binary_focal_crossentropy"
    parameters = (
        balance,
        number("gamma", gamma),
        number("label_smoothing", label_smoothing),
        float(smoothed_focus),
    )
    return PointwiseKernel(name, in_keras, parameters, not from_logits, axis)


@public
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Cross-entropy of two classes, averaged over `axis`.

    For a row of n outputs, with t = y_true (1 - label_smoothing) + label_smoothing / 2:

        loss = -sum(t ln(p) + (1 - t) ln(1 - p)) / n
        p = sigmoid(y_pred) from logits; else y_pred clipped to [epsilon, 1 - epsilon]

    with epsilon = `keras.config.epsilon()`. The gradient is (p - t) / n from logits, and
    (p - t) / (p (1 - p) n), or 0 where p is clipped, from probabilities. Logits are more accurate:
    nothing is clipped. As `keras.losses.binary_crossentropy`.

    >>> from fusedloss.keras import binary_crossentropy
    >>> binary_crossentropy([[1, 0]], [[0.0, 0.0]], from_logits=True)
    tensor([0.6931])

    Args:
      y_true: labels in [0, 1], any real dtype, shape of `y_pred`, or with a last axis of size 1
        more or less.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64.
      from_logits: `y_pred` holds logits.
      label_smoothing: how far labels are moved towards 1/2, in [0, 1].
      axis: the axis over which the loss is averaged.
    """
    return _crossentropy(from_logits, label_smoothing, axis)(y_true, y_pred)


@public
class BinaryCrossentropy(FusedLoss):
    """Cross-entropy of two classes, averaged over `axis`.

    For a row of n outputs, with t = y_true (1 - label_smoothing) + label_smoothing / 2:

        loss = -sum(t ln(p) + (1 - t) ln(1 - p)) / n
        p = sigmoid(y_pred) from logits; else y_pred clipped to [epsilon, 1 - epsilon]

    with epsilon = `keras.config.epsilon()`. The gradient is (p - t) / n from logits, and
    (p - t) / (p (1 - p) n), or 0 where p is clipped, from probabilities. Logits are more accurate:
    nothing is clipped. As `keras.losses.BinaryCrossentropy`.

    >>> from fusedloss.keras import BinaryCrossentropy
    >>> BinaryCrossentropy(from_logits=True)([[1], [0]], [[0.0], [0.0]])
    tensor(0.6931)

    Args:
      from_logits: predictions are logits.
      label_smoothing: how far labels are moved towards 1/2, in [0, 1].
      axis: the axis over which the loss is averaged.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(_crossentropy(from_logits, label_smoothing, axis), reduction, name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


@public
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    *,
    smoothed_focus: bool = True,
) -> Tensor:
    """Binary cross-entropy in which easy examples count less, averaged over `axis`.

    For a row of n outputs, with p as in `binary_crossentropy` but not clipped, and y the smoothed
    label, or with `smoothed_focus=False` the label as it is given:

        p_t = y p + (1 - y) (1 - p)
        alpha_t = y alpha + (1 - y) (1 - alpha), or 1 without apply_class_balancing
        loss = sum(alpha_t (1 - p_t)^gamma binary_crossentropy) / n

    Lin et al. (2017), Focal loss for dense object detection, arXiv:1708.02002. As
    `keras.losses.binary_focal_crossentropy`, which clips probabilities also where they come from
    logits: there a confident mistake has gradient 0, here it has not.

    >>> from fusedloss.keras import binary_focal_crossentropy
    >>> binary_focal_crossentropy([[1], [1]], [[0.0], [-100.0]], from_logits=True)
    tensor([  0.1733, 100.0000])

    Args:
      y_true: labels in [0, 1], any real dtype, shape of `y_pred`, or with a last axis of size 1
        more or less.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64.
      apply_class_balancing: weigh the classes by `alpha`.
      alpha: weight of the positive class, in [0, 1]; the negative one has 1 - alpha. Not used
        without `apply_class_balancing`.
      gamma: how strongly easy examples are faded, >= 0; with 0 it is binary cross-entropy.
      from_logits: `y_pred` holds logits.
      label_smoothing: how far labels are moved towards 1/2, in [0, 1].
      axis: the axis over which the loss is averaged.
      smoothed_focus: whether smoothing moves p_t and alpha_t too, as in Keras, or the cross-entropy
        only.
    """
    kernel = _focal(
        apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis, smoothed_focus
    )
    return kernel(y_true, y_pred)


@public
class BinaryFocalCrossentropy(FusedLoss):
    """Binary cross-entropy in which easy examples count less, averaged over `axis`.

    For a row of n outputs, with p as in `BinaryCrossentropy` but not clipped, and y the smoothed
    label, or with `smoothed_focus=False` the label as it is given:

        p_t = y p + (1 - y) (1 - p)
        alpha_t = y alpha + (1 - y) (1 - alpha), or 1 without apply_class_balancing
        loss = sum(alpha_t (1 - p_t)^gamma binary_crossentropy) / n

    Lin et al. (2017), Focal loss for dense object detection, arXiv:1708.02002. As
    `keras.losses.BinaryFocalCrossentropy`, which clips probabilities also where they come from
    logits: there a confident mistake has gradient 0, here it has not.

    >>> from fusedloss.keras import BinaryFocalCrossentropy
    >>> BinaryFocalCrossentropy(from_logits=True)([[1], [1]], [[0.0], [4.0]])
    tensor(0.0866)

    Args:
      apply_class_balancing: weigh the classes by `alpha`.
      alpha: weight of the positive class, in [0, 1]; the negative one has 1 - alpha. Not used
        without `apply_class_balancing`.
      gamma: how strongly easy examples are faded, >= 0; with 0 it is binary cross-entropy.
      from_logits: predictions are logits.
      label_smoothing: how far labels are moved towards 1/2, in [0, 1].
      axis: the axis over which the loss is averaged.
      smoothed_focus: whether smoothing moves p_t and alpha_t too, as in Keras, or the cross-entropy
        only.
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
        *,
        smoothed_focus: bool = True,
    ) -> None:
        kernel = _focal(
            apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis, smoothed_focus
        )
        super().__init__(kernel, reduction, name, dtype)
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self.smoothed_focus = smoothed_focus
