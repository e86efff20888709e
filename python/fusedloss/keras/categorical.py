"""Losses of classes that exclude each other; the targets have a value for every class."""

import math
from collections.abc import Callable
from functools import partial
from numbers import Real
from typing import Any

import keras
import torch
from torch import Tensor

from fusedloss._arguments import describe, number
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import DenseKernel, refuse_symbolic


def _crossentropy(from_logits: bool, label_smoothing: float, axis: int) -> DenseKernel:
    in_keras = partial(
        keras.losses.categorical_crossentropy,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
    )
    name = "categorical_crossentropy_from_logits" if from_logits else "categorical_crossentropy"
    return DenseKernel(
        name, in_keras, (number("label_smoothing", label_smoothing),), not from_logits, axis
    )


def _focal(
    alpha: Any,
    gamma: float,
    from_logits: bool,
    label_smoothing: float,
    axis: int,
    smoothed_focus: bool,
) -> DenseKernel:
    class_weight = None if isinstance(alpha, Real) else _per_class(alpha)
    in_keras: Callable[..., Any] = refuse_symbolic
    if smoothed_focus or not label_smoothing:
        in_keras = partial(
            keras.losses.categorical_focal_crossentropy,
            alpha=alpha if class_weight is None else class_weight.float(),
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )
    name = (
        "categorical_focal_crossentropy_from_logits"
        if from_logits
        else "categorical_focal_crossentropy"
    )
    factor = float(alpha) if class_weight is None else 1.0
    parameters = (
        factor,
        number("gamma", gamma),
        number("label_smoothing", label_smoothing),
        float(smoothed_focus),
    )
    return DenseKernel(name, in_keras, parameters, not from_logits, axis, class_weight)


def _per_class(alpha: Any) -> Tensor:
    try:
        weights = torch.as_tensor(alpha, dtype=torch.float64, device="cpu")
    except (TypeError, ValueError):
        raise TypeError(f"alpha must hold numbers, got {describe(alpha)}") from None
    if weights.ndim != 1:
        raise ValueError(f"alpha must hold one number per class, got shape {(*weights.shape,)}")
    if not all(0 <= weight < math.inf for weight in weights.tolist()):
        raise ValueError(f"alpha must be finite and >= 0, got {alpha}")
    return weights


