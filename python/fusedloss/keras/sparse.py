"""Losses of classes that exclude each other; the targets are integer labels."""

from functools import partial
from typing import Any

import keras
from torch import Tensor

from fusedloss._arguments import integer
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import SparseKernel, is_symbolic


def _crossentropy(from_logits: bool, ignore_class: int | None, axis: int) -> SparseKernel:
    in_keras = partial(
        keras.losses.sparse_categorical_crossentropy,
        from_logits=from_logits,
        ignore_class=ignore_class,
    )
    name = "categorical_crossentropy_from_logits" if from_logits else "categorical_crossentropy"
    label = None if ignore_class is None else integer("ignore_class", ignore_class)
    no_smoothing = (0.0,)
    return SparseKernel(name, in_keras, no_smoothing, not from_logits, axis, ignore_label=label)


@public
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """Cross-entropy of classes along `axis`, given integer labels.

    For a row with label y:

        loss = -ln(p_y)
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
    """
    losses = _crossentropy(from_logits, ignore_class, axis)(y_true, y_pred)
    if ignore_class is not None and not is_symbolic(losses):
        labels = keras.ops.convert_to_tensor(y_true).to(losses.device)
        losses._keras_mask = (  # type: ignore[attr-defined]
            labels.reshape(losses.shape) != ignore_class
        )
    return losses


@public
class SparseCategoricalCrossentropy(FusedLoss):
    """Cross-entropy of classes along `axis`, given integer labels.

    For a row with label y:

        loss = -ln(p_y)
        p = softmax(y_pred) from logits;
        p = y_pred / sum(y_pred), clipped to [epsilon, 1 - epsilon], from probabilities

    with epsilon = `keras.config.epsilon()`. The gradient from logits is p, less 1 at the label.
    Logits are more accurate: nothing is clipped. As `keras.losses.SparseCategoricalCrossentropy`.

    >>> from fusedloss.keras import SparseCategoricalCrossentropy
    >>> loss = SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    >>> loss([1, -1], [[0.0, 0.0], [9.0, 9.0]])
    tensor(0.6931)

    Args:
      from_logits: predictions are logits.
      ignore_class: label of rows that do not count: they add 0, and a mean leaves them out.
      axis: the axis of the classes.
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(_crossentropy(from_logits, ignore_class, axis), reduction, name, dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
