"""Losses of continuous targets."""

from functools import partial
from typing import Any

import keras
from torch import Tensor

from fusedloss._arguments import number
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import RegressionKernel

_MEAN_SQUARED_ERROR = RegressionKernel("mean_squared_error", keras.losses.mean_squared_error)
_MEAN_ABSOLUTE_ERROR = RegressionKernel("mean_absolute_error", keras.losses.mean_absolute_error)


def _huber(delta: float) -> RegressionKernel:
    in_keras = partial(keras.losses.huber, delta=delta)
    return RegressionKernel("huber", in_keras, (number("delta", delta),))


@public
def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """Squared difference, averaged over the last axis.

    For a row of n outputs:

        loss = sum((y_pred - y_true)^2) / n
        gradient = 2 (y_pred - y_true) / n

    As `keras.losses.mean_squared_error`.

    >>> from fusedloss.keras import mean_squared_error
    >>> mean_squared_error([[0.0, 1.0], [2.0, 3.0]], [[0.0, 3.0], [2.0, 2.0]])
    tensor([2.0000, 0.5000])

    Args:
      y_true: targets, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or
        less. Otherwise the two broadcast with each other.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row lies along the last axis.
    """
    return _MEAN_SQUARED_ERROR(y_true, y_pred)


@public
class MeanSquaredError(FusedLoss):
    """Squared difference, averaged over the last axis.

    For a row of n outputs:

        loss = sum((y_pred - y_true)^2) / n
        gradient = 2 (y_pred - y_true) / n

    As `keras.losses.MeanSquaredError`.

    >>> from fusedloss.keras import MeanSquaredError
    >>> loss = MeanSquaredError()
    >>> loss([[0.0, 1.0], [2.0, 3.0]], [[0.0, 3.0], [2.0, 2.0]])
    tensor(1.2500)
    >>> loss([[0.0, 1.0], [2.0, 3.0]], [[0.0, 3.0], [2.0, 2.0]], sample_weight=[1.0, 4.0])
    tensor(2.)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(_MEAN_SQUARED_ERROR, reduction, name, dtype)


@public
def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """Absolute difference, averaged over the last axis.

    For a row of n outputs:

        loss = sum(|y_pred - y_true|) / n
        gradient = sign(y_pred - y_true) / n, which is 0 where they are equal

    As `keras.losses.mean_absolute_error`.

    >>> from fusedloss.keras import mean_absolute_error
    >>> mean_absolute_error([[0.0, 1.0], [2.0, 3.0]], [[0.0, 3.0], [2.0, 2.0]])
    tensor([1.0000, 0.5000])

    Args:
      y_true: targets, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or
        less. Otherwise the two broadcast with each other.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row lies along the last axis.
    """
    return _MEAN_ABSOLUTE_ERROR(y_true, y_pred)


@public
class MeanAbsoluteError(FusedLoss):
    """Absolute difference, averaged over the last axis.

    For a row of n outputs:

        loss = sum(|y_pred - y_true|) / n
        gradient = sign(y_pred - y_true) / n, which is 0 where they are equal

    As `keras.losses.MeanAbsoluteError`.

    >>> from fusedloss.keras import MeanAbsoluteError
    >>> MeanAbsoluteError()([[0.0, 1.0], [2.0, 3.0]], [[0.0, 3.0], [2.0, 2.0]])
    tensor(0.7500)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(_MEAN_ABSOLUTE_ERROR, reduction, name, dtype)


@public
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """Quadratic near zero and linear in the tails, averaged over the last axis.

    For a row of n outputs, with r = y_pred - y_true:

        loss = sum(r^2 / 2 if |r| <= delta else delta (|r| - delta / 2)) / n
        gradient = clip(r, -delta, delta) / n

    Huber, P. J. (1964), Robust estimation of a location parameter. As `keras.losses.huber`.

    >>> from fusedloss.keras import huber
    >>> huber([[0.0, 1.0]], [[0.5, 4.0]], delta=1.0)
    tensor([1.3125])

    Args:
      y_true: targets, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or
        less. Otherwise the two broadcast with each other.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row lies along the last axis.
      delta: error at which the quadratic part ends, > 0. The smaller, the less an outlier counts.
    """
    return _huber(delta)(y_true, y_pred)


@public
class Huber(FusedLoss):
    """Quadratic near zero and linear in the tails, averaged over the last axis.

    For a row of n outputs, with r = y_pred - y_true:

        loss = sum(r^2 / 2 if |r| <= delta else delta (|r| - delta / 2)) / n
        gradient = clip(r, -delta, delta) / n

    Huber, P. J. (1964), Robust estimation of a location parameter. As `keras.losses.Huber`.

    >>> from fusedloss.keras import Huber
    >>> Huber(delta=1.0)([[0.0, 1.0]], [[0.5, 4.0]])
    tensor(1.3125)
    >>> Huber(delta=3.0).get_config()["delta"]
    3.0

    Args:
      delta: error at which the quadratic part ends, > 0. The smaller, the less an outlier counts.
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(_huber(delta), reduction, name, dtype)
        self.delta = delta
