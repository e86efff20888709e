"""Cross-entropy of classes that exclude each other; the targets are integer labels."""

from typing import Any

from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._crossentropy import crossentropy
from fusedloss.keras._documentation import public
from fusedloss.keras._layouts import SparseKernel
from fusedloss.keras._options import savable


@public
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
    *,
    label_smoothing: float = 0.0,
    class_weight: Any = None,
    temperature: float = 1.0,
    softcap: float = 0.0,
    z_loss: float = 0.0,
) -> Tensor:
    """Cross-entropy of classes along `axis`, given integer labels.

    For a row with label y, or with t its one-hot form smoothed by `label_smoothing`:

        loss = -ln(p_y), or -sum(t ln(p))
        p = softmax(y_pred) from logits;
        p = y_pred / sum(y_pred), clipped to [epsilon, 1 - epsilon], from probabilities

    with epsilon = `keras.config.epsilon()`. The gradient from logits is p, less 1 at the label.
    Logits are more accurate: nothing is clipped. As `keras.losses.sparse_categorical_crossentropy`.

    >>> from fusedloss.keras import sparse_categorical_crossentropy
    >>> sparse_categorical_crossentropy([1, -1], [[0.0, 0.0], [9.0, 9.0]], True, ignore_class=-1)
    tensor([0.6931, 0.0000])

    Args:
      y_true: labels in [0, C), integers of any width, shape of the rows, or with an axis of size 1
        in place of the classes. Floating labels are truncated.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64.
      from_logits: `y_pred` holds logits.
      ignore_class: label of rows that do not count. Their loss is 0, and the result has a Keras
        mask of the others, by which a mean leaves them out.
      axis: the axis of the classes.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      class_weight: a weight >= 0 for each class, which its term of the loss is multiplied by; a
        mean divides by the number of rows all the same.
      temperature: number > 0 that logits are divided by, after the cap.
      softcap: bound of the logits, x becoming softcap tanh(x / softcap); 0 for none.
      z_loss: factor >= 0 of ln(sum(exp(logits)))^2, which is added to the loss of each row and
        keeps logits from drifting. These three need logits.
    """
    kernel = crossentropy(
        SparseKernel,
        from_logits,
        label_smoothing,
        axis,
        class_weight,
        temperature,
        softcap,
        z_loss,
        ignore_class,
    )
    return kernel.losses(y_true, y_pred)


@public
class SparseCategoricalCrossentropy(FusedLoss):
    """Cross-entropy of classes along `axis`, given integer labels.

    For a row with label y, or with t its one-hot form smoothed by `label_smoothing`:

        loss = -ln(p_y), or -sum(t ln(p))
        p = softmax(y_pred) from logits;
        p = y_pred / sum(y_pred), clipped to [epsilon, 1 - epsilon], from probabilities

    with epsilon = `keras.config.epsilon()`. The gradient from logits is p, less 1 at the label.
    Logits are more accurate: nothing is clipped. As `keras.losses.SparseCategoricalCrossentropy`.

    >>> from fusedloss.keras import SparseCategoricalCrossentropy
    >>> loss = SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    >>> float(loss([1, -1], [[0.0, 0.0], [9.0, 9.0]]))
    0.6931

    Args:
      from_logits: predictions are logits.
      ignore_class: label of rows that do not count: they add 0, and a mean leaves them out.
      axis: the axis of the classes.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      class_weight: a weight >= 0 for each class, which its term of the loss is multiplied by; a
        mean divides by the number of rows all the same.
      temperature: number > 0 that logits are divided by, after the cap.
      softcap: bound of the logits, x becoming softcap tanh(x / softcap); 0 for none.
      z_loss: factor >= 0 of ln(sum(exp(logits)))^2, which is added to the loss of each row and
        keeps logits from drifting. These three need logits.
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        *,
        label_smoothing: float = 0.0,
        class_weight: Any = None,
        temperature: float = 1.0,
        softcap: float = 0.0,
        z_loss: float = 0.0,
    ) -> None:
        kernel = crossentropy(
            SparseKernel,
            from_logits,
            label_smoothing,
            axis,
            class_weight,
            temperature,
            softcap,
            z_loss,
            ignore_class,
        )
        super().__init__(kernel, reduction, name, dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
        self.label_smoothing = label_smoothing
        self.class_weight = savable(class_weight)
        self.temperature = temperature
        self.softcap = softcap
        self.z_loss = z_loss
