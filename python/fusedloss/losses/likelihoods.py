"""Likelihoods of amounts, positive or any."""

from typing import Any

import numpy as np

from fusedloss._arguments import not_negative, require_within
from fusedloss._arrays import evaluate_pointwise
from fusedloss._registry import BY_NAME
from fusedloss.losses._documentation import documented

_GAMMA = BY_NAME["gamma"]
_GAMMA_LOG_INPUT = BY_NAME["gamma_log_input"]
_TWEEDIE = BY_NAME["tweedie"]
_TWEEDIE_LOG_INPUT = BY_NAME["tweedie_log_input"]
_GAUSSIAN = BY_NAME["gaussian_nll"]


@documented
def gamma(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    epsilon: float = 1e-7,
    log_input: bool = False,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Negative log-likelihood of positive amounts under a gamma distribution, over the last axis.

    For amounts whose standard deviation is proportional to their mean, such as claims or durations.
    With y = y_true and m = y_pred + epsilon, or exp(y_pred) with log_input, for a row of n outputs:

        loss = sum(y / m + ln(m)) / n
        gradient = (m - y) / (m^2 n), or (1 - y / m) / n with log_input

    What does not depend on the prediction is left out. Half the gamma deviance up to such terms, as
    in `sklearn.linear_model.GammaRegressor`; with shape 1 the exponential distribution.

    >>> import numpy as np, fusedloss as fl
    >>> claims, log_mean = np.array([1.0, 3.0]), np.array([0.0, 0.0])
    >>> loss, gradient = fl.gamma(claims, log_mean, log_input=True, return_grad=True)
    >>> float(loss), gradient
    (2.0, array([ 0., -1.]))

    Args:
      y_true: amounts, > 0, any real dtype, shape of `y_pred`.
      y_pred: expected values, >= 0, or their logarithms with `log_input`; float16, bfloat16,
        float32 or float64. A row is what lies along the last axis; in a 1-D array every element is
        a row of its own.
      epsilon: added to the expected value, so that its logarithm is finite, >= 0. Not used with
        `log_input`.
      log_input: `y_pred` is the logarithm of the expected value. Any number is then a valid
        prediction, and nothing has to be kept away from 0.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    if log_input:
        return evaluate_pointwise(_GAMMA_LOG_INPUT, (), y_true, y_pred, options)
    return evaluate_pointwise(_GAMMA, (epsilon,), y_true, y_pred, options)


@documented
def tweedie(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    power: float = 1.5,
    epsilon: float = 1e-7,
    log_input: bool = False,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Negative quasi-likelihood of amounts that may be exactly 0, averaged over the last axis.

    Of the family of distributions whose variance is proportional to m^power, m the mean: power 1 is
    `poisson`, 2 `gamma`, between them are sums of a random number of positive amounts, such as rain
    or claims. With y = y_true and m = y_pred + epsilon, or exp(y_pred) with log_input, for a row of
    n outputs:

        loss = sum(m^(2 - power) / (2 - power) - y m^(1 - power) / (1 - power)) / n
        loss = sum(m - y ln(m)) / n for power 1, sum(y / m + ln(m)) / n for power 2

    The gradient is (m - y) m^-power / n, and m times this with log_input. Half the deviance up to
    terms that do not depend on the prediction, as in `sklearn.linear_model.TweedieRegressor`.
    Jorgensen (1987), Exponential dispersion models.

    >>> import numpy as np, fusedloss as fl
    >>> rain, mean = np.array([0.0, 4.0]), np.array([1.0, 1.0])
    >>> fl.tweedie(rain, mean, epsilon=0, reduction="none")
    array([ 2., 10.])

    Args:
      y_true: amounts, >= 0, any real dtype, shape of `y_pred`; > 0 for powers from 2 on.
      y_pred: expected values, >= 0, or their logarithms with `log_input`; float16, bfloat16,
        float32 or float64. A row is what lies along the last axis; in a 1-D array every element is
        a row of its own.
      power: of the mean, to which the variance is proportional, in [1, 3].
      epsilon: added to the expected value, so that its logarithm is finite, >= 0. Not used with
        `log_input`.
      log_input: `y_pred` is the logarithm of the expected value. Any number is then a valid
        prediction, and nothing has to be kept away from 0.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    if log_input:
        return evaluate_pointwise(_TWEEDIE_LOG_INPUT, (power,), y_true, y_pred, options)
    return evaluate_pointwise(_TWEEDIE, (power, epsilon), y_true, y_pred, options)


@documented
def gaussian_nll(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    variance: float | np.ndarray,
    *,
    epsilon: float = 1e-6,
    full: bool = False,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | tuple[np.ndarray, np.ndarray] | None = None,
) -> Any:
    """Negative log-likelihood of targets under normal distributions, averaged over the last axis.

    The model predicts how uncertain it is, too. For a row of n outputs, with r = y_pred - y_true
    and v = max(variance, epsilon):

        loss = sum((ln(v) + r^2 / v) / 2) / n
        gradient = r / (v n) towards y_pred, (1 - r^2 / v) / (2 v n) towards variance

    A variance below epsilon has the gradient of epsilon, so that it can grow again. Nix and Weigend
    (1994), Estimating the mean and variance of the target probability distribution. Equal to
    `torch.nn.functional.gaussian_nll_loss`.

    >>> import numpy as np, fusedloss as fl
    >>> loss, (of_mean, of_variance) = fl.gaussian_nll(
    ...     np.array([0.0, 2.0]), np.array([0.0, 0.0]), np.array([1.0, 1.0]), return_grad=True
    ... )
    >>> float(loss), of_mean, of_variance
    (1.0, array([ 0., -1.]), array([ 0.25, -0.75]))

    Args:
      y_true: targets, any real dtype, shape of `y_pred`.
      y_pred: means, float16, bfloat16, float32 or float64. A row is what lies along the last axis;
        in a 1-D array every element is a row of its own.
      variance: variances, >= 0: a number, or a prediction for each element, in the shape of
        `y_pred` and any of its dtypes. Only the latter has a gradient.
      epsilon: the smallest variance there is, >= 0.
      full: add ln(2 pi) / 2. It makes the loss a likelihood and leaves the gradient as it is.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    if isinstance(variance, np.ndarray) and mask is sample_weight is None:
        require_within("variance", variance, 0, np.inf, "a softplus or exp makes it positive")
    more = (not_negative("variance", variance),)
    return evaluate_pointwise(_GAUSSIAN, (epsilon, full), y_true, y_pred, options, more=more)
