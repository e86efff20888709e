"""Losses of distributions over classes, beside cross-entropy and focal loss."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fusedloss._arrays import ONE_HOT, evaluate_dense, evaluate_sparse
from fusedloss._registry import BY_NAME
from fusedloss.losses._documentation import documented

_DIVERGENCE = BY_NAME["kl_divergence"]
_GENERALIZED = BY_NAME["categorical_generalized_crossentropy"]
_GENERALIZED_FROM_LOGITS = BY_NAME["categorical_generalized_crossentropy_from_logits"]
_LOG_PROBS = BY_NAME["categorical_crossentropy_from_log_probs"]
_DENSE = "use categorical_crossentropy"


@documented
def kl_divergence(
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
    """Kullback-Leibler divergence of predicted from true distributions along `axis`.

    With both clipped to [1e-7, 1]:

        loss = sum(y_true ln(y_true / y_pred))
        gradient = -y_true / y_pred, or 0 where y_pred is clipped

    Nothing is normalised. Equal to `keras.losses.kl_divergence`.

    >>> import numpy as np, fusedloss as fl
    >>> y_true, y_pred = np.array([[0.5, 0.5]]), np.array([[0.5, 0.125]])
    >>> loss, gradient = fl.kl_divergence(y_true, y_pred, return_grad=True)
    >>> print(f"{loss:.4f}", gradient)
    0.6931 [[-1. -4.]]

    Args:
      y_true: probabilities, any real dtype, shape of `y_pred`.
      y_pred: probabilities, float16, bfloat16, float32 or float64; at least 2-D. A row is what lies
        along `axis`.
      axis: the axis of the classes.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_dense(_DIVERGENCE, (), y_true, y_pred, options, axis, labels=ONE_HOT)


@documented
def categorical_generalized_cross_entropy(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    q: float = 0.5,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Cross-entropy that mislabelled rows move less, along `axis`.

    For a row of C classes, with p = y_pred, or softmax(y_pred) with from_logits:

        loss = sum(y_true (1 - p^q) / q), which is (1 - p[y_true]^q) / q for an integer label

    It goes from cross-entropy, as q goes to 0, to the probability of an error at q = 1. From
    probabilities the gradient is -y_true p^(q - 1), in which p is at least 1e-7.

    Zhang and Sabuncu (2018), Generalized cross entropy loss for training deep neural networks with
    noisy labels, arXiv:1805.07836. Equal to `keras.losses.categorical_generalized_cross_entropy`,
    which takes integer labels and probabilities.

    >>> import numpy as np, fusedloss as fl
    >>> labels, probabilities = np.array([1, 0]), np.array([[0.75, 0.25], [0.75, 0.25]])
    >>> losses = fl.categorical_generalized_cross_entropy(labels, probabilities, reduction="none")
    >>> losses.round(4)
    array([1.    , 0.2679])

    Args:
      y_true: labels in [0, C), int8 to int64 or uint8 to uint64, shape of `y_pred` without `axis`,
        or a value in [0, 1] for each class, any real dtype, shape of `y_pred`. A label outside the
        classes raises `LabelError`; `out` is undefined then.
      y_pred: probabilities, which are not normalised, or logits with `from_logits`; float16,
        bfloat16, float32 or float64; at least 2-D. A row is what lies along `axis`.
      q: how little a row with an improbable label counts, in (0, 1].
      from_logits: `y_pred` holds logits.
      ignore_class: the label of rows that do not exist, as with `mask`; any integer. Not used
        with a value for each class.
      axis: the axis of the classes.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    loss = _GENERALIZED_FROM_LOGITS if from_logits else _GENERALIZED
    if getattr(y_true, "ndim", 0) == getattr(y_pred, "ndim", 0):
        return evaluate_dense(loss, (q,), y_true, y_pred, options, axis)
    return evaluate_sparse(loss, (q,), y_true, y_pred, options, axis, ignore_class, dense=_DENSE)


@documented
def nll(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
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
    """Cross-entropy of integer labels, given log-probabilities of the classes along `axis`.

    For a row and the label t:

        loss = -class_weight[t] y_pred[t]

    `sparse_categorical_crossentropy` takes the logits themselves, which is faster. Equal to
    `torch.nn.functional.nll_loss`, whose weighted mean also divides by the class weights.

    >>> import numpy as np, fusedloss as fl
    >>> labels, log_probabilities = np.array([1, 0]), np.log([[0.5, 0.5], [0.25, 0.75]])
    >>> loss, gradient = fl.nll(labels, log_probabilities, return_grad=True)
    >>> print(f"{loss:.4f}", gradient)
    1.0397 [[ 0.  -0.5] [-0.5  0. ]]

    Args:
      y_true: labels in [0, C), int8 to int64 or uint8 to uint64, shape of `y_pred` without `axis`.
        Any other label of a row that exists raises `LabelError`; `out` is undefined then.
      y_pred: logarithms of probabilities, float16, bfloat16, float32 or float64; at least 2-D. A
        row is what lies along `axis`.
      ignore_class: the label of rows that do not exist, as with `mask`; any integer.
      axis: the axis of the classes.
      class_weight: a weight for each class, shape (C,), >= 0.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    # fmt: off
    return evaluate_sparse(
        _LOG_PROBS, (), y_true, y_pred, options, axis, ignore_class, class_weight, dense=_DENSE,
    )
    # fmt: on
