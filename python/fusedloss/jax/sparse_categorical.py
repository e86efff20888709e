"""Losses of classes that exclude each other; the targets are integer labels."""

from collections.abc import Sequence
from typing import Any

from jax import Array
from jax.typing import ArrayLike

from fusedloss._crossentropy import cross_entropy
from fusedloss._registry import BY_NAME
from fusedloss.jax._arrays import evaluate_sparse
from fusedloss.jax._documentation import documented
from fusedloss.jax._focal import normaliser, split_alpha

_FOCAL = BY_NAME["categorical_focal_crossentropy"]
_FOCAL_FROM_LOGITS = BY_NAME["categorical_focal_crossentropy_from_logits"]


@documented
def sparse_categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
    label_smoothing: float = 0.0,
    class_weight: Sequence[float] | ArrayLike | None = None,
    z_loss: float = 0.0,
    softcap: float = 0.0,
    temperature: float = 1.0,
    return_statistics: bool = False,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Any:
    """As `fusedloss.sparse_categorical_crossentropy`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> labels, logits = jnp.array([1, 2, -1]), jnp.array([[0.0, 0, 0], [0, 0, 99], [7, 8, 9]])
    >>> gradient = jax.grad(fl.sparse_categorical_crossentropy, argnums=1)
    >>> gradient(labels, logits, from_logits=True, ignore_class=-1).round(4)
    Array([[ 0.16669999, -0.3333    ,  0.16669999],
           [ 0.        ,  0.        ,  0.        ],
           [ 0.        ,  0.        ,  0.        ]], dtype=float32)
    >>> loss, statistics = fl.sparse_categorical_crossentropy(
    ...     labels, logits, from_logits=True, ignore_class=-1, return_statistics=True
    ... )
    >>> statistics.argmax.tolist(), statistics.correct.tolist()
    ([0, 2, -1], [False, True, False])
    """
    options = sample_weight, mask, reduction, denominator, inplace
    loss, params = cross_entropy(
        from_logits, label_smoothing, temperature, softcap, z_loss, return_statistics
    )
    # fmt: off
    found = evaluate_sparse(
        loss, params, y_true, y_pred, options, axis, ignore_class, class_weight,
        statistics=return_statistics,
    )
    # fmt: on
    return found if return_statistics else found[0]


@documented
def sparse_categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    alpha: Sequence[float] | ArrayLike = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
    label_smoothing: float = 0.0,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | str | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.sparse_categorical_focal_crossentropy`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> labels, probabilities = jnp.array([1, 0]), jnp.array([[0.5, 0.5], [0.9, 0.1]])
    >>> losses = fl.sparse_categorical_focal_crossentropy(labels, probabilities, reduction="none")
    >>> losses.round(6)
    Array([0.043322, 0.000263], dtype=float32)
    """
    options = sample_weight, mask, reduction, normaliser(denominator), inplace
    loss = _FOCAL_FROM_LOGITS if from_logits else _FOCAL
    scale, weights = split_alpha(alpha)
    params = scale, gamma, label_smoothing
    return evaluate_sparse(
        loss, params, y_true, y_pred, options, axis, ignore_class, weights, "alpha"
    )[0]
