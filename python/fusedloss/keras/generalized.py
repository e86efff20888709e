"""Cross-entropy for labels some of which are wrong."""

from typing import Any

from fusedloss._arguments import integer, number
from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._layouts import SparseKernel


def _generalized(q: float, from_logits: bool, ignore_class: int | None, axis: int) -> SparseKernel:
    name = "categorical_generalized_crossentropy"
    label = None if ignore_class is None else integer("ignore_class", ignore_class)
    return SparseKernel(
        f"{name}_from_logits" if from_logits else name, (number("q", q),), axis, ignore_label=label
    )


@public
def categorical_generalized_cross_entropy(
    y_true: Any,
    y_pred: Any,
    q: float,
    *,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """Loss between cross-entropy and absolute error, which wrong labels harm less.

    For a row with label y, and p = y_pred as it is, or softmax(y_pred) from logits:

        loss = (1 - p_y^q) / q
        slope by p_y = -p_y^(q - 1), bounded as if p_y were at least 1e-7

    Zhang, Z. and Sabuncu, M. R. (2018), Generalized cross entropy loss for training deep neural
    networks with noisy labels, arXiv:1805.07836. As
    `keras.losses.categorical_generalized_cross_entropy`, which takes probabilities only.

    >>> from fusedloss.keras import categorical_generalized_cross_entropy
    >>> categorical_generalized_cross_entropy([0, 1], [[0.25, 0.75], [0.25, 0.75]], q=0.5)
    tensor([1.0000, 0.2679])

    Args:
      y_true: labels in [0, C), integers of any width, shape of the rows, or with an axis of size 1
        in place of the classes. Floating labels are truncated.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64.
      q: how tolerant the loss is, in (0, 1]: near 0 it is cross-entropy, at 1 the absolute error.
      from_logits: `y_pred` holds logits.
      ignore_class: label of rows that do not count. Their loss is 0, and the result has a Keras
        mask of the others, by which a mean leaves them out.
      axis: the axis of the classes.
    """
    return _generalized(q, from_logits, ignore_class, axis).losses(y_true, y_pred)


@public
class CategoricalGeneralizedCrossEntropy(FusedLoss):
    """Loss between cross-entropy and absolute error, which wrong labels harm less.

    For a row with label y, and p = y_pred as it is, or softmax(y_pred) from logits:

        loss = (1 - p_y^q) / q
        slope by p_y = -p_y^(q - 1), bounded as if p_y were at least 1e-7

    Zhang, Z. and Sabuncu, M. R. (2018), Generalized cross entropy loss for training deep neural
    networks with noisy labels, arXiv:1805.07836. As
    `keras.losses.CategoricalGeneralizedCrossEntropy`, which takes probabilities only.

    >>> from fusedloss.keras import CategoricalGeneralizedCrossEntropy
    >>> float(CategoricalGeneralizedCrossEntropy(q=0.5)([0, 1], [[0.25, 0.75], [0.25, 0.75]]))
    0.634

    Args:
      q: how tolerant the loss is, in (0, 1]: near 0 it is cross-entropy, at 1 the absolute error.
      from_logits: predictions are logits.
      ignore_class: label of rows that do not count: they add 0, and a mean leaves them out.
      axis: the axis of the classes.
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
        *,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(_generalized(q, from_logits, ignore_class, axis), reduction, name, dtype)
        self.q = q
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
