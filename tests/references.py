"""One formula per registered loss, straight from its definition, and inputs from its domain.

A formula is written for exactness, not for speed or stability: it runs on NumPy arrays of mpmath
numbers (100 digits) or, where arrays are large, of long doubles. It returns one loss per element
for pointwise losses and one per row, along the last axis, for row losses. Gradients are never
written down: `cases.py` differentiates the formulas numerically.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

mpmath.mp.dps = 100

Array = NDArray[Any]
"""Of mpmath numbers (dtype object) or of long doubles."""


@dataclass(frozen=True)
class Parameters:
    """What a formula is given beside targets and predictions."""

    values: Mapping[str, float]
    weight: Array  # class weights, or positive-class weights of the shape of the predictions
    low: float  # epsilon and 1 - epsilon as the precision of the computation holds them:
    high: float  # clipping acts on these, so log(1 - high) is not log(epsilon) in float32

    def __getattr__(self, name: str) -> float:
        return self.values[name]


Formula = Callable[[Array, Array, Parameters], Array]

_exp = np.frompyfunc(mpmath.exp, 1, 1)
_log = np.frompyfunc(mpmath.log, 1, 1)


def exp(x: Array) -> Array:
    return _exp(x) if x.dtype == object else np.exp(x)


def log(x: Array) -> Array:
    if x.dtype == object:
        return _log(x)
    with np.errstate(divide="ignore"):
        return np.log(x)


def times(factor: Array, value: Array) -> Array:
    """factor * value, 0 where the factor is 0 even if the value is infinite."""
    return factor * np.where(factor == 0, 0, value)


# Pointwise losses.


def mean_squared_error(y: Array, p: Array, _: Parameters) -> Array:
    return (p - y) ** 2


def mean_absolute_error(y: Array, p: Array, _: Parameters) -> Array:
    return abs(p - y)


def huber(y: Array, p: Array, a: Parameters) -> Array:
    r = abs(p - y)
    return np.where(r <= a.delta, r * r / 2, a.delta * (r - a.delta / 2))


def stirling(y: Array) -> Array:
    """ln y! as torch.nn.functional.poisson_nll_loss approximates it: only for y > 1."""
    two_pi = 2 * mpmath.pi if y.dtype == object else np.longdouble(2) * np.pi
    many = np.where(y > 1, y, 1)
    return np.where(y > 1, many * log(many) - many + log(two_pi * many) / 2, 0)


def poisson(y: Array, p: Array, a: Parameters) -> Array:
    return p - y * log(p + a.epsilon) + a.full * stirling(y)


def poisson_log_input(y: Array, x: Array, a: Parameters) -> Array:
    return exp(x) - y * x + a.full * stirling(y)


def smooth_binary(y: Array, a: Parameters) -> Array:
    return y * (1 - a.label_smoothing) + a.label_smoothing / 2


def clip(p: Array, a: Parameters) -> Array:
    return np.minimum(np.maximum(p, a.low), a.high)


def two_class(t: Array, true: Array, false: Array, weight: Array | float = 1) -> Array:
    """Cross-entropy of a target t, from the probabilities of the two classes."""
    return -weight * times(t, log(true)) - times(1 - t, log(false))


def binary_crossentropy(y: Array, p: Array, a: Parameters) -> Array:
    p = clip(p, a)
    return two_class(smooth_binary(y, a), p, 1 - p)


def binary_crossentropy_clamped(t: Array, p: Array, _: Parameters) -> Array:
    return -t * np.maximum(log(p), -100) - (1 - t) * np.maximum(log(1 - p), -100)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + exp(-x))


def binary_crossentropy_from_logits(y: Array, x: Array, a: Parameters) -> Array:
    return two_class(smooth_binary(y, a), sigmoid(x), sigmoid(-x), a.weight)


def binary_focus(y: Array, true: Array, false: Array, a: Parameters) -> Array:
    """alpha_t (1 - p_t)^gamma: how much an example counts."""
    y = smooth_binary(y, a) if a.smoothed_focus else y
    balance = 1 if a.alpha < 0 else y * a.alpha + (1 - y) * (1 - a.alpha)
    return balance * (y * false + (1 - y) * true) ** a.gamma


def binary_focal_crossentropy(y: Array, p: Array, a: Parameters) -> Array:
    return binary_focus(y, p, 1 - p, a) * binary_crossentropy(y, p, a)


def binary_focal_crossentropy_from_logits(y: Array, x: Array, a: Parameters) -> Array:
    true, false = sigmoid(x), sigmoid(-x)
    return binary_focus(y, true, false, a) * two_class(smooth_binary(y, a), true, false)


# Row losses: the last axis holds the classes, the targets are dense.


def smooth_classes(y: Array, a: Parameters) -> Array:
    return y * (1 - a.label_smoothing) + a.label_smoothing / y.shape[-1]


def softmax(x: Array) -> Array:
    e = exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def log_softmax(x: Array) -> Array:
    x = x - np.max(x, axis=-1, keepdims=True)
    return x - log(np.sum(exp(x), axis=-1, keepdims=True))


def normalise(p: Array) -> Array:
    return p / np.sum(p, axis=-1, keepdims=True)


def categorical_crossentropy(y: Array, p: Array, a: Parameters) -> Array:
    costs = -a.weight * times(smooth_classes(y, a), log(clip(normalise(p), a)))
    return np.sum(costs, axis=-1)


def categorical_crossentropy_from_logits(y: Array, x: Array, a: Parameters) -> Array:
    return np.sum(-a.weight * times(smooth_classes(y, a), log_softmax(x)), axis=-1)


def focal_sum(y: Array, p: Array, log_p: Array, a: Parameters) -> Array:
    """Each class counts alpha (1 - p)^gamma as much; its own target may be smoothed, or all may."""
    costs = -log_p
    if a.smoothed_focus:
        y = smooth_classes(y, a)
    else:
        share = a.label_smoothing
        costs = (1 - share) * costs + share * np.mean(costs, axis=-1, keepdims=True)
    return np.sum(a.weight * times(y, a.alpha * (1 - p) ** a.gamma * costs), axis=-1)


def categorical_focal_crossentropy(y: Array, p: Array, a: Parameters) -> Array:
    p = clip(normalise(p), a)
    return focal_sum(y, p, log(p), a)


def categorical_focal_crossentropy_from_logits(y: Array, x: Array, a: Parameters) -> Array:
    return focal_sum(y, softmax(x), log_softmax(x), a)


# Inputs. They lie where the problem is well posed in half precision too; edges and extremes are
# the subject of test_special_values.py.

Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]


def _rates(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return np.exp(rng.normal(size=shape))


def _labels(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """0, 1 and now and then something between them."""
    return np.where(rng.random(shape) < 0.8, rng.integers(0, 2, shape), rng.random(shape))


def _probabilities(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """As many close to 0, or to 1, as in the middle."""
    small = 0.005 ** rng.random(shape)
    return np.where(rng.random(shape) < 0.5, small, 1 - small).clip(0.005, 0.995)


def _logits(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Most of them ordinary, some that saturate float32."""
    return rng.normal(size=shape) * rng.choice([1.0, 4.0, 30.0], p=[0.6, 0.3, 0.1], size=shape)


