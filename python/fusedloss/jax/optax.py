"""The losses under the names of `optax.losses`: the same arguments, and a loss for each element.

    from fusedloss.jax import optax as losses           # instead of: from optax import losses
    losses.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

As in optax, predictions come first and nothing is reduced; `fusedloss.jax` has the same losses with
weights, masks and reductions inside the kernel, which is faster than a mean after it. There is no
argument `where`, and an axis is a single one. Different on purpose: losses of float16 and bfloat16
are returned in float32, a label out of range is an error, and the cosine of a vector of zeros is 0,
not NaN.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from fusedloss import _arguments, _core
from fusedloss._formulas.calls import Call, Operands
from fusedloss._registry import BY_NAME, complete_parameters
from fusedloss.jax._arrays import arrays_of, evaluate_dense, evaluate_sparse
from fusedloss.jax._loss import fused

__all__ = [
    "cosine_distance",
    "cosine_similarity",
    "hinge_loss",
    "huber_loss",
    "kl_divergence",
    "kl_divergence_with_log_targets",
    "l2_loss",
    "log_cosh",
    "safe_softmax_cross_entropy",
    "sigmoid_binary_cross_entropy",
    "sigmoid_focal_loss",
    "softmax_cross_entropy",
    "softmax_cross_entropy_with_integer_labels",
    "squared_error",
]

_SQUARED = BY_NAME["mean_squared_error"]
_HUBER = BY_NAME["huber"]
_LOG_COSH = BY_NAME["log_cosh"]
_HINGE = BY_NAME["hinge"]
_BINARY = BY_NAME["binary_crossentropy_from_logits"]
_FOCAL = BY_NAME["binary_focal_crossentropy_from_logits"]
_DIVERGENCE = BY_NAME["kl_divergence_from_log_probs"]
_SOFTMAX = BY_NAME["categorical_crossentropy_from_logits"]
_COSINE = BY_NAME["cosine_similarity"]

_UNREDUCED = None, None, "none", None, False
_LEAST_LENGTH = 1e-7  # of a vector that has a direction


def squared_error(predictions: ArrayLike, targets: ArrayLike | None = None) -> Array:
    """Return (predictions - targets)^2 for each element; targets are 0 by default.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> losses.squared_error(jnp.array([1.0, 2.0]), jnp.array([0.0, 4.0])).tolist()
    [1.0, 4.0]
    """
    return _elements(_SQUARED, (), predictions, targets)


def l2_loss(predictions: ArrayLike, targets: ArrayLike | None = None) -> Array:
    """Return (predictions - targets)^2 / 2 for each element; targets are 0 by default.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> losses.l2_loss(jnp.array([1.0, 2.0]), jnp.array([0.0, 4.0])).tolist()
    [0.5, 2.0]
    """
    return _elements(_SQUARED, (), predictions, targets, factor=0.5)


def huber_loss(
    predictions: ArrayLike, targets: ArrayLike | None = None, *, delta: float = 1.0
) -> Array:
    """Return `fusedloss.jax.huber` for each element; targets are 0 by default.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> losses.huber_loss(jnp.array([0.5, 4.0]), jnp.array([0.0, 1.0])).tolist()
    [0.125, 2.5]
    """
    return _elements(_HUBER, (delta,), predictions, targets)


def log_cosh(predictions: ArrayLike, targets: ArrayLike | None = None) -> Array:
    """Return `fusedloss.jax.log_cosh` for each element; targets are 0 by default.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> losses.log_cosh(jnp.array([0.0, 100.0])).round(3).tolist()
    [0.0, 99.307]
    """
    return _elements(_LOG_COSH, (), predictions, targets)


def hinge_loss(predictor_outputs: ArrayLike, targets: ArrayLike) -> Array:
    """Return max(0, 1 - predictor_outputs targets) for each element, with targets -1 or 1.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> losses.hinge_loss(jnp.array([0.5, -2.0]), jnp.array([1, -1])).tolist()
    [0.5, 0.0]
    """
    return _elements(_HINGE, (), predictor_outputs, targets)


def sigmoid_binary_cross_entropy(logits: ArrayLike, labels: ArrayLike) -> Array:
    """Return `fusedloss.jax.binary_crossentropy` from logits, for each element.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> losses.sigmoid_binary_cross_entropy(jnp.array([0.0, 50.0]), jnp.array([1, 1])).round(4)
    Array([0.6931, 0.    ], dtype=float32)
    """
    return _elements(_BINARY, (0.0,), logits, labels)


def sigmoid_focal_loss(
    logits: ArrayLike, labels: ArrayLike, *, alpha: float | None = None, gamma: float = 2.0
) -> Array:
    """Return `fusedloss.jax.binary_focal_crossentropy` from logits, for each element.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> losses.sigmoid_focal_loss(jnp.array([0.0, 4.0]), jnp.array([1, 1])).round(4)
    Array([0.1733, 0.    ], dtype=float32)

    Args:
      logits: logits, of any floating dtype.
      labels: labels in [0, 1], in the shape of `logits`.
      alpha: weight of the positive class in [0, 1]; the negative one has 1 - alpha. Default: both
        weigh 1.
      gamma: how strongly easy examples are faded, >= 0.
    """
    if alpha is not None and not 0 <= alpha <= 1:  # a negative one would mean "unbalanced"
        raise ValueError(f"alpha must be in [0, 1], got {alpha}")
    return _elements(_FOCAL, (-1.0 if alpha is None else alpha, gamma), logits, labels)


def softmax_cross_entropy(logits: ArrayLike, labels: ArrayLike, axis: int = -1) -> Array:
    """Return `fusedloss.jax.categorical_crossentropy` from logits, for each row along `axis`.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> losses.softmax_cross_entropy(jnp.array([0.0, 0.0]), jnp.array([0.5, 0.5])).round(4).item()
    0.6931
    """
    target, prediction = _batch(labels), _batch(logits)
    return _unbatched(logits, evaluate_dense(_SOFTMAX, (), target, prediction, _UNREDUCED, axis)[0])


def safe_softmax_cross_entropy(logits: ArrayLike, labels: ArrayLike) -> Array:
    """Return `softmax_cross_entropy`, in which a class without a label may have the logit -inf.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> logits, labels = jnp.array([0.0, 0.0, -jnp.inf]), jnp.array([0.5, 0.5, 0.0])
    >>> losses.safe_softmax_cross_entropy(logits, labels).round(4).item()
    0.6931
    """
    return softmax_cross_entropy(logits, labels)


def softmax_cross_entropy_with_integer_labels(
    logits: ArrayLike, labels: ArrayLike, axis: int = -1
) -> Array:
    """Return `fusedloss.jax.sparse_categorical_crossentropy` from logits, for each row.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> logits, labels = jnp.array([[0.0, 0.0], [50.0, 0.0]]), jnp.array([1, 0])
    >>> losses.softmax_cross_entropy_with_integer_labels(logits, labels).round(4)
    Array([0.6931, 0.    ], dtype=float32)
    """
    target, prediction = _batch(labels, 0), _batch(logits)
    found = evaluate_sparse(_SOFTMAX, (), target, prediction, _UNREDUCED, axis, None)
    return _unbatched(logits, found[0])


def kl_divergence(log_predictions: ArrayLike, targets: ArrayLike, axis: int = -1) -> Array:
    """Return sum(targets (ln(targets) - log_predictions)) along `axis`; 0 ln(0) is 0.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> targets, log_predictions = jnp.array([0.5, 0.5]), jnp.log(jnp.array([0.5, 0.125]))
    >>> losses.kl_divergence(log_predictions, targets).round(4).item()
    0.6931
    """
    return _divergence(log_predictions, targets, axis, log_target=0.0)


def kl_divergence_with_log_targets(
    log_predictions: ArrayLike, log_targets: ArrayLike, axis: int = -1
) -> Array:
    """Return sum(exp(log_targets) (log_targets - log_predictions)) along `axis`.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> targets, predictions = jnp.array([0.5, 0.5]), jnp.array([0.5, 0.125])
    >>> loss = losses.kl_divergence_with_log_targets(jnp.log(predictions), jnp.log(targets))
    >>> loss.round(4).item()
    0.6931
    """
    return _divergence(log_predictions, log_targets, axis, log_target=1.0)


def cosine_similarity(
    predictions: ArrayLike, targets: ArrayLike, *, epsilon: float = 0.0, axis: int = -1
) -> Array:
    """Return the cosine of the angle between two vectors along `axis`, -1 to 1.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> losses.cosine_similarity(jnp.array([3.0, 4.0]), jnp.array([6.0, 8.0])).round(4).item()
    1.0

    Args:
      predictions: vectors, of any floating dtype.
      targets: vectors in the shape of `predictions`.
      epsilon: the least square of a length.
      axis: the axis along which the vectors lie.
    """
    length = max(epsilon**0.5, _LEAST_LENGTH)
    target, prediction = _batch(targets), _batch(predictions)
    found = evaluate_dense(_COSINE, (length,), target, prediction, _UNREDUCED, axis)
    return -_unbatched(predictions, found[0])


def cosine_distance(
    predictions: ArrayLike, targets: ArrayLike, *, epsilon: float = 0.0, axis: int = -1
) -> Array:
    """Return 1 - `cosine_similarity`, 0 to 2.

    >>> import jax.numpy as jnp, fusedloss.jax.optax as losses
    >>> losses.cosine_distance(jnp.array([1.0, 0.0]), jnp.array([0.0, 2.0])).item()
    1.0
    """
    return 1 - cosine_similarity(predictions, targets, epsilon=epsilon, axis=axis)


def _elements(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    predictions: ArrayLike,
    targets: ArrayLike | None,
    axis: int | None = None,
    factor: float | None = None,
) -> Array:
    """The loss of each element, or its mean along an axis, times a factor."""
    if targets is None:
        targets = jnp.zeros((1,) * np.ndim(predictions), jnp.float32)
        targets = jnp.broadcast_to(targets, np.shape(predictions))
    y_true, y_pred = arrays_of(targets, predictions, "targets", "predictions")
    if y_true.shape != y_pred.shape:
        _arguments.refuse_shape("targets", y_true.shape, y_pred.shape, "predictions")
    weight = None
    if factor is not None:
        rows = y_pred.ndim - (axis is not None)
        weight = jnp.full((1,) * rows, factor, jnp.promote_types(y_pred.dtype, jnp.float32))
    call = Call(loss.id, complete_parameters(loss, params), None, axis, _core.NONE)
    losses: Array = fused(call, False, Operands(y_true, y_pred, sample_weight=weight))[0]
    return losses


def _divergence(
    log_predictions: ArrayLike, targets: ArrayLike, axis: int, log_target: float
) -> Array:
    """The kernel has means along an axis: weighed by how many there are, they are sums."""
    axis %= np.ndim(log_predictions)
    count = np.shape(log_predictions)[axis]
    return _elements(_DIVERGENCE, (log_target,), log_predictions, targets, axis, count)


def _batch(array: ArrayLike, row_axes: int = 1) -> ArrayLike:
    """A single row as a batch of one."""
    return array if np.ndim(array) > row_axes else jnp.asarray(array)[None]


def _unbatched(predictions: ArrayLike, losses: Array) -> Array:
    return losses if np.ndim(predictions) > 1 else losses[0]
