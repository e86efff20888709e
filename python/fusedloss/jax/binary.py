"""Losses of two classes, or of several labels that do not exclude each other."""

from collections.abc import Sequence

from jax import Array
from jax.typing import ArrayLike

from fusedloss._registry import BY_NAME
from fusedloss.jax._arrays import evaluate_pointwise
from fusedloss.jax._documentation import documented
from fusedloss.jax._focal import normaliser, split_alpha

_CROSSENTROPY = BY_NAME["binary_crossentropy"]
_CROSSENTROPY_FROM_LOGITS = BY_NAME["binary_crossentropy_from_logits"]
_FOCAL = BY_NAME["binary_focal_crossentropy"]
_FOCAL_FROM_LOGITS = BY_NAME["binary_focal_crossentropy_from_logits"]
_UNBALANCED = -1.0  # the core's alpha for "every class weighs 1"


@documented
def binary_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    pos_weight: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    denominator: ArrayLike | None = None,
    inplace: bool = False,
) -> Array:
    """As `fusedloss.binary_crossentropy`, for arrays of JAX.

    >>> import jax, jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, logits = jnp.array([1, 0, 1, 0]), jnp.array([0.0, 0.0, 50.0, -50.0])
    >>> gradient = jax.grad(fl.binary_crossentropy, argnums=1)
    >>> gradient(y_true, logits, from_logits=True).round(3) + 0
    Array([-0.125,  0.125,  0.   ,  0.   ], dtype=float32)
    """
    options = sample_weight, mask, reduction, denominator, inplace
    if pos_weight is not None and not from_logits:
        raise ValueError("pos_weight needs from_logits=True, got from_logits=False")
    loss = _CROSSENTROPY_FROM_LOGITS if from_logits else _CROSSENTROPY
    return evaluate_pointwise(loss, (label_smoothing,), y_true, y_pred, options, axis, pos_weight)


@documented
def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    apply_class_balancing: bool = False,
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
    """As `fusedloss.binary_focal_crossentropy`, for arrays of JAX.

    >>> import jax.numpy as jnp, fusedloss.jax as fl
    >>> y_true, logits = jnp.array([1, 1]), jnp.array([0.0, 4.0])
    >>> losses = fl.binary_focal_crossentropy(y_true, logits, from_logits=True, reduction="none")
    >>> [f"{loss:.7f}" for loss in losses]
    ['0.1732868', '0.0000059']
    """
    options = sample_weight, mask, reduction, normaliser(denominator), inplace
    loss = _FOCAL_FROM_LOGITS if from_logits else _FOCAL
    balance, alphas = _UNBALANCED, None
    if apply_class_balancing:
        balance, alphas = split_alpha(alpha)
        if not 0 <= balance <= 1:  # a negative one would mean "unbalanced" to the core
            raise ValueError(f"alpha must be in [0, 1], got {alpha}")
    params = balance, gamma, label_smoothing
    return evaluate_pointwise(loss, params, y_true, y_pred, options, axis, alphas, "alpha", 1.0)
