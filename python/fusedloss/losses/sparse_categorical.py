"""Losses of classes that exclude each other; the targets are integer labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fusedloss._arrays import evaluate_sparse
from fusedloss._crossentropy import cross_entropy
from fusedloss._registry import BY_NAME
from fusedloss.losses._documentation import documented
from fusedloss.losses._focal import normaliser, split_alpha

_FOCAL = BY_NAME["categorical_focal_crossentropy"]
_FOCAL_FROM_LOGITS = BY_NAME["categorical_focal_crossentropy_from_logits"]


@documented
def sparse_categorical_crossentropy(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
    label_smoothing: float = 0.0,
    class_weight: Sequence[float] | np.ndarray | None = None,
    z_loss: float = 0.0,
    softcap: float = 0.0,
    temperature: float = 1.0,
    return_statistics: bool = False,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Cross-entropy of classes along `axis`, given integer labels.

    `categorical_crossentropy` of the one-hot label, which is never made: without smoothing,

        loss = -class_weight[y_true] ln(p[y_true])
        p = softmax(y_pred) from logits;
        p = y_pred / sum(y_pred), clipped to [1e-7, 1 - 1e-7], from probabilities

    Equal to `keras.losses.sparse_categorical_crossentropy`, but labels are never cast to a float
    type, which rounds large ones, and one outside the classes is an error.

    >>> import numpy as np, fusedloss as fl
    >>> labels, logits = np.array([1, 2, -1]), np.array([[0.0, 0, 0], [0, 0, 99], [7, 8, 9]])
    >>> loss, gradient = fl.sparse_categorical_crossentropy(
    ...     labels, logits, from_logits=True, ignore_class=-1, return_grad=True
    ... )
    >>> print(f"{loss:.4f}", gradient[0].round(4), gradient[2])
    0.5493 [ 0.1667 -0.3333  0.1667] [0. 0. 0.]
    >>> loss, statistics = fl.sparse_categorical_crossentropy(
    ...     labels, logits, from_logits=True, ignore_class=-1, return_statistics=True
    ... )
    >>> statistics.argmax, statistics.correct
    (array([ 0,  2, -1]), array([False,  True, False]))

    Args:
      y_true: labels in [0, C), int8 to int64 or uint8 to uint64, shape of `y_pred` without `axis`.
        Any other label of a row that exists raises `LabelError`; `out` is undefined then.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64;
        at least 2-D. A row is what lies along `axis`.
      from_logits: `y_pred` holds logits.
      ignore_class: the label of rows that do not exist, as with `mask`; any integer.
      axis: the axis of the classes.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      class_weight: a weight for each class, shape (C,), >= 0.
      z_loss: keeps the logits small: this times the square of ln(sum(exp(logits))) is added to the
        loss of each row, >= 0.
      softcap: logits x become softcap tanh(x / softcap), >= 0; 0 for no cap.
      temperature: logits are divided by it, after the cap, > 0.
      return_statistics: return a `Statistics` as well, after the gradient if there is one. This and
        the last three are only for logits.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    loss, params = cross_entropy(
        from_logits, label_smoothing, temperature, softcap, z_loss, return_statistics
    )
    # fmt: off
    return evaluate_sparse(
        loss, params, y_true, y_pred, options, axis, ignore_class, class_weight,
        statistics=return_statistics,
    )
    # fmt: on


@documented
def sparse_categorical_focal_crossentropy(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    alpha: float | Sequence[float] | np.ndarray = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
    label_smoothing: float = 0.0,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | str | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Categorical cross-entropy in which easy examples count less, given integer labels.

    `categorical_focal_crossentropy` of the one-hot label, which is never made: without smoothing,

        loss = -alpha (1 - p[y_true])^gamma ln(p[y_true])

    With denominator="positives" the sum of the rows' losses is divided by the number of rows that
    count, not those of weight 0, or by 1 if there are none.

    Lin et al. (2017), Focal loss for dense object detection, arXiv:1708.02002.

    >>> import numpy as np, fusedloss as fl
    >>> labels, probabilities = np.array([1, 0]), np.array([[0.5, 0.5], [0.9, 0.1]])
    >>> losses = fl.sparse_categorical_focal_crossentropy(labels, probabilities, reduction="none")
    >>> losses.round(6)
    array([0.043322, 0.000263])

    Args:
      y_true: labels in [0, C), int8 to int64 or uint8 to uint64, shape of `y_pred` without `axis`.
        Any other label of a row that exists raises `LabelError`; `out` is undefined then.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64;
        at least 2-D. A row is what lies along `axis`.
      alpha: weight of every class, a number or one for each class, >= 0.
      gamma: how strongly easy examples are faded, >= 0; with 0 it is cross-entropy times alpha.
      from_logits: `y_pred` holds logits.
      ignore_class: the label of rows that do not exist, as with `mask`; any integer.
      axis: the axis of the classes.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
    """
    options = sample_weight, mask, reduction, normaliser(denominator), return_grad, out
    loss = _FOCAL_FROM_LOGITS if from_logits else _FOCAL
    scale, weights = split_alpha(alpha)
    params = scale, gamma, label_smoothing
    return evaluate_sparse(
        loss, params, y_true, y_pred, options, axis, ignore_class, weights, "alpha"
    )
