"""Losses of counts."""

from typing import Any

import numpy as np

from fusedloss._arguments import not_negative
from fusedloss._arrays import evaluate_pointwise
from fusedloss._registry import BY_NAME
from fusedloss.losses._documentation import documented

_POISSON = BY_NAME["poisson"]
_POISSON_LOG_INPUT = BY_NAME["poisson_log_input"]
_NEGATIVE_BINOMIAL = BY_NAME["negative_binomial"]
_NEGATIVE_BINOMIAL_LOG_INPUT = BY_NAME["negative_binomial_log_input"]
_ZERO_INFLATED = BY_NAME["zero_inflated_poisson"]
_ZERO_INFLATED_LOG_INPUT = BY_NAME["zero_inflated_poisson_log_input"]


@documented
def poisson(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    epsilon: float = 1e-7,
    log_input: bool = False,
    full: bool = False,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Negative log-likelihood of counts under a Poisson distribution, averaged over the last axis.

    For a row of n outputs, y = y_true and p = y_pred:

        loss = sum(p - y ln(p + epsilon)) / n    gradient = (1 - y / (p + epsilon)) / n
        loss = sum(exp(p) - y p) / n             gradient = (exp(p) - y) / n    with log_input

    Equal to `keras.losses.poisson`, which has neither of the options; they are those of
    `torch.nn.functional.poisson_nll_loss`.

    >>> import numpy as np, fusedloss as fl
    >>> visits, log_rate = np.array([0, 2, 1]), np.array([0.0, 0.0, 0.0])
    >>> loss, gradient = fl.poisson(
    ...     visits, log_rate, log_input=True, reduction="none", return_grad=True
    ... )
    >>> loss, gradient
    (array([1., 1., 1.]), array([ 1., -1.,  0.]))

    Args:
      y_true: counts, >= 0, any real dtype, shape of `y_pred`.
      y_pred: expected counts, >= 0, or their logarithms with `log_input`; float16, bfloat16,
        float32 or float64. A row is what lies along the last axis; in a 1-D array every element is
        a row of its own.
      epsilon: keeps the logarithm finite where the expected count is 0, >= 0. Not used with
        `log_input`.
      log_input: `y_pred` is the logarithm of the expected count. Any number is then a valid
        prediction, and nothing has to be kept away from 0.
      full: add Stirling's approximation of ln y!, which is y ln y - y + ln(2 pi y) / 2, for y > 1.
        It makes the loss a likelihood and leaves the gradient as it is.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    if log_input:
        return evaluate_pointwise(_POISSON_LOG_INPUT, (full,), y_true, y_pred, options)
    return evaluate_pointwise(_POISSON, (epsilon, full), y_true, y_pred, options)


@documented
def negative_binomial(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    dispersion: float | np.ndarray,
    *,
    epsilon: float = 1e-7,
    log_input: bool = False,
    full: bool = False,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | tuple[np.ndarray, np.ndarray] | None = None,
) -> Any:
    """Negative log-likelihood of overdispersed counts, averaged over the last axis.

    A negative binomial distribution of mean m and variance m + dispersion m^2; as the dispersion
    goes to 0 it becomes Poisson's. With y = y_true, a = dispersion, r = 1 / a and
    m = y_pred + epsilon, or exp(y_pred) with log_input, for a row of n outputs:

        loss = sum((y + r) ln(1 + a m) - y ln(a m) - ln(gamma(y + r) / gamma(r))) / n

    The gradient is (m - y) / (m (1 + a m) n), or (m - y) / ((1 + a m) n) with log_input. Equal to
    -`scipy.stats.nbinom.logpmf(y, r, r / (r + m))` with `full`. Hilbe (2011), Negative binomial
    regression.

    >>> import numpy as np, fusedloss as fl
    >>> visits, mean = np.array([0, 4]), np.array([1.0, 1.0])
    >>> losses = fl.negative_binomial(visits, mean, 0.5, full=True, reduction="none")
    >>> np.exp(-losses).round(4)  # the probability of either count
    array([0.4444, 0.0274])

    Args:
      y_true: counts, >= 0, any real dtype, shape of `y_pred`.
      y_pred: expected values, >= 0, or their logarithms with `log_input`; float16, bfloat16,
        float32 or float64. A row is what lies along the last axis; in a 1-D array every element is
        a row of its own.
      dispersion: how much the variance exceeds the mean, >= 0: a number, or a prediction for each
        element, in the shape of `y_pred` and any of its dtypes. Only the latter has a gradient.
      epsilon: added to the expected value, so that its logarithm is finite, >= 0. Not used with
        `log_input`.
      log_input: `y_pred` is the logarithm of the expected value. Any number is then a valid
        prediction, and nothing has to be kept away from 0.
      full: add ln y!, exactly. It makes the loss a likelihood and leaves the gradient as it is.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    more = (not_negative("dispersion", dispersion),)
    loss = _NEGATIVE_BINOMIAL_LOG_INPUT if log_input else _NEGATIVE_BINOMIAL
    params = (full,) if log_input else (epsilon, full)
    return evaluate_pointwise(loss, params, y_true, y_pred, options, more=more)


@documented
def zero_inflated_poisson(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    zero_logit: np.ndarray,
    *,
    epsilon: float = 1e-7,
    log_input: bool = False,
    full: bool = False,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: tuple[np.ndarray, np.ndarray] | None = None,
) -> Any:
    """Negative log-likelihood of counts with surplus zeros, averaged over the last axis.

    A count is 0 with probability sigmoid(zero_logit), and otherwise Poisson of mean m. With
    y = y_true, z = zero_logit and m = y_pred + epsilon, or exp(y_pred) with log_input, for a row of
    n outputs:

        loss = sum(-ln(sigmoid(z) + sigmoid(-z) exp(-m)) if y = 0,
                   ln(1 + exp(z)) + m - y ln(m) otherwise) / n

    Lambert (1992), Zero-inflated Poisson regression, with an application to defects in
    manufacturing.

    >>> import numpy as np, fusedloss as fl
    >>> visits, mean, zero_logit = np.array([0, 1]), np.array([2.0, 2.0]), np.array([0.0, 0.0])
    >>> loss, (of_mean, of_logit) = fl.zero_inflated_poisson(
    ...     visits, mean, zero_logit, full=True, reduction="none", return_grad=True
    ... )
    >>> np.exp(-loss).round(4)  # the probability of either count
    array([0.5677, 0.1353])

    Args:
      y_true: counts, >= 0, any real dtype, shape of `y_pred`.
      y_pred: expected values, >= 0, or their logarithms with `log_input`; float16, bfloat16,
        float32 or float64. A row is what lies along the last axis; in a 1-D array every element is
        a row of its own.
      zero_logit: logit of the probability of a surplus zero, shape of `y_pred`, any of its dtypes.
      epsilon: added to the expected value, so that its logarithm is finite, >= 0. Not used with
        `log_input`.
      log_input: `y_pred` is the logarithm of the expected value. Any number is then a valid
        prediction, and nothing has to be kept away from 0.
      full: add ln y!, exactly. It makes the loss a likelihood and leaves the gradient as it is.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    more = (zero_logit,)
    loss = _ZERO_INFLATED_LOG_INPUT if log_input else _ZERO_INFLATED
    params = (full,) if log_input else (epsilon, full)
    return evaluate_pointwise(loss, params, y_true, y_pred, options, more=more)
