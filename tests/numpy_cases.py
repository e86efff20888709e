"""The losses of the NumPy tests: their formulas in float64 as Keras has them, data, parameters."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

import fusedloss as fl

Arrays = tuple[np.ndarray, np.ndarray]
Shape = tuple[int, ...]

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


def real(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.normal(size=shape), random.normal(size=shape)


def counts(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.poisson(2, shape), random.gamma(2, size=shape)


def log_counts(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.poisson(2, shape), random.normal(size=shape)


def binary_logits(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.integers(0, 2, shape), 3 * random.normal(size=shape)


def binary_probabilities(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.integers(0, 2, shape), random.uniform(0.02, 0.98, shape)


def soft_logits(random: np.random.Generator, shape: Shape) -> Arrays:
    soft = random.dirichlet(np.ones(shape[-1]), shape[:-1])
    return soft, 3 * random.normal(size=shape)


def soft_probabilities(random: np.random.Generator, shape: Shape) -> Arrays:
    soft = random.dirichlet(np.ones(shape[-1]), shape[:-1])
    return soft, random.uniform(0.02, 1, shape)


def sparse_logits(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.integers(0, shape[-1], shape[:-1]), 3 * random.normal(size=shape)


def sparse_probabilities(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.integers(0, shape[-1], shape[:-1]), random.uniform(0.02, 1, shape)


class Case(NamedTuple):
    name: str
    reference: Callable[..., np.ndarray]
    draw: Callable[[np.random.Generator, Shape], Arrays]
    parameters: Mapping[str, Any] = MappingProxyType({})

    @property
    def function(self) -> Callable[..., Any]:
        return getattr(fl, self.name)

    def __str__(self) -> str:
        return "-".join([self.name, *self.parameters])


CLASSES = 7
WEIGHTS = np.linspace(0, 3, CLASSES)
SMOOTH = {"label_smoothing": 0.1}
LOGITS = {"from_logits": True}
FOCAL = "binary_focal_crossentropy", binary_focal_crossentropy
DENSE = "categorical_crossentropy", categorical_crossentropy
DENSE_FOCAL = "categorical_focal_crossentropy", categorical_focal_crossentropy
SPARSE = "sparse_categorical_crossentropy", categorical_crossentropy
SPARSE_FOCAL = "sparse_categorical_focal_crossentropy", categorical_focal_crossentropy

ELEMENT_CASES = [
    Case("mean_squared_error", mean_squared_error, real),
    Case("mean_absolute_error", mean_absolute_error, real),
    Case("huber", huber, real),
    Case("huber", huber, real, {"delta": 0.3}),
    Case("poisson", poisson, counts),
    Case("poisson", poisson, counts, {"epsilon": 0.01, "full": True}),
    Case("poisson", poisson, log_counts, {"log_input": True}),
    Case("poisson", poisson, log_counts, {"log_input": True, "full": True}),
    Case("binary_crossentropy", binary_crossentropy, binary_probabilities),
    Case("binary_crossentropy", binary_crossentropy, binary_probabilities, SMOOTH),
    Case("binary_crossentropy", binary_crossentropy, binary_logits, LOGITS),
    Case("binary_crossentropy", binary_crossentropy, binary_logits, LOGITS | SMOOTH),
    Case("binary_crossentropy", binary_crossentropy, binary_logits, LOGITS | {"pos_weight": 3}),
    Case(*FOCAL, binary_probabilities),
    Case(*FOCAL, binary_logits, LOGITS),
    Case(*FOCAL, binary_probabilities, {"apply_class_balancing": True, "alpha": 0.7, **SMOOTH}),
    Case(*FOCAL, binary_logits, LOGITS | {"apply_class_balancing": True, "gamma": 0.5, **SMOOTH}),
]
ROW_CASES = [
    Case(*DENSE, soft_probabilities),
    Case(*DENSE, soft_probabilities, SMOOTH | {"class_weight": WEIGHTS}),
    Case(*DENSE, soft_logits, LOGITS),
    Case(*DENSE, soft_logits, LOGITS | SMOOTH | {"class_weight": list(WEIGHTS)}),
    Case(*DENSE_FOCAL, soft_probabilities),
    Case(*DENSE_FOCAL, soft_probabilities, SMOOTH | {"alpha": list(WEIGHTS), "gamma": 1.5}),
    Case(*DENSE_FOCAL, soft_logits, LOGITS),
    Case(*DENSE_FOCAL, soft_logits, LOGITS | SMOOTH | {"alpha": WEIGHTS, "gamma": 0}),
    Case(*SPARSE, sparse_probabilities),
    Case(*SPARSE, sparse_probabilities, SMOOTH | {"class_weight": WEIGHTS}),
    Case(*SPARSE, sparse_logits, LOGITS),
    Case(*SPARSE, sparse_logits, LOGITS | SMOOTH | {"class_weight": WEIGHTS}),
    Case(*SPARSE_FOCAL, sparse_probabilities),
    Case(*SPARSE_FOCAL, sparse_logits, LOGITS | SMOOTH | {"alpha": WEIGHTS, "gamma": 0.5}),
]
CASES = ELEMENT_CASES + ROW_CASES


def named(text: str) -> Case:
    """The case that prints as ``text``."""
    (case,) = (case for case in CASES if str(case) == text)
    return case


# One of each kind, where what is tested does not depend on the formula.
KINDS = [
    named("huber"),
    named("binary_crossentropy-from_logits-pos_weight"),
    named("categorical_crossentropy-from_logits"),
    named("sparse_categorical_crossentropy-from_logits"),
]

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_kind = pytest.mark.parametrize("case", KINDS, ids=str)
