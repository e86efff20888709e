"""What Keras lacks, as straight formulas: functions in the style of `keras.losses`."""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops
from keras_tensors import BACKEND, Tensor, attach_mask, dtype_of


class Reference(keras.losses.Loss):
    """A function as a loss object, reduced by Keras."""

    def __init__(
        self, function: Callable[..., Tensor], options: dict[str, Any], **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self.function, self.options = function, options

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        losses = self.function(y_true, y_pred, **self.options)
        if self.options.get("ignore_class") is not None:
            attach_mask(losses, y_true != self.options["ignore_class"])
        return losses


def lgamma(x: Tensor) -> Tensor:
    """Of the framework: Keras has none."""
    if BACKEND == "torch":
        import torch

        return torch.lgamma(x)
    if BACKEND == "jax":
        import jax

        return jax.scipy.special.gammaln(x)
    import tensorflow as tf

    return tf.math.lgamma(x)


def _mean(y_pred: Tensor, log_input: bool) -> Tensor:
    return ops.exp(y_pred) if log_input else y_pred + keras.config.epsilon()


def poisson(y_true: Tensor, y_pred: Tensor, log_input: bool = False, full: bool = False) -> Tensor:
    mean = ops.exp(y_pred) if log_input else y_pred
    losses = mean - y_true * (y_pred if log_input else ops.log(_mean(y_pred, False)))
    if full:
        large = ops.maximum(y_true, 1)
        factorial = large * ops.log(large) - large + ops.log(2 * math.pi * large) / 2
        losses = losses + ops.where(y_true > 1, factorial, 0.0)
    return ops.mean(losses, -1)


def negative_binomial(
    y_true: Tensor,
    y_pred: Tensor,
    dispersion: float = 1.0,
    log_input: bool = False,
    full: bool = False,
) -> Tensor:
    # JAX has float64 on demand only.
    wide = dtype_of(y_pred) if BACKEND == "jax" else "float64"
    mean, y = _mean(ops.cast(y_pred, wide), log_input), ops.cast(y_true, wide)
    r = 1 / dispersion
    losses = (y + r) * ops.log1p(mean / r) - y * ops.log(mean / r)
    losses = losses - lgamma(y + r) + math.lgamma(r)
    if full:
        losses = losses + lgamma(y + 1)
    return ops.cast(ops.mean(losses, -1), y_pred.dtype)


def zero_inflated_poisson(
    y_true: Tensor, y_pred: Tensor, log_input: bool = False, full: bool = False
) -> Tensor:
    rate, logit = ops.split(y_pred, 2, -1)
    mean = _mean(rate, log_input)
    zero = ops.softplus(logit) - ops.logaddexp(logit, -mean)
    count = ops.softplus(logit) + mean - y_true * ops.log(mean)
    if full:
        count = count + lgamma(y_true + 1)
    return ops.mean(ops.where(y_true == 0, zero, count), -1)


def gamma(y_true: Tensor, y_pred: Tensor, log_input: bool = False) -> Tensor:
    mean = _mean(y_pred, log_input)
    return ops.mean(y_true / mean + ops.log(mean), -1)


def tweedie(y_true: Tensor, y_pred: Tensor, power: float = 1.5, log_input: bool = False) -> Tensor:
    mean = _mean(y_pred, log_input)
    if power == 1:
        return ops.mean(mean - y_true * ops.log(mean), -1)
    if power == 2:
        return ops.mean(y_true / mean + ops.log(mean), -1)
    rest = mean ** (2 - power) / (2 - power)
    return ops.mean(rest - y_true * mean ** (1 - power) / (1 - power), -1)


def pinball(y_true: Tensor, y_pred: Tensor, quantile: float = 0.5) -> Tensor:
    below, above = ops.relu(y_true - y_pred), ops.relu(y_pred - y_true)
    return ops.mean(quantile * below + (1 - quantile) * above, -1)


def gaussian_nll(
    y_true: Tensor, y_pred: Tensor, full: bool = False, epsilon: float = 1e-6
) -> Tensor:
    mean, given = ops.split(y_pred, 2, -1)
    # Where it is raised to epsilon, the slope is as if it had not been.
    variance = given + ops.stop_gradient(ops.maximum(given, epsilon) - given)
    losses = (ops.log(variance) + ops.square(y_true - mean) / variance) / 2
    if full:
        losses = losses + math.log(2 * math.pi) / 2
    return ops.mean(losses, -1)


def binary_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    from_logits: bool = True,
    label_smoothing: float = 0.0,
    axis: int = -1,
    pos_weight: Any = None,
) -> Tensor:
    assert from_logits
    target = y_true * (1 - label_smoothing) + label_smoothing / 2
    weight = along(pos_weight, y_pred, axis)
    losses = -weight * target * ops.log_sigmoid(y_pred) - (1 - target) * ops.log_sigmoid(-y_pred)
    return ops.mean(losses, axis)


