"""Binary cross-entropy that fades easy examples, for rare positives."""

from typing import Any

from fusedloss._arguments import number, require_positives
from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import EPSILON
from fusedloss.keras._layouts import ElementKernel
from fusedloss.keras._options import is_number, per_class, positive, savable

_UNBALANCED = -1.0  # the core's alpha for "every class weighs 1"


def _focal(
    apply_class_balancing: bool,
    alpha: Any,
    gamma: float,
    from_logits: bool,
    label_smoothing: float,
    axis: int,
    smoothed_focus: bool,
    denominator: float | str | None = None,
) -> ElementKernel:
    balance, per_output = _UNBALANCED, None
    if apply_class_balancing and is_number(alpha):
        balance = float(alpha)
        if not 0 <= balance <= 1:
            raise ValueError(f"alpha must be in [0, 1], got {alpha}")
    elif apply_class_balancing:
        balance, per_output = 1.0, per_class("alpha", alpha, 1)
    name = "binary_focal_crossentropy"
    parameters: tuple[float | None, ...] = (
        balance,
        number("gamma", gamma),
        number("label_smoothing", label_smoothing),
        float(smoothed_focus),
    )
    if from_logits:
        name = f"{name}_from_logits"
    else:
        parameters = (*parameters, EPSILON)
    if isinstance(denominator, str):
        require_positives(denominator)
    elif denominator is not None:
        denominator = positive("denominator", denominator)
    return ElementKernel(name, parameters, axis, per_output, "alpha", denominator=denominator)


@public
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: Any = 0.25,
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
      alpha: weight of the positive class, in [0, 1], or a list of one for each output along `axis`;
        the negative class has 1 - alpha. Not used without `apply_class_balancing`.
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
    return kernel.losses(y_true, y_pred)


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
    >>> float(BinaryFocalCrossentropy(from_logits=True)([[1], [1]], [[0.0], [4.0]]))
    0.0866

    Args:
      apply_class_balancing: weigh the classes by `alpha`.
      alpha: weight of the positive class, in [0, 1], or a list of one for each output along `axis`;
        the negative class has 1 - alpha. Not used without `apply_class_balancing`.
      gamma: how strongly easy examples are faded, >= 0; with 0 it is binary cross-entropy.
      from_logits: predictions are logits.
      label_smoothing: how far labels are moved towards 1/2, in [0, 1].
      axis: the axis over which the loss is averaged.
      smoothed_focus: whether smoothing moves p_t and alpha_t too, as in Keras, or the cross-entropy
        only.
      denominator: what a mean divides the sum of the losses of the rows by, instead of their
        number: another number > 0, or "positives", the sum of the labels of the rows that count,
        which are not masked and not of weight 0, but at least 1. Under a strategy of
        `tf.distribute` a number divides the losses of the whole batch; positives are those of a
        replica, and the loss is the mean over the replicas, as every mean is there.
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
        *,
        smoothed_focus: bool = True,
        denominator: float | str | None = None,
    ) -> None:
        kernel = _focal(
            apply_class_balancing,
            alpha,
            gamma,
            from_logits,
            label_smoothing,
            axis,
            smoothed_focus,
            denominator,
        )
        super().__init__(kernel, reduction, name, dtype)
        self.apply_class_balancing = apply_class_balancing
        self.alpha = savable(alpha)
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self.smoothed_focus = smoothed_focus
        self.denominator = denominator