def _distributions(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Positive, but not normalised: the losses that need it do it themselves."""
    p = rng.dirichlet(np.full(shape[-1], 0.7), size=shape[:-1]) + 0.03 / shape[-1]
    return p * rng.uniform(0.5, 1.5, (*shape[:-1], 1))


def one_hot(labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
    return (labels[..., None] == np.arange(classes)).astype(np.float64)


def _classes(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Rows of one class alone, and rows that spread over all."""
    alone = one_hot(rng.integers(0, shape[-1], shape[:-1]), shape[-1])
    spread = rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])
    return np.where(rng.random((*shape[:-1], 1)) < 0.5, alone, spread)


DRAW: dict[str, Draw] = {
    "real": lambda rng, shape: 3 * rng.normal(size=shape),
    "count": lambda rng, shape: rng.poisson(3.0, shape).astype(float),
    "rate": _rates,
    "log_rate": lambda rng, shape: 1.5 * rng.normal(size=shape),
    "label": _labels,
    "probability": _probabilities,
    "logit": _logits,
    "classes": _classes,
    "distribution": _distributions,
}


@dataclass(frozen=True)
class Reference:
    """A formula, the domain of its inputs and the parameter values it is tested with."""

    formula: Formula
    targets: str  # keys of DRAW
    predictions: str
    variants: tuple[dict[str, float], ...] = ({},)


_FOCAL: tuple[dict[str, float], ...] = (
    {},
    {"gamma": 0.0, "alpha": 0.5},
    {"gamma": 0.5, "alpha": 0.75},
    {"gamma": 1.0, "label_smoothing": 0.125},
    {"gamma": 5.0, "alpha": 0.125},
    {"gamma": 2.0, "alpha": 0.25, "label_smoothing": 0.25, "smoothed_focus": 1},
)
_SMOOTH: tuple[dict[str, float], ...] = ({}, {"label_smoothing": 0.125})
_CLIPPED: dict[str, float] = {"epsilon": 2.0**-4}
"""An epsilon that clips some of the ordinary inputs too."""

REFERENCES: dict[str, Reference] = {
    "mean_squared_error": Reference(mean_squared_error, "real", "real"),
    "mean_absolute_error": Reference(mean_absolute_error, "real", "real"),
    "huber": Reference(huber, "real", "real", ({}, {"delta": 0.25}, {"delta": 4.5})),
    "poisson": Reference(
        poisson, "count", "rate", ({}, {"full": 1}, {"epsilon": 0}, {"epsilon": 0.25, "full": 1})
    ),
    "poisson_log_input": Reference(poisson_log_input, "count", "log_rate", ({}, {"full": 1})),
    "binary_crossentropy": Reference(
        binary_crossentropy, "label", "probability", (*_SMOOTH, _CLIPPED)
    ),
    "binary_crossentropy_clamped": Reference(binary_crossentropy_clamped, "label", "probability"),
    "binary_crossentropy_from_logits": Reference(
        binary_crossentropy_from_logits, "label", "logit", _SMOOTH
    ),
    "binary_focal_crossentropy": Reference(
        binary_focal_crossentropy, "label", "probability", (*_FOCAL, _CLIPPED)
    ),
    "binary_focal_crossentropy_from_logits": Reference(
        binary_focal_crossentropy_from_logits, "label", "logit", _FOCAL
    ),
    "categorical_crossentropy": Reference(
        categorical_crossentropy, "classes", "distribution", (*_SMOOTH, _CLIPPED)
    ),
    "categorical_crossentropy_from_logits": Reference(
        categorical_crossentropy_from_logits, "classes", "logit", _SMOOTH
    ),
    "categorical_focal_crossentropy": Reference(
        categorical_focal_crossentropy, "classes", "distribution", (*_FOCAL, _CLIPPED)
    ),
    "categorical_focal_crossentropy_from_logits": Reference(
        categorical_focal_crossentropy_from_logits, "classes", "logit", _FOCAL
    ),
}
