"""Cross-entropy of classes that fades easy examples, for rare classes."""

from typing import Any, TypeVar

from fusedloss._arguments import integer, number
from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import EPSILON, Kernel
from fusedloss.keras._layouts import DenseKernel, SparseKernel
from fusedloss.keras._options import is_number, per_class, savable

_Layout = TypeVar("_Layout", bound=Kernel)


def _focal(
    layout: type[_Layout],
    alpha: Any,
    gamma: float,
    from_logits: bool,
    label_smoothing: float,
    axis: int,
    smoothed_focus: bool,
    ignore_class: int | None = None,
) -> _Layout:
    factor, class_weight = 1.0, None
    if is_number(alpha):
        factor = float(alpha)
    else:
        class_weight = per_class("alpha", alpha)
    name = "categorical_focal_crossentropy"
    parameters: tuple[float | None, ...] = (
        factor,
        number("gamma", gamma),
        number("label_smoothing", label_smoothing),
        float(smoothed_focus),
    )
    if from_logits:
        name = f"{name}_from_logits"
    else:
        parameters = (*parameters, EPSILON)
    label = None if ignore_class is None else integer("ignore_class", ignore_class)
    return layout(name, parameters, axis, class_weight, "alpha", ignore_label=label)


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
    kernel = _focal(DenseKernel, alpha, gamma, from_logits, label_smoothing, axis, smoothed_focus)
    return kernel.losses(y_true, y_pred)


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
    >>> float(loss([[1, 0], [0, 1]], [[0.0, 0.0], [0.0, 0.0]]))
    0.13

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
        kernel = _focal(
            DenseKernel, alpha, gamma, from_logits, label_smoothing, axis, smoothed_focus
        )
        super().__init__(kernel, reduction, name, dtype)
        self.alpha = savable(alpha)
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self.smoothed_focus = smoothed_focus


@public
def sparse_categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    ignore_class: int | None = None,
    axis: int = -1,
    *,
    smoothed_focus: bool = True,
) -> Tensor:
    """Cross-entropy in which easy examples count less, given integer labels.

    What `categorical_focal_crossentropy` is for the one-hot form of the labels. For a row with
    label y, and p as there:

        loss = -alpha_y (1 - p_y)^gamma ln(p_y)

    >>> from fusedloss.keras import sparse_categorical_focal_crossentropy
    >>> sparse_categorical_focal_crossentropy([0], [[0.0, 0.0]], alpha=1.0, from_logits=True)
    tensor([0.1733])

    Args:
      y_true: labels in [0, C), integers of any width, shape of the rows, or with an axis of size 1
        in place of the classes. Floating labels are truncated.
      y_pred: probabilities, or logits with `from_logits`; float16, bfloat16, float32 or float64.
      alpha: weight of every class, >= 0, or a list of one weight for each class.
      gamma: how strongly easy examples are faded, >= 0; with 0 it is the cross-entropy.
      from_logits: `y_pred` holds logits.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      ignore_class: label of rows that do not count. Their loss is 0, and the result has a Keras
        mask of the others, by which a mean leaves them out.
      axis: the axis of the classes.
      smoothed_focus: with False, alpha (1 - p)^gamma belongs to the label as it is given and
        smoothing enters the cross-entropy only. True is what Keras does for one-hot labels.
    """
    kernel = _focal(
        SparseKernel,
        alpha,
        gamma,
        from_logits,
        label_smoothing,
        axis,
        smoothed_focus,
        ignore_class,
    )
    return kernel.losses(y_true, y_pred)


@public
class SparseCategoricalFocalCrossentropy(FusedLoss):
    """Cross-entropy in which easy examples count less, given integer labels.

    What `CategoricalFocalCrossentropy` is for the one-hot form of the labels. For a row with label
    y, and p as there:

        loss = -alpha_y (1 - p_y)^gamma ln(p_y)

    >>> from fusedloss.keras import SparseCategoricalFocalCrossentropy
    >>> loss = SparseCategoricalFocalCrossentropy(alpha=[1.0, 0.5], from_logits=True)
    >>> float(loss([0, 1], [[0.0, 0.0], [0.0, 0.0]]))
    0.13

    Args:
      alpha: weight of every class, >= 0, or a list of one weight for each class.
      gamma: how strongly easy examples are faded, >= 0; with 0 it is the cross-entropy.
      from_logits: predictions are logits.
      label_smoothing: the share of the label that is spread over all classes, in [0, 1].
      ignore_class: label of rows that do not count: they add 0, and a mean leaves them out.
      axis: the axis of the classes.
      smoothed_focus: with False, alpha (1 - p)^gamma belongs to the label as it is given and
        smoothing enters the cross-entropy only. True is what Keras does for one-hot labels.
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "sparse_categorical_focal_crossentropy",
        dtype: Any = None,
        *,
        smoothed_focus: bool = True,
    ) -> None:
        kernel = _focal(
            SparseKernel,
            alpha,
            gamma,
            from_logits,
            label_smoothing,
            axis,
            smoothed_focus,
            ignore_class,
        )
        super().__init__(kernel, reduction, name, dtype)
        self.alpha = savable(alpha)
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.ignore_class = ignore_class
        self.axis = axis
        self.smoothed_focus = smoothed_focus
