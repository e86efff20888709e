"""Losses of counts: Poisson, and what it lacks for counts that vary more or are 0 more often."""

from typing import Any

from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import EPSILON
from fusedloss.keras._layouts import BroadcastKernel, PairKernel
from fusedloss.keras._options import not_negative


def _poisson(log_input: bool, full: bool) -> BroadcastKernel:
    if log_input:
        return BroadcastKernel("poisson_log_input", (float(full),))
    return BroadcastKernel("poisson", (EPSILON, float(full)))


def _negative_binomial(dispersion: float, log_input: bool, full: bool) -> BroadcastKernel:
    constants = (not_negative("dispersion", dispersion),)
    if log_input:
        name = "negative_binomial_log_input"
        return BroadcastKernel(name, (float(full),), constants=constants)
    return BroadcastKernel("negative_binomial", (EPSILON, float(full)), constants=constants)


def _zero_inflated_poisson(log_input: bool, full: bool) -> PairKernel:
    if log_input:
        return PairKernel("zero_inflated_poisson_log_input", (float(full),))
    return PairKernel("zero_inflated_poisson", (EPSILON, float(full)))


@public
def poisson(y_true: Any, y_pred: Any, *, log_input: bool = False, full: bool = False) -> Tensor:
    """Negative log-likelihood of counts given their rate, averaged over the last axis.

    For a row of n outputs, up to the term ln(y_true!) that does not depend on the prediction, with
    epsilon = `keras.config.epsilon()`:

        loss = sum(y_pred - y_true ln(y_pred + epsilon)) / n
        gradient = (1 - y_true / (y_pred + epsilon)) / n

    and with `log_input`:

        loss = sum(exp(y_pred) - y_true y_pred) / n
        gradient = (exp(y_pred) - y_true) / n

    As `keras.losses.poisson`, which has no `log_input`.

    >>> from fusedloss.keras import poisson
    >>> poisson([[0.0, 2.0]], [[1.0, 1.0]])
    tensor([1.0000])

    Args:
      y_true: counts, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or less.
        Otherwise the two broadcast with each other.
      y_pred: rates, float16, bfloat16, float32 or float64: give the last layer the activation
        "exponential" or "softplus". A row lies along the last axis.
      log_input: `y_pred` holds the logarithms of the rates.
      full: add ln(y_true!), by Stirling's approximation, for counts above 1.
    """
    return _poisson(log_input, full).losses(y_true, y_pred)


