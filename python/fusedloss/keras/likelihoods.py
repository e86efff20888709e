"""Losses of targets that are not spread evenly: skewed amounts, known uncertainty, quantiles."""

from typing import Any

from fusedloss._arguments import number
from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import EPSILON
from fusedloss.keras._layouts import BroadcastKernel, PairKernel


def _gamma(log_input: bool) -> BroadcastKernel:
    if log_input:
        return BroadcastKernel("gamma_log_input")
    return BroadcastKernel("gamma", (EPSILON,))


def _tweedie(power: float, log_input: bool) -> BroadcastKernel:
    if log_input:
        return BroadcastKernel("tweedie_log_input", (number("power", power),))
    return BroadcastKernel("tweedie", (number("power", power), EPSILON))


def _pinball(quantile: float) -> BroadcastKernel:
    return BroadcastKernel("pinball", (number("quantile", quantile),))


def _gaussian_nll(full: bool, epsilon: float) -> PairKernel:
    return PairKernel("gaussian_nll", (number("epsilon", epsilon), float(full)))


@public
def gamma(y_true: Any, y_pred: Any, log_input: bool = False) -> Tensor:
    """Negative log-likelihood of positive, skewed amounts, averaged over the last axis.

    For amounts whose standard deviation grows like their mean m, up to terms that do not depend on
    it. With m = y_pred + epsilon and epsilon = `keras.config.epsilon()`, or m = exp(y_pred) with
    `log_input`, for a row of n outputs:

        loss = sum(y_true / m + ln(m)) / n
        slope by m = (m - y_true) / m^2 / n

    McCullagh, P. and Nelder, J. A. (1989), Generalized linear models, 2nd edition.

    >>> from fusedloss.keras import gamma
    >>> gamma([[2.0, 1.0]], [[1.0, 1.0]])
    tensor([1.5000])

    Args:
      y_true: amounts >= 0, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or
        less. Otherwise the two broadcast with each other.
      y_pred: means, float16, bfloat16, float32 or float64. A row lies along the last axis.
      log_input: `y_pred` holds the logarithms of the means.
    """
    return _gamma(log_input).losses(y_true, y_pred)


@public
class Gamma(FusedLoss):
    """Negative log-likelihood of positive, skewed amounts, averaged over the last axis.

    For amounts whose standard deviation grows like their mean m, up to terms that do not depend on
    it. With m = y_pred + epsilon and epsilon = `keras.config.epsilon()`, or m = exp(y_pred) with
    `log_input`, for a row of n outputs:

        loss = sum(y_true / m + ln(m)) / n
        slope by m = (m - y_true) / m^2 / n

    McCullagh, P. and Nelder, J. A. (1989), Generalized linear models, 2nd edition.

    >>> from fusedloss.keras import Gamma
    >>> float(Gamma(log_input=True)([[2.0], [1.0]], [[0.0], [0.0]]))
    1.5

    Args:
      log_input: predictions are the logarithms of the means.
    """

    def __init__(
        self,
        log_input: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "gamma",
        dtype: Any = None,
    ) -> None:
        super().__init__(_gamma(log_input), reduction, name, dtype)
        self.log_input = log_input


@public
def tweedie(y_true: Any, y_pred: Any, power: float = 1.5, log_input: bool = False) -> Tensor:
    """Negative log-likelihood of amounts that may be exactly 0, averaged over the last axis.

    For amounts whose variance grows like the power of their mean m: 1 is Poisson's, 2 the gamma
    distribution's; between them amounts are sums of a random number of claims. Up to terms that do
    not depend on m = y_pred + epsilon, with epsilon = `keras.config.epsilon()`, or m = exp(y_pred)
    with `log_input`, for a row of n outputs:

        loss = sum(m^(2 - power) / (2 - power) - y_true m^(1 - power) / (1 - power)) / n
        slope by m = m^(-power) (m - y_true) / n

    Jorgensen, B. (1987), Exponential dispersion models.

    >>> from fusedloss.keras import tweedie
    >>> tweedie([[0.0, 1.0]], [[1.0, 4.0]], power=1.5)
    tensor([3.5000])

    Args:
      y_true: amounts >= 0, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or
        less. Otherwise the two broadcast with each other.
      y_pred: means, float16, bfloat16, float32 or float64. A row lies along the last axis.
      power: how the variance grows with the mean, in [1, 3].
      log_input: `y_pred` holds the logarithms of the means.
    """
    return _tweedie(power, log_input).losses(y_true, y_pred)