def binary_focal_crossentropy(
    y_true: Tensor, y_pred: Tensor, alpha: Any, axis: int = -1, **options: Any
) -> Tensor:
    """With one alpha for each output, which Keras takes as long as the axis is the last."""
    alpha = ops.convert_to_tensor(alpha, y_pred.dtype)
    moved = (ops.moveaxis(tensor, axis, -1) for tensor in (y_true, y_pred))
    return keras.losses.binary_focal_crossentropy(*moved, **options, axis=-1, alpha=alpha)


def categorical_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    class_weight: Any = 1.0,
    temperature: float = 1.0,
    softcap: float = 0.0,
    z_loss: float = 0.0,
) -> Tensor:
    if from_logits:
        capped = softcap * ops.tanh(y_pred / softcap) if softcap else y_pred
        logits = capped / temperature
        log_prob, lse = ops.log_softmax(logits, axis), ops.logsumexp(logits, axis)
    else:
        epsilon = keras.config.epsilon()
        share = y_pred / ops.sum(y_pred, axis, keepdims=True)
        log_prob, lse = ops.log(ops.clip(share, epsilon, 1 - epsilon)), 0.0
    target = y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    weighted = along(class_weight, y_pred, axis) * target * log_prob
    return z_loss * ops.square(lse) - ops.sum(weighted, axis)


def sparse_categorical_crossentropy(
    y_true: Tensor, y_pred: Tensor, ignore_class: int | None = None, **options: Any
) -> Tensor:
    targets = one_hot(y_true, y_pred, ignore_class, options.get("axis", -1))
    losses = categorical_crossentropy(targets, y_pred, **options)
    return losses if ignore_class is None else ops.where(y_true != ignore_class, losses, 0.0)


def sparse_categorical_focal_crossentropy(
    y_true: Tensor, y_pred: Tensor, ignore_class: int | None = None, **options: Any
) -> Tensor:
    targets = one_hot(y_true, y_pred, ignore_class, options.get("axis", -1))
    losses = keras.losses.categorical_focal_crossentropy(targets, y_pred, **options)
    return losses if ignore_class is None else ops.where(y_true != ignore_class, losses, 0.0)


def categorical_generalized_cross_entropy(
    y_true: Tensor, y_pred: Tensor, q: float = 0.5, from_logits: bool = False, axis: int = -1
) -> Tensor:
    prob = ops.softmax(y_pred, axis) if from_logits else y_pred
    own = ops.sum(one_hot(y_true, y_pred, None, axis) * prob, axis)
    return (1 - own**q) / q


def one_hot(labels: Tensor, y_pred: Tensor, ignore_class: int | None, axis: int) -> Tensor:
    """The rows of an ignored label are 0, and so are their losses."""
    labels = ops.cast(labels, "int32")
    if ignore_class is not None:
        labels = ops.where(labels == ignore_class, -1, labels)
    return ops.moveaxis(ops.one_hot(labels, y_pred.shape[axis], dtype=dtype_of(y_pred)), -1, axis)


def along(weights: Any, y_pred: Tensor, axis: int) -> Tensor:
    """A number, or one for each entry of the axis, as a tensor that broadcasts."""
    tensor = ops.convert_to_tensor(weights, y_pred.dtype)
    return ops.reshape(tensor, (-1, *[1] * (len(y_pred.shape) - 1 - axis % len(y_pred.shape))))
