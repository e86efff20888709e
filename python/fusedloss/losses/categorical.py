"""Losses of classes that exclude each other; the targets have a value for every class."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fusedloss._arrays import evaluate_dense
from fusedloss._crossentropy import cross_entropy
from fusedloss._registry import BY_NAME
from fusedloss.losses._documentation import documented
from fusedloss.losses._focal import normaliser, split_alpha

_FOCAL = BY_NAME["categorical_focal_crossentropy"]
_FOCAL_FROM_LOGITS = BY_NAME["categorical_focal_crossentropy_from_logits"]


@documented
def categorical_crossentropy(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
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
    """Cross-entropy of classes along `axis`, given one-hot or soft labels.

    For a row of C classes, with t = y_true (1 - label_smoothing) + label_smoothing / C:

        loss = -sum(class_weight t ln(p))
        p = softmax(y_pred) from logits;
        p = y_pred / sum(y_pred), clipped to [1e-7, 1 - 1e-7], from probabilities

    The gradient from logits is p sum(class_weight t) - class_weight t. Logits are more accurate:
    nothing is clipped.

    Equal to `keras.losses.categorical_crossentropy`. Label smoothing: Szegedy et al. (2016),
    Rethinking the Inception architecture for computer vision, arXiv:1512.00567.

    >>> import numpy as np, fusedloss as fl
    >>> y_true, logits = np.array([[0, 1, 0], [0, 0, 1]]), np.array([[0.0, 0, 0], [0, 0, 99]])
    >>> losses = fl.categorical_crossentropy(y_true, logits, from_logits=True, reduction="none")
    >>> losses.round(4)
    array([1.0986, 0.    ])

    Args:
      y_true: a value in [0, 1] for each class, any real dtype, shape of `y_pred`.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64;
        at least 2-D. A row is what lies along `axis`.
      from_logits: `y_pred` holds logits.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      axis: the axis of the classes.
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
    return evaluate_dense(
        loss, params, y_true, y_pred, options, axis, class_weight, statistics=return_statistics,
    )
    # fmt: on


@documented
def categorical_focal_crossentropy(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    alpha: float | Sequence[float] | np.ndarray = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | str | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Categorical cross-entropy in which easy examples count less, given one-hot or soft labels.

    For a row of C classes, with s = label_smoothing and p as in `categorical_crossentropy`:

        focus = alpha (1 - p)^gamma
        loss = -sum(y_true focus ((1 - s) ln(p) + s mean(ln(p))))

    Labels are smoothed in the cross-entropy only; `keras.losses.categorical_focal_crossentropy`
    smooths them first. Without smoothing the two are equal. Value and gradient are finite for every
    gamma and every finite logit.

    With denominator="positives" the sum of the rows' losses is divided by the sum of the targets of
    the rows that count, or by 1 if that is less.

    Lin et al. (2017), Focal loss for dense object detection, arXiv:1708.02002.

    >>> import numpy as np, fusedloss as fl
    >>> y_true, probabilities = np.array([[0, 1], [1, 0]]), np.array([[0.5, 0.5], [0.9, 0.1]])
    >>> fl.categorical_focal_crossentropy(y_true, probabilities, reduction="none").round(6)
    array([0.043322, 0.000263])

    Args:
      y_true: a value in [0, 1] for each class, any real dtype, shape of `y_pred`.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64;
        at least 2-D. A row is what lies along `axis`.
      alpha: weight of every class, a number or one for each class, >= 0.
      gamma: how strongly easy examples are faded, >= 0; with 0 it is cross-entropy times alpha.
      from_logits: `y_pred` holds logits.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      axis: the axis of the classes.
    """
    options = sample_weight, mask, reduction, normaliser(denominator), return_grad, out
    loss = _FOCAL_FROM_LOGITS if from_logits else _FOCAL
    scale, weights = split_alpha(alpha)
    params = scale, gamma, label_smoothing
    return evaluate_dense(loss, params, y_true, y_pred, options, axis, weights, "alpha")
