"""Inputs from the domains of the losses.

They lie where the problem is well posed in half precision too; edges and extremes are the subject
of test_special_values.py.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
Draw = Callable[[np.random.Generator, Shape], NDArray[np.float64]]


def _rates(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    return np.exp(rng.normal(size=shape))


def _rare_counts(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """About half of them 0."""
    return np.where(rng.random(shape) < 0.5, 0.0, rng.poisson(3.0, shape))


def _labels(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """0, 1 and now and then something between them."""
    return np.where(rng.random(shape) < 0.8, rng.integers(0, 2, shape), rng.random(shape))


def _signs(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    return rng.choice([-1.0, 1.0], size=shape)


def _probabilities(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """As many close to 0, or to 1, as in the middle."""
    small = 0.005 ** rng.random(shape)
    return np.where(rng.random(shape) < 0.5, small, 1 - small).clip(0.005, 0.995)


def _logits(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """Most of them ordinary, some that saturate float32."""
    return rng.normal(size=shape) * rng.choice([1.0, 4.0, 30.0], p=[0.6, 0.3, 0.1], size=shape)


def _distributions(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """Positive, but not normalised: the losses that need it do it themselves."""
    p = rng.dirichlet(np.full(shape[-1], 0.7), size=shape[:-1]) + 0.03 / shape[-1]
    return p * rng.uniform(0.5, 1.5, (*shape[:-1], 1))


def one_hot(labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
    return (labels[..., None] == np.arange(classes)).astype(np.float64)


def _classes(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """Rows of one class alone, and rows that spread over all."""
    alone = one_hot(rng.integers(0, shape[-1], shape[:-1]), shape[-1])
    spread = rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])
    return np.where(rng.random((*shape[:-1], 1)) < 0.5, alone, spread)


def _few_labels(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """Up to four classes of a row, which do not exclude each other."""
    labels = [one_hot(rng.integers(0, shape[-1], shape[:-1]), shape[-1]) for _ in range(4)]
    return np.sum(labels[: rng.integers(1, 5)], axis=0).clip(0, 1)


DRAW: dict[str, Draw] = {
    "real": lambda rng, shape: 3 * rng.normal(size=shape),
    "count": lambda rng, shape: rng.poisson(3.0, shape).astype(float),
    "rare_count": _rare_counts,
    "rate": _rates,
    "log_rate": lambda rng, shape: 1.5 * rng.normal(size=shape),
    "dispersion": lambda rng, shape: np.exp(rng.normal(-0.5, 0.8, shape)).clip(0.05, 4),
    "label": _labels,
    "few_labels": _few_labels,
    "sign": _signs,
    "probability": _probabilities,
    "log_probability": lambda rng, shape: -rng.exponential(2, shape),
    "logit": _logits,
    "classes": _classes,
    "distribution": _distributions,
}
"""Kind -> values of this kind. All classes of a row lie along the last axis."""
POSITIVE = ("rate", "dispersion", "probability", "distribution")
"""Kinds of predictions that are differentiated by a relative step."""
