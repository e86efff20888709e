"""Cross-entropy of two classes, or of several labels that do not exclude each other."""

from typing import Any

from fusedloss._arguments import number
from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import EPSILON
from fusedloss.keras._layouts import ElementKernel
from fusedloss.keras._options import savable, weights


def _crossentropy(
    from_logits: bool, label_smoothing: float, axis: int, pos_weight: Any
) -> ElementKernel:
    smoothing = number("label_smoothing", label_smoothing)
    if not from_logits:
        if pos_weight is not None:
            raise ValueError("pos_weight needs from_logits=True")
        return ElementKernel("binary_crossentropy", (smoothing, EPSILON), axis)
    positive = None if pos_weight is None else weights("pos_weight", pos_weight)
    name = "binary_crossentropy_from_logits"
    return ElementKernel(name, (smoothing,), axis, positive, "pos_weight")


@public
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    *,
    pos_weight: Any = None,
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
      pos_weight: factor of what the positive class adds to the loss, >= 0: a number, or a list of
        one for each output along `axis`. Needs logits.
    """
    return _crossentropy(from_logits, label_smoothing, axis, pos_weight).losses(y_true, y_pred)


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
    >>> float(BinaryCrossentropy(from_logits=True)([[1], [0]], [[0.0], [0.0]]))
    0.6931
    >>> float(BinaryCrossentropy(from_logits=True, pos_weight=3.0)([[1], [0]], [[0.0], [0.0]]))
    1.3863

    Args:
      from_logits: predictions are logits.
      label_smoothing: how far labels are moved towards 1/2, in [0, 1].
      axis: the axis over which the loss is averaged.
      pos_weight: factor of what the positive class adds to the loss, >= 0: a number, or a list of
        one for each output along `axis`. Needs logits.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        *,
        pos_weight: Any = None,
    ) -> None:
        kernel = _crossentropy(from_logits, label_smoothing, axis, pos_weight)
        super().__init__(kernel, reduction, name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self.pos_weight = savable(pos_weight)