@public
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Cross-entropy of classes along `axis`, given one-hot or soft labels.

    For a row of C classes, with t = y_true (1 - label_smoothing) + label_smoothing / C:

        loss = -sum(t ln(p))
        p = softmax(y_pred) from logits;
        p = y_pred / sum(y_pred), clipped to [epsilon, 1 - epsilon], from probabilities

    with epsilon = `keras.config.epsilon()`. The gradient from logits is p sum(t) - t. Logits are
    more accurate: nothing is clipped. As `keras.losses.categorical_crossentropy`. Label smoothing:
    Szegedy et al. (2016), Rethinking the Inception architecture for computer vision,
    arXiv:1512.00567.

    >>> from fusedloss.keras import categorical_crossentropy
    >>> categorical_crossentropy([[0, 1, 0]], [[0.0, 0.0, 0.0]], from_logits=True)
    tensor([1.0986])

    Args:
      y_true: a value in [0, 1] for each class, any real dtype, shape of `y_pred`.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64.
      from_logits: `y_pred` holds logits.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      axis: the axis of the classes.
    """
    return _crossentropy(from_logits, label_smoothing, axis)(y_true, y_pred)


@public
class CategoricalCrossentropy(FusedLoss):
    """Cross-entropy of classes along `axis`, given one-hot or soft labels.

    For a row of C classes, with t = y_true (1 - label_smoothing) + label_smoothing / C:

        loss = -sum(t ln(p))
        p = softmax(y_pred) from logits;
        p = y_pred / sum(y_pred), clipped to [epsilon, 1 - epsilon], from probabilities

    with epsilon = `keras.config.epsilon()`. The gradient from logits is p sum(t) - t. Logits are
    more accurate: nothing is clipped. As `keras.losses.CategoricalCrossentropy`. Label smoothing:
    Szegedy et al. (2016), Rethinking the Inception architecture for computer vision,
    arXiv:1512.00567.

    >>> from fusedloss.keras import CategoricalCrossentropy
    >>> loss = CategoricalCrossentropy(from_logits=True)
    >>> loss([[0, 1, 0], [0, 0, 1]], [[0.0, 0.0, 0.0], [0.0, 0.0, 99.0]])
    tensor(0.5493)

    Args:
      from_logits: predictions are logits.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      axis: the axis of the classes.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(_crossentropy(from_logits, label_smoothing, axis), reduction, name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


@public
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    *,
    smoothed_focus: bool = True,
) -> Tensor:
    """Cross-entropy in which easy examples count less, for classes along `axis`.

    For a row of C classes, with p as in `categorical_crossentropy`, clipped only if it comes from
    probabilities, and t the smoothed label:

        loss = -sum(alpha (1 - p)^gamma t ln(p))

    Lin et al. (2017), Focal loss for dense object detection, arXiv:1708.02002, for several classes.
    As `keras.losses.categorical_focal_crossentropy`, which clips probabilities also where they come
    from logits: there a confident mistake has gradient 0, here it has not.

    >>> from fusedloss.keras import categorical_focal_crossentropy
    >>> categorical_focal_crossentropy([[1, 0]], [[0.0, 0.0]], alpha=1.0, from_logits=True)
    tensor([0.1733])

    Args:
      y_true: a value in [0, 1] for each class, any real dtype, shape of `y_pred`.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64.
      alpha: weight of every class, >= 0, or a list of one weight for each class.
      gamma: how strongly easy examples are faded, >= 0; with 0 it is the cross-entropy.
      from_logits: `y_pred` holds logits.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      axis: the axis of the classes.
      smoothed_focus: with False, alpha (1 - p)^gamma belongs to the label as it is given and
        smoothing enters the cross-entropy only, which for a hard label c is
        alpha_c (1 - p_c)^gamma times the smoothed cross-entropy. True is what Keras does.
    """
    kernel = _focal(alpha, gamma, from_logits, label_smoothing, axis, smoothed_focus)
    return kernel(y_true, y_pred)


@public
class CategoricalFocalCrossentropy(FusedLoss):
    """Cross-entropy in which easy examples count less, for classes along `axis`.

    For a row of C classes, with p as in `CategoricalCrossentropy`, clipped only if it comes from
    probabilities, and t the smoothed label:

        loss = -sum(alpha (1 - p)^gamma t ln(p))

    Lin et al. (2017), Focal loss for dense object detection, arXiv:1708.02002, for several classes.
    As `keras.losses.CategoricalFocalCrossentropy`, which clips probabilities also where they come
    from logits: there a confident mistake has gradient 0, here it has not.

    >>> from fusedloss.keras import CategoricalFocalCrossentropy
    >>> loss = CategoricalFocalCrossentropy(alpha=[1.0, 0.5], from_logits=True)
    >>> loss([[1, 0], [0, 1]], [[0.0, 0.0], [0.0, 0.0]])
    tensor(0.1300)

    Args:
      alpha: weight of every class, >= 0, or a list of one weight for each class.
      gamma: how strongly easy examples are faded, >= 0; with 0 it is the cross-entropy.
      from_logits: predictions are logits.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      axis: the axis of the classes.
      smoothed_focus: with False, alpha (1 - p)^gamma belongs to the label as it is given and
        smoothing enters the cross-entropy only, which for a hard label c is
        alpha_c (1 - p_c)^gamma times the smoothed cross-entropy. True is what Keras does.
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
        *,
        smoothed_focus: bool = True,
    ) -> None:
        kernel = _focal(alpha, gamma, from_logits, label_smoothing, axis, smoothed_focus)
        super().__init__(kernel, reduction, name, dtype)
        # Whatever the weights came in, a list is what can be saved.
        self.alpha = alpha if kernel.class_weight is None else kernel.class_weight.tolist()
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self.smoothed_focus = smoothed_focus
