"""Losses of margins: an example that is right by far enough costs nothing."""

from typing import Any

from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._layouts import BroadcastKernel, SignKernel

_HINGE = SignKernel("hinge")
_SQUARED_HINGE = SignKernel("squared_hinge")
_CATEGORICAL_HINGE = BroadcastKernel("categorical_hinge")


@public
def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """How much is missing to a margin of 1, averaged over the last axis.

    For a row of n outputs and targets of -1 and 1:

        loss = sum(max(0, 1 - y_true y_pred)) / n
        gradient = -y_true / n where the margin is missed, half of it where it is met, else 0

    If all targets of the batch are 0 or 1, 0 stands for -1. As `keras.losses.hinge`.

    >>> from fusedloss.keras import hinge
    >>> hinge([[1, -1], [1, 1]], [[0.5, 0.5], [1.0, 2.0]])
    tensor([1., 0.])

    Args:
      y_true: targets, -1 and 1, or 0 and 1; any real dtype, shape of `y_pred`, or with a last axis
        of size 1 more or less. Otherwise the two broadcast with each other.
      y_pred: scores, float16, bfloat16, float32 or float64. A row lies along the last axis.
    """
    return _HINGE.losses(y_true, y_pred)


@public
class Hinge(FusedLoss):
    """How much is missing to a margin of 1, averaged over the last axis.

    For a row of n outputs and targets of -1 and 1:

        loss = sum(max(0, 1 - y_true y_pred)) / n
        gradient = -y_true / n where the margin is missed, half of it where it is met, else 0

    If all targets of the batch are 0 or 1, 0 stands for -1. As `keras.losses.Hinge`.

    >>> from fusedloss.keras import Hinge
    >>> float(Hinge()([[0], [1]], [[0.5], [0.5]]))
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(_HINGE, reduction, name, dtype)


@public
def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """How much is missing to a margin of 1, squared and averaged over the last axis.

    For a row of n outputs and targets of -1 and 1:

        loss = sum(max(0, 1 - y_true y_pred)^2) / n
        gradient = -2 y_true max(0, 1 - y_true y_pred) / n

    If all targets of the batch are 0 or 1, 0 stands for -1. As `keras.losses.squared_hinge`.

    >>> from fusedloss.keras import squared_hinge
    >>> squared_hinge([[1, -1], [1, 1]], [[0.5, 0.5], [1.0, 2.0]])
    tensor([1.2500, 0.0000])

    Args:
      y_true: targets, -1 and 1, or 0 and 1; any real dtype, shape of `y_pred`, or with a last axis
        of size 1 more or less. Otherwise the two broadcast with each other.
      y_pred: scores, float16, bfloat16, float32 or float64. A row lies along the last axis.
    """
    return _SQUARED_HINGE.losses(y_true, y_pred)


@public
class SquaredHinge(FusedLoss):
    """How much is missing to a margin of 1, squared and averaged over the last axis.

    For a row of n outputs and targets of -1 and 1:

        loss = sum(max(0, 1 - y_true y_pred)^2) / n
        gradient = -2 y_true max(0, 1 - y_true y_pred) / n

    If all targets of the batch are 0 or 1, 0 stands for -1. As `keras.losses.SquaredHinge`.

    >>> from fusedloss.keras import SquaredHinge
    >>> float(SquaredHinge()([[0], [1]], [[0.5], [0.5]]))
    1.25
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(_SQUARED_HINGE, reduction, name, dtype)


@public
def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """How far the class of the target is from leading by 1, for classes along the last axis.

    For a row of classes with a one-hot target:

        loss = max(0, 1 + max((1 - y_true) y_pred) - sum(y_true y_pred))

    The inner maximum includes the 0 that the target's own class gives. The gradient is split evenly
    between classes that share it, and halved where the loss reaches 0. As
    `keras.losses.categorical_hinge`.

    >>> from fusedloss.keras import categorical_hinge
    >>> categorical_hinge([[0, 1, 0]], [[0.5, 1.0, 0.0]])
    tensor([0.5000])

    Args:
      y_true: one-hot targets, any real dtype, shape of `y_pred`, or broadcast with it.
      y_pred: scores, float16, bfloat16, float32 or float64. A row lies along the last axis.
    """
    return _CATEGORICAL_HINGE.losses(y_true, y_pred)


@public
class CategoricalHinge(FusedLoss):
    """How far the class of the target is from leading by 1, for classes along the last axis.

    For a row of classes with a one-hot target:

        loss = max(0, 1 + max((1 - y_true) y_pred) - sum(y_true y_pred))

    The inner maximum includes the 0 that the target's own class gives. The gradient is split evenly
    between classes that share it, and halved where the loss reaches 0. As
    `keras.losses.CategoricalHinge`.

    >>> from fusedloss.keras import CategoricalHinge
    >>> float(CategoricalHinge()([[0, 1, 0], [1, 0, 0]], [[0.5, 1.0, 0.0], [2.0, 0.5, 0.5]]))
    0.25
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(_CATEGORICAL_HINGE, reduction, name, dtype)
