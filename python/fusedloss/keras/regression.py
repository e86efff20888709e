"""Losses of continuous targets: of the difference between prediction and target."""

from typing import Any

from fusedloss._arguments import number
from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._layouts import BroadcastKernel

_MEAN_SQUARED_ERROR = BroadcastKernel("mean_squared_error")
_MEAN_ABSOLUTE_ERROR = BroadcastKernel("mean_absolute_error")
_LOG_COSH = BroadcastKernel("log_cosh")


def _huber(delta: float) -> BroadcastKernel:
    return BroadcastKernel("huber", (number("delta", delta),))


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
    return _MEAN_SQUARED_ERROR.losses(y_true, y_pred)


@public
class MeanSquaredError(FusedLoss):
    """Squared difference, averaged over the last axis.

    For a row of n outputs:

        loss = sum((y_pred - y_true)^2) / n
        gradient = 2 (y_pred - y_true) / n

    As `keras.losses.MeanSquaredError`.

    >>> from fusedloss.keras import MeanSquaredError
    >>> loss = MeanSquaredError()
    >>> float(loss([[0.0, 1.0], [2.0, 3.0]], [[0.0, 3.0], [2.0, 2.0]]))
    1.25
    >>> float(loss([[0.0, 1.0], [2.0, 3.0]], [[0.0, 3.0], [2.0, 2.0]], sample_weight=[1.0, 4.0]))
    2.0
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
    return _MEAN_ABSOLUTE_ERROR.losses(y_true, y_pred)


@public
class MeanAbsoluteError(FusedLoss):
    """Absolute difference, averaged over the last axis.

    For a row of n outputs:

        loss = sum(|y_pred - y_true|) / n
        gradient = sign(y_pred - y_true) / n, which is 0 where they are equal

    As `keras.losses.MeanAbsoluteError`.

    >>> from fusedloss.keras import MeanAbsoluteError
    >>> float(MeanAbsoluteError()([[0.0, 1.0], [2.0, 3.0]], [[0.0, 3.0], [2.0, 2.0]]))
    0.75
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
    return _huber(delta).losses(y_true, y_pred)


@public
class Huber(FusedLoss):
    """Quadratic near zero and linear in the tails, averaged over the last axis.

    For a row of n outputs, with r = y_pred - y_true:

        loss = sum(r^2 / 2 if |r| <= delta else delta (|r| - delta / 2)) / n
        gradient = clip(r, -delta, delta) / n

    Huber, P. J. (1964), Robust estimation of a location parameter. As `keras.losses.Huber`.

    >>> from fusedloss.keras import Huber
    >>> float(Huber(delta=1.0)([[0.0, 1.0]], [[0.5, 4.0]]))
    1.3125
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


@public
def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """Logarithm of the hyperbolic cosine of the difference, averaged over the last axis.

    For a row of n outputs, with r = y_pred - y_true:

        loss = sum(ln(cosh(r))) / n
        gradient = tanh(r) / n

    About r^2 / 2 near zero and |r| - ln(2) in the tails: a smooth Huber loss. As
    `keras.losses.log_cosh`, but exact for small differences as well, which Keras rounds to 0.

    >>> from fusedloss.keras import log_cosh
    >>> log_cosh([[0.0, 1.0]], [[1.0, 1.0]])
    tensor([0.2169])

    Args:
      y_true: targets, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or
        less. Otherwise the two broadcast with each other.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row lies along the last axis.
    """
    return _LOG_COSH.losses(y_true, y_pred)


@public
class LogCosh(FusedLoss):
    """Logarithm of the hyperbolic cosine of the difference, averaged over the last axis.

    For a row of n outputs, with r = y_pred - y_true:

        loss = sum(ln(cosh(r))) / n
        gradient = tanh(r) / n

    About r^2 / 2 near zero and |r| - ln(2) in the tails: a smooth Huber loss. As
    `keras.losses.LogCosh`, but exact for small differences as well, which Keras rounds to 0.

    >>> from fusedloss.keras import LogCosh
    >>> float(LogCosh()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]))
    0.1084
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(_LOG_COSH, reduction, name, dtype)
