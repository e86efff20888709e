"""Losses of counts."""

from typing import Any

import keras
from torch import Tensor

from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import RegressionKernel

_POISSON = RegressionKernel("poisson", keras.losses.poisson, takes_epsilon=True)


@public
def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """Negative log-likelihood of counts given their rate, averaged over the last axis.

    For a row of n outputs, up to the term ln(y_true!) that does not depend on the prediction, with
    epsilon = `keras.config.epsilon()`:

        loss = sum(y_pred - y_true ln(y_pred + epsilon)) / n
        gradient = (1 - y_true / (y_pred + epsilon)) / n

    As `keras.losses.poisson`.

    >>> from fusedloss.keras import poisson
    >>> poisson([[0.0, 2.0]], [[1.0, 1.0]])
    tensor([1.0000])

    Args:
      y_true: counts, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or less.
        Otherwise the two broadcast with each other.
      y_pred: rates, float16, bfloat16, float32 or float64, not the logarithms of rates: give the
        last layer the activation "exponential" or "softplus". A row lies along the last axis.
    """
    return _POISSON(y_true, y_pred)


@public
class Poisson(FusedLoss):
    """Negative log-likelihood of counts given their rate, averaged over the last axis.

    For a row of n outputs, up to the term ln(y_true!) that does not depend on the prediction, with
    epsilon = `keras.config.epsilon()`:

        loss = sum(y_pred - y_true ln(y_pred + epsilon)) / n
        gradient = (1 - y_true / (y_pred + epsilon)) / n

    The prediction is the rate itself, not its logarithm: give the last layer the activation
    "exponential" or "softplus". As `keras.losses.Poisson`.

    >>> from fusedloss.keras import Poisson
    >>> Poisson(reduction="sum")([[0.0, 2.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]])
    tensor(2.0000)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(_POISSON, reduction, name, dtype)
