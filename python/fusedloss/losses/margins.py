"""Losses of two classes, or of pairs, that ask for a margin."""

from typing import Any

import numpy as np

from fusedloss import _core
from fusedloss._arguments import require_array
from fusedloss._arrays import evaluate_pointwise
from fusedloss._registry import BY_NAME
from fusedloss.losses._documentation import documented

_HINGE = BY_NAME["hinge"]
_SQUARED_HINGE = BY_NAME["squared_hinge"]
_HINGE_EMBEDDING = BY_NAME["hinge_embedding"]
_SOFT_MARGIN = BY_NAME["soft_margin"]
_MARGIN_RANKING = BY_NAME["margin_ranking"]


@documented
def hinge(
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
    """How far a score is from the right side of the margin, averaged over the last axis.

    For a row of n outputs, with y = y_true, or 2 y_true - 1 if all labels are 0 or 1:

        loss = sum(max(0, 1 - y y_pred)) / n
        gradient = (-y if y y_pred < 1 else 0) / n, half of it where y y_pred = 1

    Equal to `keras.losses.hinge`.

    >>> import numpy as np, fusedloss as fl
    >>> labels, scores = np.array([1, 0, 0]), np.array([0.5, -2.0, 1.0])
    >>> fl.hinge(labels, scores, reduction="none")
    array([0.5, 0. , 2. ])

    Args:
      y_true: labels -1 or 1, or all of them 0 or 1; any real dtype, shape of `y_pred`.
      y_pred: scores, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_HINGE, (), _signs(y_true), y_pred, options)


@documented
def squared_hinge(
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
    """Square of the distance from the right side of the margin, averaged over the last axis.

    For a row of n outputs, with y = y_true, or 2 y_true - 1 if all labels are 0 or 1:

        loss = sum(max(0, 1 - y y_pred)^2) / n
        gradient = -2 y max(0, 1 - y y_pred) / n

    Equal to `keras.losses.squared_hinge`.

    >>> import numpy as np, fusedloss as fl
    >>> labels, scores = np.array([1, -1, -1]), np.array([0.5, -2.0, 1.0])
    >>> fl.squared_hinge(labels, scores, reduction="none")
    array([0.25, 0.  , 4.  ])

    Args:
      y_true: labels -1 or 1, or all of them 0 or 1; any real dtype, shape of `y_pred`.
      y_pred: scores, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_SQUARED_HINGE, (), _signs(y_true), y_pred, options)


@documented
def hinge_embedding(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    margin: float = 1.0,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Distances to be small for pairs alike, large for others; averaged over the last axis.

    For a row of n outputs:

        loss = sum(y_pred if y_true = 1, max(0, margin - y_pred) if y_true = -1) / n
        gradient = (1 if y_true = 1, -1 if y_true = -1 and y_pred <= margin, else 0) / n

    Equal to `torch.nn.functional.hinge_embedding_loss`.

    >>> import numpy as np, fusedloss as fl
    >>> alike, distances = np.array([1, -1, -1]), np.array([0.25, 0.25, 3.0])
    >>> fl.hinge_embedding(alike, distances, reduction="none")
    array([0.25, 0.75, 0.  ])

    Args:
      y_true: labels -1 or 1, any real dtype, shape of `y_pred`.
      y_pred: distances, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
      margin: the distance from which on a pair that is not alike costs nothing.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_HINGE_EMBEDDING, (margin,), y_true, y_pred, options)


@documented
def soft_margin(
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
    """Logistic loss of labels -1 and 1, averaged over the last axis.

    For a row of n outputs:

        loss = sum(ln(1 + exp(-y_true y_pred))) / n
        gradient = -y_true sigmoid(-y_true y_pred) / n

    It is `binary_crossentropy` from logits, with other labels. Equal to
    `torch.nn.functional.soft_margin_loss`, but finite for every finite score.

    >>> import numpy as np, fusedloss as fl
    >>> labels, scores = np.array([1, -1]), np.array([-1000.0, 0.0])
    >>> fl.soft_margin(labels, scores, reduction="none").round(4)
    array([1.0000e+03, 6.9310e-01])

    Args:
      y_true: labels -1 or 1, any real dtype, shape of `y_pred`.
      y_pred: scores, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_pointwise(_SOFT_MARGIN, (), y_true, y_pred, options)


@documented
def margin_ranking(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    other: np.ndarray,
    *,
    margin: float = 0.0,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: tuple[np.ndarray, np.ndarray] | None = None,
) -> Any:
    """Two scores that should be in a given order, by a margin; averaged over the last axis.

    For a row of n outputs:

        loss = sum(max(0, margin - y_true (y_pred - other))) / n

    Where it is not 0 (or at the margin itself), the gradient is -y_true / n towards y_pred and
    y_true / n towards other.

    Equal to `torch.nn.functional.margin_ranking_loss`.

    >>> import numpy as np, fusedloss as fl
    >>> y_true, first, second = np.array([1, -1]), np.array([2.0, 5.0]), np.array([1.0, 3.0])
    >>> loss, (of_first, of_second) = fl.margin_ranking(
    ...     y_true, first, second, margin=0.5, reduction="none", return_grad=True
    ... )
    >>> loss, of_first, of_second
    (array([0. , 2.5]), array([0., 1.]), array([ 0., -1.]))

    Args:
      y_true: 1 where `y_pred` should be the larger one, -1 where `other` should; any real dtype,
        shape of `y_pred`.
      y_pred: scores, float16, bfloat16, float32 or float64. A row is what lies along the last
        axis; in a 1-D array every element is a row of its own.
      other: the scores they are compared with, shape of `y_pred`, any of its dtypes.
      margin: how far apart the two should be.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    more = (other,)
    return evaluate_pointwise(_MARGIN_RANKING, (margin,), y_true, y_pred, options, more=more)


def _signs(y_true: np.ndarray) -> np.ndarray:
    """Labels 0 and 1 as -1 and 1, if there are no others: the rule of Keras."""
    direct = _core.numpy_signs(y_true)
    if direct is not None:
        return direct  # type: ignore[no-any-return]
    require_array("y_true", y_true)
    # Others than 0 and 1 mostly show soon, and then the whole of a large array need not be read.
    if _all_binary(y_true.flat[:64]) and _all_binary(y_true):
        return np.where(y_true == 1, np.int8(1), np.int8(-1))
    return y_true


def _all_binary(y_true: np.ndarray) -> bool:
    return bool(((y_true == 0) | (y_true == 1)).all())
