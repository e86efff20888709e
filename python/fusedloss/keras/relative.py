"""Losses of positive targets over several decades: of errors in proportion to the target."""

from typing import Any

from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import EPSILON
from fusedloss.keras._layouts import BroadcastKernel

_PERCENTAGE = BroadcastKernel("mean_absolute_percentage_error", (EPSILON,))
_LOGARITHMIC = BroadcastKernel("mean_squared_logarithmic_error", (EPSILON,))


@public
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """Absolute difference in percent of the target, averaged over the last axis.

    For a row of n outputs, with epsilon = `keras.config.epsilon()`:

        loss = 100 sum(|y_true - y_pred| / max(|y_true|, epsilon)) / n
        gradient = 100 sign(y_pred - y_true) / max(|y_true|, epsilon) / n

    A target of 0 makes both very large. As `keras.losses.mean_absolute_percentage_error`.

    >>> from fusedloss.keras import mean_absolute_percentage_error
    >>> mean_absolute_percentage_error([[10.0, 200.0]], [[9.0, 220.0]])
    tensor([10.0000])

    Args:
      y_true: targets, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or
        less. Otherwise the two broadcast with each other.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row lies along the last axis.
    """
    return _PERCENTAGE.losses(y_true, y_pred)


@public
class MeanAbsolutePercentageError(FusedLoss):
    """Absolute difference in percent of the target, averaged over the last axis.

    For a row of n outputs, with epsilon = `keras.config.epsilon()`:

        loss = 100 sum(|y_true - y_pred| / max(|y_true|, epsilon)) / n
        gradient = 100 sign(y_pred - y_true) / max(|y_true|, epsilon) / n

    A target of 0 makes both very large. As `keras.losses.MeanAbsolutePercentageError`.

    >>> from fusedloss.keras import MeanAbsolutePercentageError
    >>> float(MeanAbsolutePercentageError()([[10.0], [200.0]], [[9.0], [240.0]]))
    15.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(_PERCENTAGE, reduction, name, dtype)


@public
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """Squared difference of logarithms, averaged over the last axis.

    For a row of n outputs, with epsilon = `keras.config.epsilon()`, p = max(y_pred, epsilon) and
    t = max(y_true, epsilon):

        loss = sum((ln(1 + p) - ln(1 + t))^2) / n
        gradient = 2 (ln(1 + p) - ln(1 + t)) / (1 + p) / n, or 0 where y_pred < epsilon

    As `keras.losses.mean_squared_logarithmic_error`.

    >>> from fusedloss.keras import mean_squared_logarithmic_error
    >>> mean_squared_logarithmic_error([[9.0, 99.0]], [[99.0, 9.0]])
    tensor([5.3019])

    Args:
      y_true: targets >= 0, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or
        less. Otherwise the two broadcast with each other.
      y_pred: predictions >= 0, float16, bfloat16, float32 or float64. A row lies along the last
        axis.
    """
    return _LOGARITHMIC.losses(y_true, y_pred)


@public
class MeanSquaredLogarithmicError(FusedLoss):
    """Squared difference of logarithms, averaged over the last axis.

    For a row of n outputs, with epsilon = `keras.config.epsilon()`, p = max(y_pred, epsilon) and
    t = max(y_true, epsilon):

        loss = sum((ln(1 + p) - ln(1 + t))^2) / n
        gradient = 2 (ln(1 + p) - ln(1 + t)) / (1 + p) / n, or 0 where y_pred < epsilon

    As `keras.losses.MeanSquaredLogarithmicError`.

    >>> from fusedloss.keras import MeanSquaredLogarithmicError
    >>> float(MeanSquaredLogarithmicError()([[9.0], [99.0]], [[99.0], [9.0]]))
    5.3019
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(_LOGARITHMIC, reduction, name, dtype)
