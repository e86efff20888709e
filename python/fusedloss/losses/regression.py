"""Losses of continuous targets."""

from typing import Any

import numpy as np

from fusedloss._arrays import LOSSES, evaluate_pointwise
from fusedloss.losses._documentation import documented

_MEAN_SQUARED_ERROR = LOSSES["mean_squared_error"]
_MEAN_ABSOLUTE_ERROR = LOSSES["mean_absolute_error"]
_HUBER = LOSSES["huber"]


@documented
def mean_squared_error(
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
    """Squared difference, averaged over the last axis.

    For a row of n outputs:

        loss = sum((y_pred - y_true)^2) / n
        gradient = 2 (y_pred - y_true) / n

    Equal to `keras.losses.mean_squared_error`.

    >>> import numpy as np, fusedloss as fl
    >>> y_true, y_pred = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[0.0, 3.0], [2.0, 2.0]])
    >>> float(fl.mean_squared_error(y_true, y_pred))
    1.25
    >>> fl.mean_squared_error(y_true, y_pred, reduction="none")
    array([2. , 0.5])

    Args:
      y_true: targets, any real dtype, shape of `y_pred`.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_MEAN_SQUARED_ERROR, (), y_true, y_pred, options)


@documented
def mean_absolute_error(
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
    """Absolute difference, averaged over the last axis.

    For a row of n outputs:

        loss = sum(|y_pred - y_true|) / n
        gradient = sign(y_pred - y_true) / n, which is 0 where they are equal

    Equal to `keras.losses.mean_absolute_error`.

    >>> import numpy as np, fusedloss as fl
    >>> loss, gradient = fl.mean_absolute_error(
    ...     np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 3.0, 2.0, 2.0]), return_grad=True
    ... )
    >>> float(loss), gradient
    (0.75, array([ 0.  ,  0.25,  0.  , -0.25]))

    Args:
      y_true: targets, any real dtype, shape of `y_pred`.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_MEAN_ABSOLUTE_ERROR, (), y_true, y_pred, options)


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
