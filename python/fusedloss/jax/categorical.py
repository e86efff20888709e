"""Losses of classes that exclude each other; the targets have a value for every class."""

from collections.abc import Sequence
from typing import Any

from jax import Array
from jax.typing import ArrayLike

from fusedloss._crossentropy import cross_entropy
from fusedloss._registry import BY_NAME
from fusedloss.jax._arrays import evaluate_dense
from fusedloss.jax._documentation import documented
from fusedloss.jax._focal import normaliser, split_alpha

_FOCAL = BY_NAME["categorical_focal_crossentropy"]
_FOCAL_FROM_LOGITS = BY_NAME["categorical_focal_crossentropy_from_logits"]


@documented
def categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
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
    """As `fusedloss.categorical_crossentropy`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, logits = jnp.array([[0, 1, 0], [0, 0, 1]]), jnp.array([[0.0, 0, 0], [0, 0, 99]])
    >>> losses = fl.categorical_crossentropy(y_true, logits, from_logits=True, reduction="none")
    >>> losses.round(4)
    Array([1.0986, 0.    ], dtype=float32)
    """
    options = sample_weight, mask, reduction, denominator, inplace
    loss, params = cross_entropy(
        from_logits, label_smoothing, temperature, softcap, z_loss, return_statistics
    )
    # fmt: off
    found = evaluate_dense(
        loss, params, y_true, y_pred, options, axis, class_weight, statistics=return_statistics,
    )
    # fmt: on
    return found if return_statistics else found[0]


@documented
def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    alpha: Sequence[float] | ArrayLike = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | str | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.categorical_focal_crossentropy`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, probabilities = jnp.array([[0, 1], [1, 0]]), jnp.array([[0.5, 0.5], [0.9, 0.1]])
    >>> fl.categorical_focal_crossentropy(y_true, probabilities, reduction="none").round(6)
    Array([0.043322, 0.000263], dtype=float32)
    """
    options = sample_weight, mask, reduction, normaliser(denominator), inplace
    loss = _FOCAL_FROM_LOGITS if from_logits else _FOCAL
    scale, weights = split_alpha(alpha)
    params = scale, gamma, label_smoothing
    return evaluate_dense(loss, params, y_true, y_pred, options, axis, weights, "alpha")[0]
