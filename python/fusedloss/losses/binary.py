"""Losses of two classes, or of several labels that do not exclude each other."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fusedloss._arrays import evaluate_pointwise
from fusedloss._registry import BY_NAME
from fusedloss.losses._documentation import documented
from fusedloss.losses._focal import normaliser, split_alpha

_CROSSENTROPY = BY_NAME["binary_crossentropy"]
_CROSSENTROPY_FROM_LOGITS = BY_NAME["binary_crossentropy_from_logits"]
_FOCAL = BY_NAME["binary_focal_crossentropy"]
_FOCAL_FROM_LOGITS = BY_NAME["binary_focal_crossentropy_from_logits"]
_UNBALANCED = -1.0  # the core's alpha for "every class weighs 1"


@documented
def binary_crossentropy(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    pos_weight: float | np.ndarray | None = None,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: np.ndarray | None = None,
) -> Any:
    """Cross-entropy of two classes, averaged over `axis`.

    For a row of n outputs, with t = y_true (1 - label_smoothing) + label_smoothing / 2:

        loss = -sum(pos_weight t ln(p) + (1 - t) ln(1 - p)) / n
        p = sigmoid(y_pred) from logits; y_pred clipped to [1e-7, 1 - 1e-7] from probabilities

    Without `pos_weight` the gradient is (p - t) / n from logits, and (p - t) / (p (1 - p) n) from
    probabilities, or 0 where they are clipped. Logits are more accurate: nothing is clipped.

    Equal to `keras.losses.binary_crossentropy`; `pos_weight` as in
    `torch.nn.functional.binary_cross_entropy_with_logits`.

    >>> import numpy as np, fusedloss as fl
    >>> y_true, logits = np.array([1, 0, 1, 0]), np.array([0.0, 0.0, 50.0, -50.0])
    >>> loss, gradient = fl.binary_crossentropy(y_true, logits, from_logits=True, return_grad=True)
    >>> print(f"{loss:.4f}", gradient.round(3))
    0.3466 [-0.125  0.125 -0.     0.   ]

    Args:
      y_true: labels in [0, 1], any real dtype, shape of `y_pred`.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64. A
        row is what lies along `axis`; in a 1-D array every element is a row of its own.
      from_logits: `y_pred` holds logits.
      label_smoothing: how far labels are moved towards 1/2, in [0, 1].
      axis: the axis over which the loss is averaged.
      pos_weight: weight of the positive class, a number or one for each output along `axis`, >= 0.
        Only with `from_logits`.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    if pos_weight is not None and not from_logits:
        raise ValueError("pos_weight needs from_logits=True, got from_logits=False")
    loss = _CROSSENTROPY_FROM_LOGITS if from_logits else _CROSSENTROPY
    return evaluate_pointwise(loss, (label_smoothing,), y_true, y_pred, options, axis, pos_weight)


@documented
def binary_focal_crossentropy(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    apply_class_balancing: bool = False,
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
    """Binary cross-entropy in which easy examples count less, averaged over `axis`.

    For a row of n outputs, with y = y_true and p as in `binary_crossentropy`:

        p_t = y p + (1 - y) (1 - p)
        alpha_t = y alpha + (1 - y) (1 - alpha), or 1 without apply_class_balancing
        loss = sum(alpha_t (1 - p_t)^gamma binary_crossentropy) / n

    Labels are smoothed in the cross-entropy only. `keras.losses.binary_focal_crossentropy` takes
    p_t and alpha_t from the smoothed label, too; without smoothing the two are equal. Value and
    gradient are finite for every gamma and every finite logit.

    With denominator="positives" the sum of the rows' losses is divided by the sum of the targets of
    the rows that count, or by 1 if that is less: the normaliser of the paper, if every element is a
    row of its own.

    Lin et al. (2017), Focal loss for dense object detection, arXiv:1708.02002.

    >>> import numpy as np, fusedloss as fl
    >>> y_true, logits = np.array([1, 1]), np.array([0.0, 4.0])
    >>> losses = fl.binary_focal_crossentropy(y_true, logits, from_logits=True, reduction="none")
    >>> [f"{loss:.7f}" for loss in losses]
    ['0.1732868', '0.0000059']

    Args:
      y_true: labels in [0, 1], any real dtype, shape of `y_pred`.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64. A
        row is what lies along `axis`; in a 1-D array every element is a row of its own.
      apply_class_balancing: weigh the classes by `alpha`.
      alpha: weight of the positive class, a number or one for each output along `axis`, in [0, 1];
        the negative one has 1 - alpha. Not used without `apply_class_balancing`.
      gamma: how strongly easy examples are faded, >= 0; with 0 it is binary cross-entropy.
      from_logits: `y_pred` holds logits.
      label_smoothing: how far labels are moved towards 1/2, in [0, 1].
      axis: the axis over which the loss is averaged.
    """
    options = sample_weight, mask, reduction, normaliser(denominator), return_grad, out
    loss = _FOCAL_FROM_LOGITS if from_logits else _FOCAL
    balance, alphas = _UNBALANCED, None
    if apply_class_balancing:
        balance, alphas = split_alpha(alpha)
        if not 0 <= balance <= 1:  # a negative one would mean "unbalanced" to the core
            raise ValueError(f"alpha must be in [0, 1], got {alpha}")
    params = balance, gamma, label_smoothing
    return evaluate_pointwise(loss, params, y_true, y_pred, options, axis, alphas, "alpha", 1.0)
