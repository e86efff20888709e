"""What every formula is written with: numbers, parameters, and functions exact for both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

mpmath.mp.dps = 130

Array = NDArray[Any]
"""Of mpmath numbers (dtype object) or of long doubles."""


@dataclass(frozen=True)
class Parameters:
    """What a formula is given beside targets and predictions."""

    values: Mapping[str, float]
    weight: Array  # class weights, or weights of the shape of the predictions
    low: float  # epsilon and 1 - epsilon as the precision of the computation holds them:
    high: float  # clipping acts on these, so log(1 - high) is not log(epsilon) in float32

    def __getattr__(self, name: str) -> float:
        return self.values[name]


Formula = Callable[..., Array]
"""(targets, predictions, ..., Parameters) -> a loss per element, or per row along the last axis"""

Variants = tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Reference:
    """A formula, the domain of its inputs and the parameter values it is tested with."""

    formula: Formula
    targets: str  # keys of DRAW
    predictions: str
    variants: Variants = ({},)
    more: tuple[str, ...] = ()  # of the further predictions
    terms: Callable[..., list[Array]] | None = None
    """How large the terms are of which value and gradients are made, where these may cancel."""


CLIPPED: dict[str, float] = {"epsilon": 2.0**-4}
"""An epsilon that clips some of the ordinary inputs too."""

_exp = np.frompyfunc(mpmath.exp, 1, 1)
_log = np.frompyfunc(mpmath.log, 1, 1)
_tanh = np.frompyfunc(mpmath.tanh, 1, 1)
_log_gamma = np.frompyfunc(mpmath.loggamma, 1, 1)


def exp(x: Array) -> Array:
    return _exp(x) if x.dtype == object else np.exp(x)


def log(x: Array) -> Array:
    if x.dtype == object:
        return _log(x)
    with np.errstate(divide="ignore"):
        return np.log(x)


def tanh(x: Array) -> Array:
    return _tanh(x) if x.dtype == object else np.tanh(x)


def root(x: Array) -> Array:
    return x ** mpmath.mpf(0.5) if x.dtype == object else np.sqrt(x)


def log_gamma(x: Array) -> Array:
    """For x > 0. Long doubles are moved up by 16, where Stirling's series is exact enough."""
    if x.dtype == object:
        return _log_gamma(x)
    z = x + 16
    bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6]
    series = sum(
        np.longdouble(b) / (2 * k * (2 * k - 1)) / z ** (2 * k - 1)
        for k, b in enumerate(bernoulli, start=1)
    )
    below = np.prod([x + k for k in range(16)], axis=0)
    return (z - 0.5) * log(z) - z + log(two_pi(z)) / 2 + series - log(below)


def two_pi(like: Array) -> Any:
    return np.asarray(2 * mpmath.pi if like.dtype == object else 2 * _PI)


_PI = np.longdouble(float(mpmath.pi)) + np.longdouble(float(mpmath.pi - float(mpmath.pi)))


def times(factor: Array, value: Array) -> Array:
    """factor * value, 0 where the factor is 0 even if the value is infinite."""
    return factor * np.where(factor == 0, 0, value)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + exp(-x))


def softplus(x: Array) -> Array:
    """ln(1 + e^x)"""
    return np.maximum(x, 0) + log(1 + exp(-abs(x)))
