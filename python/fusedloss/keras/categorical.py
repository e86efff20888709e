"""Cross-entropy of classes that exclude each other; the targets have a value for every class."""

from typing import Any

from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._crossentropy import crossentropy
from fusedloss.keras._documentation import public
from fusedloss.keras._layouts import DenseKernel
from fusedloss.keras._options import savable


@public
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    *,
    class_weight: Any = None,
    temperature: float = 1.0,
    softcap: float = 0.0,
    z_loss: float = 0.0,
) -> Tensor:
    """Cross-entropy of classes along `axis`, given one-hot or soft labels.

    For a row of C classes, with t = y_true (1 - label_smoothing) + label_smoothing / C:

        loss = -sum(t ln(p))
        p = softmax(y_pred) from logits;
        p = y_pred / sum(y_pred), clipped to [epsilon, 1 - epsilon], from probabilities

    with epsilon = `keras.config.epsilon()`. The gradient from logits is p sum(t) - t. Logits are
    more accurate: nothing is clipped. As `keras.losses.categorical_crossentropy`. Label smoothing:
    Szegedy et al. (2016), Rethinking the Inception architecture for computer vision,
    arXiv:1512.00567.

    >>> from fusedloss.keras import categorical_crossentropy
    >>> categorical_crossentropy([[0, 1, 0]], [[0.0, 0.0, 0.0]], from_logits=True)
    tensor([1.0986])

    Args:
      y_true: a value in [0, 1] for each class, any real dtype, shape of `y_pred`.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64.
      from_logits: `y_pred` holds logits.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      axis: the axis of the classes.
      class_weight: a weight >= 0 for each class, which its term of the loss is multiplied by; a
        mean divides by the number of rows all the same.
      temperature: number > 0 that logits are divided by, after the cap.
      softcap: bound of the logits, x becoming softcap tanh(x / softcap); 0 for none.
      z_loss: factor >= 0 of ln(sum(exp(logits)))^2, which is added to the loss of each row and
        keeps logits from drifting. These three need logits.
    """
    kernel = crossentropy(
        DenseKernel, from_logits, label_smoothing, axis, class_weight, temperature, softcap, z_loss
    )
    return kernel.losses(y_true, y_pred)


@public
class CategoricalCrossentropy(FusedLoss):
    """Cross-entropy of classes along `axis`, given one-hot or soft labels.

    For a row of C classes, with t = y_true (1 - label_smoothing) + label_smoothing / C:

        loss = -sum(t ln(p))
        p = softmax(y_pred) from logits;
        p = y_pred / sum(y_pred), clipped to [epsilon, 1 - epsilon], from probabilities

    with epsilon = `keras.config.epsilon()`. The gradient from logits is p sum(t) - t. Logits are
    more accurate: nothing is clipped. As `keras.losses.CategoricalCrossentropy`. Label smoothing:
    Szegedy et al. (2016), Rethinking the Inception architecture for computer vision,
    arXiv:1512.00567.

    >>> from fusedloss.keras import CategoricalCrossentropy
    >>> loss = CategoricalCrossentropy(from_logits=True)
    >>> float(loss([[0, 1, 0], [0, 0, 1]], [[0.0, 0.0, 0.0], [0.0, 0.0, 99.0]]))
    0.5493
    >>> float(CategoricalCrossentropy(from_logits=True, z_loss=0.5)([[0, 1]], [[0.0, 0.0]]))
    0.9334

    Args:
      from_logits: predictions are logits.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      axis: the axis of the classes.
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
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        *,
        class_weight: Any = None,
        temperature: float = 1.0,
        softcap: float = 0.0,
        z_loss: float = 0.0,
    ) -> None:
        kernel = crossentropy(
            DenseKernel,
            from_logits,
            label_smoothing,
            axis,
            class_weight,
            temperature,
            softcap,
            z_loss,
        )
        super().__init__(kernel, reduction, name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self.class_weight = savable(class_weight)
        self.temperature = temperature
        self.softcap = softcap
        self.z_loss = z_loss
