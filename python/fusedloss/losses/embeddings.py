"""Losses of vectors: their directions and distances."""

from typing import Any

import numpy as np

from fusedloss._arrays import ONE_HOT, evaluate_dense, evaluate_vectors
from fusedloss._registry import BY_NAME
from fusedloss.losses._documentation import documented

_COSINE = BY_NAME["cosine_similarity"]
_COSINE_EMBEDDING = BY_NAME["cosine_embedding"]
_TRIPLET = BY_NAME["triplet_margin"]


@documented
def cosine_similarity(
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
    """Negative cosine of the angle between target and prediction along `axis`.

    -1 for the same direction, 0 for orthogonal vectors, 1 for opposite ones. With
    x' = x / max(|x|, 1e-7):

        loss = -sum(y_true' y_pred')
        gradient = -(y_true' + loss y_pred') / |y_pred|, which is 0 for a vector of zeros

    Equal to `keras.losses.cosine_similarity`, whose gradient for a vector of zeros is NaN.

    >>> import numpy as np, fusedloss as fl
    >>> y_true, y_pred = np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([[6.0, 8.0], [0.0, 2.0]])
    >>> fl.cosine_similarity(y_true, y_pred, reduction="none").round(6) + 0
    array([-1.,  0.])

    Args:
      y_true: vectors, any real dtype, shape of `y_pred`.
      y_pred: vectors, float16, bfloat16, float32 or float64; at least 2-D. A row is what lies along
        `axis`.
      axis: the axis along which the vectors lie.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_dense(_COSINE, (), y_true, y_pred, options, axis, labels=ONE_HOT)


@documented
def cosine_embedding(
    y_true: np.ndarray,
    y_pred: np.ndarray,
    other: np.ndarray,
    *,
    margin: float = 0.0,
    axis: int = -1,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: tuple[np.ndarray, np.ndarray] | None = None,
) -> Any:
    """Two vectors along `axis` that should point the same way, or not.

    With cos the cosine of the angle between y_pred and other:

        loss = 1 - cos if y_true = 1, max(0, cos - margin) if y_true = -1, otherwise 0

    The square of each length is increased by 1e-12. Equal to
    `torch.nn.functional.cosine_embedding_loss`.

    >>> import numpy as np, fusedloss as fl
    >>> alike = np.array([1, -1])
    >>> first, second = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 2.0], [3.0, 4.0]])
    >>> fl.cosine_embedding(alike, first, second, margin=0.5, reduction="none").round(6)
    array([1. , 0.1])

    Args:
      y_true: 1 for a pair that is alike, -1 for one that is not; integers, shape of `y_pred`
        without `axis`.
      y_pred: vectors, float16, bfloat16, float32 or float64; at least 2-D. A row is what lies along
        `axis`.
      other: the vectors they are compared with, shape of `y_pred`, any of its dtypes.
      margin: the cosine up to which a pair that is not alike costs nothing.
      axis: the axis along which the vectors lie.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    return evaluate_vectors(_COSINE_EMBEDDING, (margin,), y_true, y_pred, options, axis, (other,))


@documented
def triplet_margin(
    anchor: np.ndarray,
    positive: np.ndarray,
    negative: np.ndarray,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    epsilon: float = 1e-6,
    swap: bool = False,
    axis: int = -1,
    sample_weight: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: float | None = None,
    return_grad: bool = False,
    out: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
) -> Any:
    """Vectors that should be nearer to one of their kind than to another one, along `axis`.

    With the distance d(a, b) = sum(|a - b + epsilon|^p)^(1 / p):

        loss = max(0, d(anchor, positive) - d(anchor, negative) + margin)

    With swap, d(positive, negative) counts if it is smaller than d(anchor, negative).

    Balntas et al. (2016), Learning local feature descriptors with triplets and shallow
    convolutional neural networks. Equal to `torch.nn.functional.triplet_margin_loss`.

    >>> import numpy as np, fusedloss as fl
    >>> anchor, positive = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])
    >>> loss, gradients = fl.triplet_margin(
    ...     anchor, positive, np.array([[5.0, 0.0]]), epsilon=0, return_grad=True
    ... )
    >>> float(loss), [gradient.round(3) for gradient in gradients]
    (1.0, [array([[ 0.4, -0.8]]), array([[0.6, 0.8]]), array([[-1.,  0.]])])

    Args:
      anchor: vectors, float16, bfloat16, float32 or float64; at least 2-D. A row is what lies along
        `axis`. It is the `y_pred` of the arguments below.
      positive: vectors of the same kind, shape of `anchor`, any of its dtypes.
      negative: vectors of another kind, shape of `anchor`, any of its dtypes.
      margin: how much nearer they should be, >= 0.
      p: the norm that measures distances, > 0.
      epsilon: added to each difference, >= 0.
      swap: count the smaller one of the two distances from `negative`.
      axis: the axis along which the vectors lie.
    """
    options = sample_weight, mask, reduction, denominator, return_grad, out
    params = margin, p, epsilon, swap
    more = positive, negative
    return evaluate_vectors(_TRIPLET, params, None, anchor, options, axis, more, "anchor")
