"""Losses of continuous targets."""

from typing import Any

import numpy as np

from fusedloss._arrays import evaluate_pointwise
from fusedloss._registry import BY_NAME
from fusedloss.losses._documentation import documented

_MEAN_SQUARED_ERROR = BY_NAME["mean_squared_error"]
_MEAN_ABSOLUTE_ERROR = BY_NAME["mean_absolute_error"]
_PERCENTAGE = BY_NAME["mean_absolute_percentage_error"]
_LOGARITHMIC = BY_NAME["mean_squared_logarithmic_error"]


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
def mean_absolute_percentage_error(
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
    """Absolute difference in percent of the target, averaged over the last axis.

    For a row of n outputs, with the size of a target m = max(|y_true|, 1e-7):

        loss = 100 sum(|y_pred - y_true| / m) / n
        gradient = 100 sign(y_pred - y_true) / (m n), which is 0 where they are equal

    A target of 0 makes both very large. Equal to `keras.losses.mean_absolute_percentage_error`.

    >>> import numpy as np, fusedloss as fl
    >>> prices, estimates = np.array([10.0, 20.0]), np.array([12.0, 19.0])
    >>> fl.mean_absolute_percentage_error(prices, estimates, reduction="none")
    array([20.,  5.])

    Args:
      y_true: targets, any real dtype, shape of `y_pred`.
      y_pred: predictions, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_PERCENTAGE, (), y_true, y_pred, options)


@documented
def mean_squared_logarithmic_error(
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
    """Squared difference of the logarithms, averaged over the last axis.

    For a row of n outputs, with d = ln(1 + max(y_pred, 1e-7)) - ln(1 + max(y_true, 1e-7)):

        loss = sum(d^2) / n
        gradient = 2 d / ((1 + y_pred) n), or 0 where y_pred < 1e-7

    Equal to `keras.losses.mean_squared_logarithmic_error`.

    >>> import numpy as np, fusedloss as fl
    >>> y_true, y_pred = np.array([[0.0, 1.0]]), np.array([[0.0, np.e**2 * 2 - 1]])
    >>> print(f"{fl.mean_squared_logarithmic_error(y_true, y_pred):.4f}")
    2.0000

    Args:
      y_true: targets, >= 0, any real dtype, shape of `y_pred`.
      y_pred: predictions, >= 0; float16, bfloat16, float32 or float64. A row is what lies along the
        last axis; in a 1-D array every element is a row of its own.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_LOGARITHMIC, (), y_true, y_pred, options)