@public
class Tweedie(FusedLoss):
    """Negative log-likelihood of amounts that may be exactly 0, averaged over the last axis.

    For amounts whose variance grows like the power of their mean m: 1 is Poisson's, 2 the gamma
    distribution's; between them amounts are sums of a random number of claims. Up to terms that do
    not depend on m = y_pred + epsilon, with epsilon = `keras.config.epsilon()`, or m = exp(y_pred)
    with `log_input`, for a row of n outputs:

        loss = sum(m^(2 - power) / (2 - power) - y_true m^(1 - power) / (1 - power)) / n
        slope by m = m^(-power) (m - y_true) / n

    Jorgensen, B. (1987), Exponential dispersion models.

    >>> from fusedloss.keras import Tweedie
    >>> float(Tweedie(power=1.5)([[0.0], [1.0]], [[1.0], [4.0]]))
    3.5

    Args:
      power: how the variance grows with the mean, in [1, 3].
      log_input: predictions are the logarithms of the means.
    """

    def __init__(
        self,
        power: float = 1.5,
        log_input: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tweedie",
        dtype: Any = None,
    ) -> None:
        super().__init__(_tweedie(power, log_input), reduction, name, dtype)
        self.power = power
        self.log_input = log_input


@public
def pinball(y_true: Any, y_pred: Any, quantile: float = 0.5) -> Tensor:
    """Loss whose minimum is a quantile of the targets, averaged over the last axis.

    For a row of n outputs, with e = y_true - y_pred:

        loss = sum(max(quantile e, (quantile - 1) e)) / n
        gradient = (1 - quantile) / n above the target, -quantile / n below, and 0 at it

    Koenker, R. and Bassett, G. (1978), Regression quantiles.

    >>> from fusedloss.keras import pinball
    >>> pinball([[1.0], [1.0]], [[0.0], [2.0]], quantile=0.9)
    tensor([0.9000, 0.1000])

    Args:
      y_true: targets, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or
        less. Otherwise the two broadcast with each other.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row lies along the last axis.
      quantile: the share of the targets that lie below the best prediction, in [0, 1].
    """
    return _pinball(quantile).losses(y_true, y_pred)


@public
class Pinball(FusedLoss):
    """Loss whose minimum is a quantile of the targets, averaged over the last axis.

    For a row of n outputs, with e = y_true - y_pred:

        loss = sum(max(quantile e, (quantile - 1) e)) / n
        gradient = (1 - quantile) / n above the target, -quantile / n below, and 0 at it

    Koenker, R. and Bassett, G. (1978), Regression quantiles.

    >>> from fusedloss.keras import Pinball
    >>> float(Pinball(quantile=0.9)([[1.0], [1.0]], [[0.0], [2.0]]))
    0.5

    Args:
      quantile: the share of the targets that lie below the best prediction, in [0, 1].
    """

    def __init__(
        self,
        quantile: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "pinball",
        dtype: Any = None,
    ) -> None:
        super().__init__(_pinball(quantile), reduction, name, dtype)
        self.quantile = quantile


@public
def gaussian_nll(y_true: Any, y_pred: Any, full: bool = False, epsilon: float = 1e-6) -> Tensor:
    """Negative log-likelihood given mean and variance of each target, over the last axis.

    The last axis of `y_pred` holds the n means, then the n variances. For a row, with
    v = max(variance, epsilon):

        loss = sum(ln(v) + (mean - y_true)^2 / v) / (2 n), plus ln(2 pi) / 2 with `full`
        gradient = (mean - y_true) / (v n), and (1 - (mean - y_true)^2 / v) / (2 v n)

    where v is taken for the variance, so that one below epsilon is pushed up. Nix, D. A. and
    Weigend, A. S. (1994), Estimating the mean and variance of the target probability distribution.

    >>> from fusedloss.keras import gaussian_nll
    >>> gaussian_nll([[1.0], [1.0]], [[1.0, 1.0], [3.0, 4.0]])
    tensor([0.0000, 1.1931])

    Args:
      y_true: targets, any real dtype, shape of `y_pred` but half as wide along the last axis.
      y_pred: means and variances; float16, bfloat16, float32 or float64.
      full: add the constant ln(2 pi) / 2.
      epsilon: the least variance, >= 0.
    """
    return _gaussian_nll(full, epsilon).losses(y_true, y_pred)


@public
class GaussianNLL(FusedLoss):
    """Negative log-likelihood given mean and variance of each target, over the last axis.

    The last axis of predictions holds the n means, then the n variances: for one target the model
    has two outputs, the second of which needs a positive activation such as "softplus". For a row,
    with v = max(variance, epsilon):

        loss = sum(ln(v) + (mean - y_true)^2 / v) / (2 n), plus ln(2 pi) / 2 with `full`
        gradient = (mean - y_true) / (v n), and (1 - (mean - y_true)^2 / v) / (2 v n)

    where v is taken for the variance, so that one below epsilon is pushed up. Nix, D. A. and
    Weigend, A. S. (1994), Estimating the mean and variance of the target probability distribution.

    >>> from fusedloss.keras import GaussianNLL
    >>> float(GaussianNLL()([[1.0], [1.0]], [[1.0, 1.0], [3.0, 4.0]]))
    0.5966

    Args:
      full: add the constant ln(2 pi) / 2.
      epsilon: the least variance, >= 0.
    """

    def __init__(
        self,
        full: bool = False,
        epsilon: float = 1e-6,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "gaussian_nll",
        dtype: Any = None,
    ) -> None:
        super().__init__(_gaussian_nll(full, epsilon), reduction, name, dtype)
        self.full = full
        self.epsilon = epsilon
