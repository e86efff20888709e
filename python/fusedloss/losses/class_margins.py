"""Losses of several classes that ask for a margin."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fusedloss._arguments import require_within
from fusedloss._arrays import ONE_HOT, evaluate_dense, evaluate_sparse
from fusedloss._registry import BY_NAME
from fusedloss.losses._documentation import documented

_HINGE = BY_NAME["categorical_hinge"]
_MULTI_MARGIN = BY_NAME["multi_margin"]
_MULTI_HOT = f"use multi_margin, or {ONE_HOT}"


@documented
def categorical_hinge(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    axis: int = -1,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """How far the score of the right class is from 1 above those of the others, along `axis`.

    For a row of C classes:

        loss = max(0, max((1 - y_true) y_pred) - sum(y_true y_pred) + 1)

    With one-hot labels the gradient is -1 for the right class and 1 for the largest other one (for
    none, if no other one has a positive score), shared evenly by equals; 0 where the loss is 0.

    Equal to `keras.losses.categorical_hinge`.

    >>> import numpy as np, fusedloss as fl
    >>> loss, gradient = fl.categorical_hinge(
    ...     np.array([[0, 1, 0]]), np.array([[0.25, 0.5, 0.125]]), return_grad=True
    ... )
    >>> float(loss), gradient
    (0.75, array([[ 1., -1.,  0.]]))

    Args:
      y_true: a value in [0, 1] for each class, any real dtype, shape of `y_pred`.
      y_pred: scores, float16, bfloat16, float32 or float64; at least 2-D. A row is what lies along
        `axis`.
      axis: the axis of the classes.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_dense(_HINGE, (), y_true, y_pred, options, axis, labels=ONE_HOT)


@documented
def multi_margin(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    p: float = 1,
    margin: float = 1.0,
    ignore_class: int | None = None,
    axis: int = -1,
    class_weight: Sequence[float] | np.ndarray | None = None,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Scores of classes that should be a margin below that of the right one, along `axis`.

    For a row of C classes and the label t:

        loss = class_weight[t] sum(max(0, margin - y_pred[t] + y_pred[j])^p for j != t) / C

    Crammer and Singer (2001), On the algorithmic implementation of multiclass kernel-based vector
    machines. Equal to `torch.nn.functional.multi_margin_loss`.

    >>> import numpy as np, fusedloss as fl
    >>> loss, gradient = fl.multi_margin(
    ...     np.array([1]), np.array([[0.25, 0.5, -1.0, 0.0]]), return_grad=True
    ... )
    >>> float(loss), gradient
    (0.3125, array([[ 0.25, -0.5 ,  0.  ,  0.25]]))

    Args:
      y_true: labels in [0, C), int8 to int64 or uint8 to uint64, shape of `y_pred` without `axis`.
        Any other label of a row that exists raises `LabelError`; `out` is undefined then.
      y_pred: scores, float16, bfloat16, float32 or float64; at least 2-D. A row is what lies along
        `axis`.
      p: the power of each difference, in [1, 2].
      margin: how far below the right one the others should be.
      ignore_class: the label of rows that do not exist, as with `mask`; any integer.
      axis: the axis of the classes.
      class_weight: a weight for each class, shape (C,), >= 0.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    # fmt: off
    return evaluate_sparse(
        _MULTI_MARGIN, (p, margin), y_true, y_pred, options, axis, ignore_class, class_weight,
        dense="use multilabel_margin",
    )
    # fmt: on


@documented
def multilabel_margin(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    axis: int = -1,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Every class that is absent should score 1 below every one that is present, along `axis`.

    For a row of C classes:

        loss = sum(y_true[t] max(0, 1 - y_pred[t] + y_pred[j]) for all t, j with y_true[j] = 0) / C

    Equal to `torch.nn.functional.multilabel_margin_loss`, which takes lists of labels instead.

    >>> import numpy as np, fusedloss as fl
    >>> loss, gradient = fl.multilabel_margin(
    ...     np.array([[1, 0, 1, 0]]), np.array([[0.5, 0.25, 2.0, 0.0]]), return_grad=True
    ... )
    >>> float(loss), gradient
    (0.3125, array([[-0.5 ,  0.25,  0.  ,  0.25]]))

    Args:
      y_true: 1 for each class that is present, and 0 for the others, any real dtype, shape of
        `y_pred`.
      y_pred: scores, float16, bfloat16, float32 or float64; at least 2-D. A row is what lies along
        `axis`.
      axis: the axis of the classes.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    if isinstance(y_true, np.ndarray) and y_true.shape == np.shape(y_pred):
        advice = "it holds 1 for each class that is present, not the labels of these"
        require_within("y_true", y_true, 0, 1, advice)
    return evaluate_dense(_MULTI_MARGIN, (), y_true, y_pred, options, axis, labels=_MULTI_HOT)
