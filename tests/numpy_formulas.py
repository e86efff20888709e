"""The losses of the NumPy tests: formulas in float64 as Keras has them, one loss per row.

Those that need no options of NumPy alone are the references of the core's tests.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from cases import long_double
from fusedloss import _core
from references import REFERENCES, Parameters

LOSSES = {loss.name: loss for loss in _core.losses()}
EPSILON = 1e-7  # of Keras


def over_outputs(values: np.ndarray, axis: int = -1) -> np.ndarray:
    return values if values.ndim == 1 else values.mean(axis)


def mean_squared_error(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return over_outputs((p - y) ** 2)


def mean_absolute_error(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return over_outputs(np.abs(p - y))


def huber(y: np.ndarray, p: np.ndarray, delta: float = 1.0) -> np.ndarray:
    error = np.abs(p - y)
    tail = delta * error - delta**2 / 2
    return over_outputs(np.where(error <= delta, error**2 / 2, tail))


def poisson(
    y: np.ndarray,
    p: np.ndarray,
    epsilon: float = EPSILON,
    log_input: bool = False,
    full: bool = False,
) -> np.ndarray:
    values = np.exp(p) - y * p if log_input else p - y * np.log(p + epsilon)
    if full:
        counted = np.maximum(y, 1)
        stirling = counted * np.log(counted) - counted + np.log(2 * np.pi * counted) / 2
        values = values + np.where(y > 1, stirling, 0)
    return over_outputs(values)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def binary_costs(y: np.ndarray, p: np.ndarray, smoothing: float, pos_weight: Any) -> np.ndarray:
    t = y * (1 - smoothing) + smoothing / 2
    return -(pos_weight * t * np.log(p) + (1 - t) * np.log(1 - p))


def binary_crossentropy(
    y: np.ndarray,
    p: np.ndarray,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    pos_weight: Any = 1,
) -> np.ndarray:
    p = sigmoid(p) if from_logits else np.clip(p, EPSILON, 1 - EPSILON)
    if np.ndim(pos_weight) == 1:
        pos_weight = np.moveaxis(np.moveaxis(p, axis, -1) * 0 + pos_weight, -1, axis)
    return over_outputs(binary_costs(y, p, label_smoothing, pos_weight), axis)


def binary_focal_crossentropy(
    y: np.ndarray,
    p: np.ndarray,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> np.ndarray:
    p = sigmoid(p) if from_logits else np.clip(p, EPSILON, 1 - EPSILON)
    weight = y * alpha + (1 - y) * (1 - alpha) if apply_class_balancing else 1
    miss = 1 - (y * p + (1 - y) * (1 - p))
    return over_outputs(weight * miss**gamma * binary_costs(y, p, label_smoothing, 1), axis)


def log_distribution(p: np.ndarray, from_logits: bool) -> np.ndarray:
    if from_logits:
        shifted = p - p.max(-1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return np.log(np.clip(p / p.sum(-1, keepdims=True), EPSILON, 1 - EPSILON))


def one_hot(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.eye(p.shape[-1])[y] if y.ndim < p.ndim else y


def categorical_crossentropy(
    y: np.ndarray,
    p: np.ndarray,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    class_weight: Any = 1.0,
) -> np.ndarray:
    y, p = (np.moveaxis(one_hot(y, p), axis, -1), np.moveaxis(p, axis, -1))
    t = y * (1 - label_smoothing) + label_smoothing / p.shape[-1]
    return -(class_weight * t * log_distribution(p, from_logits)).sum(-1)


def categorical_focal_crossentropy(
    y: np.ndarray,
    p: np.ndarray,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> np.ndarray:
    y, p = (np.moveaxis(one_hot(y, p), axis, -1), np.moveaxis(p, axis, -1))
    log_p = log_distribution(p, from_logits)
    costs = (1 - label_smoothing) * log_p + label_smoothing * log_p.mean(-1, keepdims=True)
    return -(y * alpha * (1 - np.exp(log_p)) ** gamma * costs).sum(-1)


def reference(name: str) -> Callable[..., np.ndarray]:
    """The formula of a registered loss as one of the public function: along any axis."""
    loss, formula = LOSSES[name], REFERENCES[name].formula

    def losses(y: np.ndarray, *predictions: np.ndarray, axis: int = -1, **given: Any) -> np.ndarray:
        values = {p.name: given.get(p.name, p.default) for p in loss.parameters}
        epsilon = values.get("epsilon", 0.0)
        weight = long_double(given.get("class_weight", 1.0))
        arguments = Parameters(values, weight, epsilon, 1 - epsilon)
        arrays = [np.moveaxis(long_double(p), axis, -1) for p in predictions]
        if loss.kind == "pointwise":
            return over_outputs(formula(long_double(y), *arrays, arguments).astype(float))
        if y.ndim == arrays[0].ndim:
            y = np.moveaxis(y, axis, -1)
        elif loss.targets == "elements":
            y = one_hot(y, arrays[0])
        return formula(long_double(y), *arrays, arguments).astype(float)

    return losses
