"""Losses of continuous targets in which large errors count less than their square."""

from typing import Any

import numpy as np

from fusedloss._arrays import evaluate_pointwise
from fusedloss._registry import BY_NAME
from fusedloss.losses._documentation import documented

_HUBER = BY_NAME["huber"]
_SMOOTH_L1 = BY_NAME["smooth_l1"]
_LOG_COSH = BY_NAME["log_cosh"]
_PINBALL = BY_NAME["pinball"]


@documented
def huber(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    delta: float = 1.0,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Quadratic near zero and linear in the tails, averaged over the last axis.

    For a row of n outputs, with r = y_pred - y_true:

        loss = sum(r^2 / 2 if |r| <= delta else delta (|r| - delta / 2)) / n
        gradient = clip(r, -delta, delta) / n

    Huber, P. J. (1964), Robust estimation of a location parameter. Equal to `keras.losses.huber`.

    >>> import numpy as np, fusedloss as fl
    >>> loss, gradient = fl.huber(
    ...     np.array([0.0, 1.0]), np.array([0.5, 4.0]), delta=1.0, return_grad=True
    ... )
    >>> float(loss), gradient
    (1.3125, array([0.25, 0.5 ]))

    Args:
      y_true: targets, any real dtype, shape of `y_pred`.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
      delta: error at which the quadratic part ends, > 0. The smaller, the less an outlier counts.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_HUBER, (delta,), y_true, y_pred, options)


@documented
def smooth_l1(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    beta: float = 1.0,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Absolute error with its kink rounded off, averaged over the last axis.

    For a row of n outputs, with r = y_pred - y_true:

        loss = sum(r^2 / (2 beta) if |r| < beta else |r| - beta / 2) / n
        gradient = clip(r / beta, -1, 1) / n

    It is `huber` with delta = beta, divided by beta. Girshick (2015), Fast R-CNN. Equal to
    `torch.nn.functional.smooth_l1_loss`.

    >>> import numpy as np, fusedloss as fl
    >>> loss, gradient = fl.smooth_l1(
    ...     np.array([0.0, 1.0]), np.array([0.5, 4.0]), beta=2.0, return_grad=True
    ... )
    >>> float(loss), gradient
    (1.03125, array([0.125, 0.5  ]))

    Args:
      y_true: targets, any real dtype, shape of `y_pred`.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
      beta: error at which the quadratic part ends, >= 0; 0 is the absolute error.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_SMOOTH_L1, (beta,), y_true, y_pred, options)


@documented
def log_cosh(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Logarithm of the hyperbolic cosine of the error, averaged over the last axis.

    Quadratic near zero and linear in the tails, like `huber`, but smooth everywhere. For a row of n
    outputs, with r = y_pred - y_true:

        loss = sum(ln(cosh(r))) / n    gradient = tanh(r) / n

    Equal to `keras.losses.log_cosh`, but accurate for small errors, too.

    >>> import numpy as np, fusedloss as fl
    >>> loss, gradient = fl.log_cosh(
    ...     np.array([0.0, 0.0]), np.array([0.0, 100.0]), reduction="none", return_grad=True
    ... )
    >>> loss.round(4), gradient
    (array([ 0.    , 99.3069]), array([0., 1.]))

    Args:
      y_true: targets, any real dtype, shape of `y_pred`.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_LOG_COSH, (), y_true, y_pred, options)


@documented
def pinball(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    quantile: float = 0.5,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Absolute error that weighs the two directions differently, averaged over the last axis.

    Its minimum is a quantile of the targets. For a row of n outputs, with r = y_true - y_pred:

        loss = sum(quantile r if r >= 0 else (quantile - 1) r) / n
        gradient = (-quantile if r > 0 else 1 - quantile if r < 0 else 0) / n

    Koenker and Bassett (1978), Regression quantiles. Equal to `sklearn.metrics.mean_pinball_loss`.

    >>> import numpy as np, fusedloss as fl
    >>> y_true, y_pred = np.array([1.0, 1.0]), np.array([0.0, 2.0])
    >>> fl.pinball(y_true, y_pred, quantile=0.9, reduction="none")
    array([0.9, 0.1])

    Args:
      y_true: targets, any real dtype, shape of `y_pred`.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
      quantile: the share of targets to be below the predictions, in [0, 1]; 1/2 is half the
        absolute error.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_PINBALL, (quantile,), y_true, y_pred, options)
