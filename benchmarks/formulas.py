"""The losses as one writes them in NumPy: value of the mean, and gradient, in whole arrays.

Straight but not careless: stable, without needless passes, in the dtype of the predictions.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Result = tuple[Any, Array]


def mean_squared_error(y_true: Array, y_pred: Array) -> Result:
    residual = y_pred - y_true
    return (residual * residual).mean(), residual * (2 / residual.size)


def mean_absolute_error(y_true: Array, y_pred: Array) -> Result:
    residual = y_pred - y_true
    return np.abs(residual).mean(), np.sign(residual) / residual.size


def huber(y_true: Array, y_pred: Array) -> Result:
    """For delta = 1."""
    residual = y_pred - y_true
    clipped = np.clip(residual, -1, 1)
    return (clipped * (residual - 0.5 * clipped)).mean(), clipped / residual.size


def smooth_l1(y_true: Array, y_pred: Array) -> Result:
    """For beta = 1, where it is the loss of Huber."""
    return huber(y_true, y_pred)


def log_cosh(y_true: Array, y_pred: Array) -> Result:
    residual = y_pred - y_true
    size = np.abs(residual)
    losses = size + np.log1p(np.exp(-2 * size)) - np.float32(np.log(2))
    return losses.mean(), np.tanh(residual) / residual.size


def hinge(y_true: Array, y_pred: Array) -> Result:
    margin = 1 - y_true * y_pred
    return np.maximum(margin, 0).mean(), np.where(margin > 0, -y_true, 0) / margin.size


def negative_binomial_log_input(y_true: Array, y_pred: Array, dispersion: float) -> Result:
    """For counts: ln(gamma(y + r) / gamma(r)) is the sum of ln(r + k) for k < y."""
    r = 1 / dispersion
    steps = np.log(r + np.arange(y_true.max(), dtype=y_pred.dtype))
    ratio = np.concatenate([[0], np.cumsum(steps)]).astype(y_pred.dtype)
    mean = np.exp(y_pred)
    spread = 1 + dispersion * mean
    losses = (y_true + r) * np.log(spread) - y_true * (y_pred + np.log(dispersion))
    losses -= ratio[y_true.astype(np.intp)]
    return losses.mean(), (mean - y_true) / (spread * mean.size)


def poisson_log_input(y_true: Array, y_pred: Array) -> Result:
    rate = np.exp(y_pred)
    return (rate - y_true * y_pred).mean(), (rate - y_true) / rate.size


def gamma_log_input(y_true: Array, y_pred: Array) -> Result:
    ratio = y_true * np.exp(-y_pred)
    return (ratio + y_pred).mean(), (1 - ratio) / ratio.size


def tweedie_log_input(y_true: Array, y_pred: Array) -> Result:
    """For power = 1.5."""
    root = np.exp(y_pred / 2)
    ratio = y_true / root
    return 2 * (root + ratio).mean(), (root - ratio) / root.size


def pinball(y_true: Array, y_pred: Array, quantile: float) -> Result:
    slopes = np.where(y_pred > y_true, y_pred.dtype.type(1 - quantile), -quantile)
    return (slopes * (y_pred - y_true)).mean(), slopes / slopes.size


def binary_cross_entropy(y_true: Array, y_pred: Array) -> Result:
    losses = -(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))
    gradient = (y_pred - y_true) / (y_pred * (1 - y_pred))
    return losses.mean(), gradient / losses.size


def binary_cross_entropy_with_logits(y_true: Array, y_pred: Array) -> Result:
    exponential = np.exp(-np.abs(y_pred))
    losses = np.maximum(y_pred, 0) - y_true * y_pred + np.log1p(exponential)
    sigmoid = np.where(y_pred >= 0, 1, exponential) / (1 + exponential)
    return losses.mean(), (sigmoid - y_true) / losses.size


def sigmoid_focal_loss(
    y_true: Array, y_pred: Array, alpha: float = 0.25, gamma: float = 2.0
) -> Result:
    """With q = 1 - p_t: d loss / d logit = alpha_t q^gamma (gamma p_t ln p_t - q) towards y."""
    sign = 2 * y_true - 1
    logit = sign * y_pred  # of the true class: the labels are 0 or 1
    exponential = np.exp(-np.abs(logit))
    log_p = np.minimum(logit, 0) - np.log1p(exponential)
    q = np.where(logit >= 0, exponential, 1) / (1 + exponential)
    factor = (1 - alpha + (2 * alpha - 1) * y_true) * q**gamma
    gradient = sign * factor * (gamma * (1 - q) * log_p - q)
    return -(factor * log_p).mean(), gradient / q.size


def cross_entropy(
    y_true: Array, y_pred: Array, smoothing: float = 0.0, class_weight: Array | None = None
) -> Result:
    """Integer labels, classes along axis 1; with weights the mean of torch."""
    labels = np.expand_dims(y_true, 1)
    shifted = y_pred - y_pred.max(axis=1, keepdims=True)
    gradient = np.exp(shifted)
    total = gradient.sum(axis=1, keepdims=True)
    gradient /= total
    losses = np.log(total) - (1 - smoothing) * np.take_along_axis(shifted, labels, axis=1)
    of_labels = np.take_along_axis(gradient, labels, axis=1) - (1 - smoothing)
    np.put_along_axis(gradient, labels, of_labels, axis=1)
    if smoothing:
        losses -= smoothing * shifted.mean(axis=1, keepdims=True)
        gradient -= smoothing / y_pred.shape[1]
    if class_weight is None:
        gradient /= losses.size
        return losses.mean(), gradient
    weight = class_weight[labels]
    gradient *= weight / weight.sum()
    return np.average(losses, weights=weight), gradient


def dense_cross_entropy(y_true: Array, y_pred: Array) -> Result:
    shifted = y_pred - y_pred.max(axis=1, keepdims=True)
    gradient = np.exp(shifted)
    total = gradient.sum(axis=1, keepdims=True)
    losses = np.log(total) * y_true.sum(axis=1, keepdims=True)
    losses -= (y_true * shifted).sum(axis=1, keepdims=True)
    gradient *= y_true.sum(axis=1, keepdims=True) / total
    gradient -= y_true
    gradient /= losses.size
    return losses.mean(), gradient


def cosine_similarity(y_true: Array, y_pred: Array) -> Result:
    unit_true = y_true / np.linalg.norm(y_true, axis=-1, keepdims=True)
    length = np.linalg.norm(y_pred, axis=-1, keepdims=True)
    unit_pred = y_pred / length
    losses = -(unit_true * unit_pred).sum(axis=-1, keepdims=True)
    return losses.mean(), -(unit_true + losses * unit_pred) / (length * losses.size)
