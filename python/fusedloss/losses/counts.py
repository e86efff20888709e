"""Losses of counts."""

from typing import Any

import numpy as np

from fusedloss._arrays import LOSSES, evaluate_pointwise
from fusedloss.losses._documentation import documented

_POISSON = LOSSES["poisson"]
_POISSON_LOG_INPUT = LOSSES["poisson_log_input"]


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