@public
class Poisson(FusedLoss):
    """Negative log-likelihood of counts given their rate, averaged over the last axis.

    For a row of n outputs, up to the term ln(y_true!) that does not depend on the prediction, with
    epsilon = `keras.config.epsilon()`:

        loss = sum(y_pred - y_true ln(y_pred + epsilon)) / n
        gradient = (1 - y_true / (y_pred + epsilon)) / n

    and with `log_input`:

        loss = sum(exp(y_pred) - y_true y_pred) / n
        gradient = (exp(y_pred) - y_true) / n

    The prediction is the rate itself, so give the last layer the activation "exponential" or
    "softplus"; with `log_input`, none. As `keras.losses.Poisson`, which has no `log_input`.

    >>> from fusedloss.keras import Poisson
    >>> float(Poisson(reduction="sum")([[0.0, 2.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]))
    2.0
    >>> float(Poisson(log_input=True)([[0.0], [1.0]], [[0.0], [1.0]]))
    1.3591

    Args:
      log_input: predictions are the logarithms of the rates.
      full: add ln(y_true!), by Stirling's approximation, for counts above 1.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: Any = None,
        *,
        log_input: bool = False,
        full: bool = False,
    ) -> None:
        super().__init__(_poisson(log_input, full), reduction, name, dtype)
        self.log_input = log_input
        self.full = full


@public
def negative_binomial(
    y_true: Any,
    y_pred: Any,
    dispersion: float = 1.0,
    log_input: bool = False,
    full: bool = False,
) -> Tensor:
    """Negative log-likelihood of counts that vary more than Poisson's, over the last axis.

    With the mean m = y_pred + epsilon, or exp(y_pred) with `log_input`, the variance is
    m + dispersion m^2. With a = dispersion and epsilon = `keras.config.epsilon()`, the loss is the
    average of

        (y_true + 1/a) ln(1 + a m) - y_true ln(a m) - lgamma(y_true + 1/a) + lgamma(1/a)
        slope by m = (m - y_true) / (m (1 + a m))

    Hilbe, J. M. (2011), Negative binomial regression, 2nd edition.

    >>> from fusedloss.keras import negative_binomial
    >>> negative_binomial([[0.0, 1.0]], [[1.0, 1.0]], dispersion=1.0)
    tensor([1.0397])

    Args:
      y_true: counts, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or less.
        Otherwise the two broadcast with each other.
      y_pred: means, float16, bfloat16, float32 or float64. A row lies along the last axis.
      dispersion: how much the variance exceeds the mean, >= 0; with 0 it is the Poisson loss.
      log_input: `y_pred` holds the logarithms of the means.
      full: add ln(y_true!).
    """
    return _negative_binomial(dispersion, log_input, full).losses(y_true, y_pred)


@public
class NegativeBinomial(FusedLoss):
    """Negative log-likelihood of counts that vary more than Poisson's, over the last axis.

    With the mean m = y_pred + epsilon, or exp(y_pred) with `log_input`, the variance is
    m + dispersion m^2. With a = dispersion and epsilon = `keras.config.epsilon()`, the loss is the
    average of

        (y_true + 1/a) ln(1 + a m) - y_true ln(a m) - lgamma(y_true + 1/a) + lgamma(1/a)
        slope by m = (m - y_true) / (m (1 + a m))

    Hilbe, J. M. (2011), Negative binomial regression, 2nd edition.

    >>> from fusedloss.keras import NegativeBinomial
    >>> float(NegativeBinomial(dispersion=1.0)([[0.0], [1.0]], [[1.0], [1.0]]))
    1.0397

    Args:
      dispersion: how much the variance exceeds the mean, >= 0; with 0 it is the Poisson loss.
      log_input: predictions are the logarithms of the means.
      full: add ln(y_true!).
    """

    def __init__(
        self,
        dispersion: float = 1.0,
        log_input: bool = False,
        full: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "negative_binomial",
        dtype: Any = None,
    ) -> None:
        super().__init__(_negative_binomial(dispersion, log_input, full), reduction, name, dtype)
        self.dispersion = dispersion
        self.log_input = log_input
        self.full = full


@public
def zero_inflated_poisson(
    y_true: Any, y_pred: Any, log_input: bool = False, full: bool = False
) -> Tensor:
    """Negative log-likelihood of counts that are 0 for two reasons, averaged over the last axis.

    With probability q = sigmoid(z) a count is 0 whatever its rate m; otherwise it is Poisson's. The
    last axis of `y_pred` holds the n predictions of m, then the n of z. With m = y_pred + epsilon,
    or exp(y_pred) with `log_input`, and epsilon = `keras.config.epsilon()`, the loss averages

        -ln(q + (1 - q) exp(-m))                  where y_true is 0
        -ln(1 - q) + m - y_true ln(m)             elsewhere

    Lambert, D. (1992), Zero-inflated Poisson regression, with an application to defects in
    manufacturing.

    >>> from fusedloss.keras import zero_inflated_poisson
    >>> zero_inflated_poisson([[0.0], [2.0]], [[1.0, 0.0], [1.0, 0.0]])
    tensor([0.3799, 1.6931])

    Args:
      y_true: counts, any real dtype, shape of `y_pred` but half as wide along the last axis.
      y_pred: rates and logits of a certain zero; float16, bfloat16, float32 or float64.
      log_input: the first half of `y_pred` holds the logarithms of the rates.
      full: add ln(y_true!).
    """
    return _zero_inflated_poisson(log_input, full).losses(y_true, y_pred)


@public
class ZeroInflatedPoisson(FusedLoss):
    """Negative log-likelihood of counts that are 0 for two reasons, averaged over the last axis.

    With probability q = sigmoid(z) a count is 0 whatever its rate m; otherwise it is Poisson's. The
    last axis of predictions holds the n of m, then the n of z: for one target the model has two
    outputs. With m = y_pred + epsilon, or exp(y_pred) with `log_input`, and
    epsilon = `keras.config.epsilon()`, the loss averages

        -ln(q + (1 - q) exp(-m))                  where y_true is 0
        -ln(1 - q) + m - y_true ln(m)             elsewhere

    Lambert, D. (1992), Zero-inflated Poisson regression, with an application to defects in
    manufacturing.

    >>> from fusedloss.keras import ZeroInflatedPoisson
    >>> float(ZeroInflatedPoisson(log_input=True)([[0.0], [2.0]], [[0.0, 0.0], [0.0, 0.0]]))
    1.0365

    Args:
      log_input: the first half of predictions are the logarithms of the rates.
      full: add ln(y_true!).
    """

    def __init__(
        self,
        log_input: bool = False,
        full: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "zero_inflated_poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(_zero_inflated_poisson(log_input, full), reduction, name, dtype)
        self.log_input = log_input
        self.full = full
