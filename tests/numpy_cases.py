"""What the NumPy tests are parametrised over: functions with formulas, data and parameters."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

import fusedloss as fl
from numpy_formulas import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    reference,
)

Arrays = tuple[np.ndarray, np.ndarray]
Shape = tuple[int, ...]


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


def sparse_log_probabilities(random: np.random.Generator, shape: Shape) -> Arrays:
    labels, probabilities = sparse_probabilities(random, shape)
    return labels, np.log(probabilities)


def signs(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.choice([-1, 1], shape), random.normal(size=shape)


def amounts(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.gamma(2, size=shape), random.gamma(2, size=shape)


def log_amounts(random: np.random.Generator, shape: Shape) -> Arrays:
    return random.gamma(2, size=shape), random.normal(size=shape)


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
    Case("mean_absolute_percentage_error", reference("mean_absolute_percentage_error"), real),
    Case("mean_squared_logarithmic_error", reference("mean_squared_logarithmic_error"), counts),
    Case("huber", huber, real),
    Case("huber", huber, real, {"delta": 0.3}),
    Case("smooth_l1", reference("smooth_l1"), real),
    Case("smooth_l1", reference("smooth_l1"), real, {"beta": 0.3}),
    Case("log_cosh", reference("log_cosh"), real),
    Case("pinball", reference("pinball"), real, {"quantile": 0.9}),
    Case("poisson", poisson, counts),
    Case("poisson", poisson, counts, {"epsilon": 0.01, "full": True}),
    Case("poisson", poisson, log_counts, {"log_input": True}),
    Case("poisson", poisson, log_counts, {"log_input": True, "full": True}),
    Case("gamma", reference("gamma"), amounts, {"epsilon": 0.01}),
    Case("gamma", reference("gamma_log_input"), log_amounts, {"log_input": True}),
    Case("tweedie", reference("tweedie"), counts, {"epsilon": 0.01}),
    Case("tweedie", reference("tweedie"), amounts, {"power": 2.25}),
    Case("tweedie", reference("tweedie_log_input"), log_counts, {"log_input": True, "power": 1}),
    Case("hinge", reference("hinge"), signs),
    Case("squared_hinge", reference("squared_hinge"), signs),
    Case("hinge_embedding", reference("hinge_embedding"), signs, {"margin": 0.5}),
    Case("soft_margin", reference("soft_margin"), signs),
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
SCALES = LOGITS | {"z_loss": 0.1, "softcap": 5.0, "temperature": 0.7}
SCALED = reference("categorical_crossentropy_from_scaled_logits")
GENERALIZED = (
    "categorical_generalized_cross_entropy",
    reference("categorical_generalized_crossentropy"),
)
GENERALIZED_LOGITS = (
    "categorical_generalized_cross_entropy",
    reference("categorical_generalized_crossentropy_from_logits"),
)
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
    Case("categorical_crossentropy", SCALED, soft_logits, SCALES | {"class_weight": WEIGHTS}),
    Case("sparse_categorical_crossentropy", SCALED, sparse_logits, SCALES | SMOOTH),
    Case(*GENERALIZED, soft_probabilities),
    Case(*GENERALIZED, sparse_probabilities, {"q": 0.8}),
    Case(*GENERALIZED_LOGITS, soft_logits, LOGITS),
    Case(*GENERALIZED_LOGITS, sparse_logits, LOGITS | {"q": 1}),
    Case("kl_divergence", reference("kl_divergence"), soft_probabilities),
    Case("nll", reference("categorical_crossentropy_from_log_probs"), sparse_log_probabilities),
    Case("categorical_hinge", reference("categorical_hinge"), soft_logits),
    Case("multi_margin", reference("multi_margin"), sparse_logits),
    Case(
        "multi_margin",
        reference("multi_margin"),
        sparse_logits,
        {"p": 2, "margin": 0.5, "class_weight": WEIGHTS},
    ),
    Case("multilabel_margin", reference("multi_margin"), binary_logits),
    Case("cosine_similarity", reference("cosine_similarity"), real),
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
