"""Losses that compare a whole row with its target: as directions, or as distributions."""

from typing import Any

from fusedloss.keras._backend import Tensor
from fusedloss.keras._base import FusedLoss
from fusedloss.keras._documentation import public
from fusedloss.keras._kernel import EPSILON
from fusedloss.keras._layouts import BroadcastKernel

_KL_DIVERGENCE = BroadcastKernel("kl_divergence", (EPSILON,))


def _cosine(axis: int) -> BroadcastKernel:
    return BroadcastKernel("cosine_similarity", (EPSILON,), axis)


@public
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Cosine of the angle between prediction and target along `axis`, with the sign of a loss.

    With t and p the target and the prediction divided by their lengths:

        loss = -sum(t p), from -1 for the same direction to 1 for the opposite one
        gradient = -(t - p sum(t p)) / length of y_pred

    Lengths below `keras.config.epsilon()` count as that; a zero vector has loss 0 and gradient 0.
    As `keras.losses.cosine_similarity`.

    >>> from fusedloss.keras import cosine_similarity
    >>> cosine_similarity([[1.0, 1.0], [1.0, 1.0]], [[2.0, 2.0], [-3.0, 3.0]])
    tensor([-1.0000, 0.0000])

    Args:
      y_true: targets, any real dtype, shape of `y_pred`, or with a last axis of size 1 more or
        less. Otherwise the two broadcast with each other.
      y_pred: predictions, float16, bfloat16, float32 or float64.
      axis: the axis of a vector.
    """
    return _cosine(axis).losses(y_true, y_pred)


@public
class CosineSimilarity(FusedLoss):
    """Cosine of the angle between prediction and target along `axis`, with the sign of a loss.

    With t and p the target and the prediction divided by their lengths:

        loss = -sum(t p), from -1 for the same direction to 1 for the opposite one
        gradient = -(t - p sum(t p)) / length of y_pred

    Lengths below `keras.config.epsilon()` count as that; a zero vector has loss 0 and gradient 0.
    As `keras.losses.CosineSimilarity`.

    >>> from fusedloss.keras import CosineSimilarity
    >>> float(CosineSimilarity()([[1.0, 1.0], [1.0, 1.0]], [[2.0, 2.0], [-3.0, 3.0]]))
    -0.5

    Args:
      axis: the axis of a vector.
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(_cosine(axis), reduction, name, dtype)
        self.axis = axis


@public
def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """Kullback-Leibler divergence of the target from the prediction, along the last axis.

    For a row, with t and p the target and the prediction clipped to [epsilon, 1] and
    epsilon = `keras.config.epsilon()`:

        loss = sum(t ln(t / p))
        gradient = -t / p, or 0 where the prediction is clipped

    As `keras.losses.kl_divergence`.

    >>> from fusedloss.keras import kl_divergence
    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]])
    tensor([0.1438])

    Args:
      y_true: distributions, any real dtype, shape of `y_pred`, or with a last axis of size 1 more
        or less. Otherwise the two broadcast with each other.
      y_pred: distributions, float16, bfloat16, float32 or float64. A row lies along the last axis.
    """
    return _KL_DIVERGENCE.losses(y_true, y_pred)


@public
class KLDivergence(FusedLoss):
    """Kullback-Leibler divergence of the target from the prediction, along the last axis.

    For a row, with t and p the target and the prediction clipped to [epsilon, 1] and
    epsilon = `keras.config.epsilon()`:

        loss = sum(t ln(t / p))
        gradient = -t / p, or 0 where the prediction is clipped

    As `keras.losses.KLDivergence`.

    >>> from fusedloss.keras import KLDivergence
    >>> float(KLDivergence()([[0.5, 0.5], [0.5, 0.5]], [[0.25, 0.75], [0.5, 0.5]]))
    0.0719
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(_KL_DIVERGENCE, reduction, name, dtype)
