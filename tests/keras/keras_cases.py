"""Losses with their options, and inputs for each."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import keras_references
import numpy as np
import pytest
from keras_references import Reference
from keras_tensors import ON_TORCH, Tensor, tensor
from keras_tensors import ROUNDING as ROUNDING
from keras_tensors import assert_same as assert_same
from keras_tensors import value_and_grad as value_and_grad

import fusedloss.keras

# The last Keras for Python 3.10 is 3.12, whose numbers differ in details (a batch without a single
# valid row has a NaN gradient, for one).
needs_current_keras = pytest.mark.skipif(
    tuple(map(int, keras.__version__.split(".")[:2])) < (3, 15),
    reason=f"compares with the numbers of Keras 3.15, got {keras.__version__}",
)


@dataclass(frozen=True)
class Case:
    """A loss, by the name of its class, and the options it is built with."""

    name: str
    targets: str  # what y_true holds: a key of _TARGETS
    predictions: str  # what y_pred holds: a key of _PREDICTIONS
    options: dict[str, Any] = field(default_factory=dict)
    # Whether Keras has no such loss, or not these options: then it is compared with a formula.
    extra: bool = False

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{name}={value}" for name, value in self.options.items())])

    @property
    def axis(self) -> int:
        return self.options.get("axis", -1)

    @property
    def function(self) -> str:
        return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", self.name).lower()

    @property
    def by_formula(self) -> bool:
        """Whether ours is compared with a formula; of labels, only torch has another class axis."""
        sparse = self.name == "SparseCategoricalCrossentropy" and self.axis != -1
        return self.extra or (sparse and not ON_TORCH)

    @property
    def in_keras(self) -> Callable[..., Any]:
        """The function that ours is compared with."""
        return getattr(keras_references if self.by_formula else keras.losses, self.function)

    def ours(self, **arguments: Any) -> Any:
        return getattr(fusedloss.keras, self.name)(**self.options, **arguments)

    def theirs(self, **arguments: Any) -> Any:
        if self.by_formula:
            return Reference(self.in_keras, self.options, **arguments)
        return getattr(keras.losses, self.name)(**self.options, **arguments)

    def batch(self, *shape: int, dtype: Any = "float32", seed: int = 0) -> tuple[Tensor, Tensor]:
        """Targets and predictions; the row, or the classes, lie along the loss' axis of `shape`."""
        random = np.random.default_rng(seed)
        axis = self.axis % len(shape)
        rows = shape[:axis] + shape[axis + 1 :]
        y_true = _TARGETS[self.targets](random, shape, rows, axis)
        y_pred = _PREDICTIONS[self.predictions](random, shape, axis)
        return tensor(y_true), tensor(y_pred, dtype)


def _one_hot(
    random: np.random.Generator, shape: tuple[int, ...], rows: tuple[int, ...], axis: int
) -> Any:
    labels = np.expand_dims(random.integers(0, shape[axis], rows), axis)
    classes = np.expand_dims(np.arange(shape[axis]), [*range(1, len(shape) - axis)])
    return (labels == classes).astype(np.float32)


def _distribution(random: np.random.Generator, shape: tuple[int, ...], axis: int) -> Any:
    positive = random.uniform(0.05, 1, shape)
    return positive / positive.sum(axis, keepdims=True)


def _normal(random: np.random.Generator, shape: tuple[int, ...], _: int) -> Any:
    return random.normal(0, 2, shape)


def _uniform(random: np.random.Generator, shape: tuple[int, ...], _: int) -> Any:
    return random.uniform(0.1, 4, shape)


def _pair(
    first: Callable[..., Any], second: Callable[..., Any]
) -> Callable[[np.random.Generator, tuple[int, ...], int], Any]:
    """Two predictions for each target, beside each other along the last axis."""
    return lambda random, shape, axis: np.concatenate(
        [first(random, shape, axis), second(random, shape, axis)], -1
    )


_TARGETS: dict[str, Callable[..., Any]] = {
    "real": lambda random, shape, *_: random.normal(0, 2, shape).astype(np.float32),
    "sign": lambda random, shape, *_: random.choice([-1.0, 1.0], shape).astype(np.float32),
    "amount": lambda random, shape, *_: random.gamma(2, 2, shape).astype(np.float32),
    "count": lambda random, shape, *_: random.poisson(2, shape).astype(np.float32),
    "binary": lambda random, shape, *_: random.integers(0, 2, shape).astype(np.float32),
    "distribution": lambda random, shape, _, axis: _distribution(random, shape, axis).astype(
        np.float32
    ),
    "one-hot": _one_hot,
    "label": lambda random, shape, rows, axis: random.integers(0, shape[axis], rows),
}
_PREDICTIONS: dict[str, Callable[..., Any]] = {
    "real": _normal,
    "rate": _uniform,
    "log rate": _normal,
    "probability": lambda random, shape, _: random.uniform(0.02, 0.98, shape),
    "logit": _normal,
    "distribution": _distribution,
    "mean and variance": _pair(_normal, _uniform),
    "rate and logit": _pair(_uniform, _normal),
    "log rate and logit": _pair(_normal, _normal),
}

_LOGITS = {"from_logits": True}
_SMOOTH = {"label_smoothing": 0.2}
_BALANCED = {"apply_class_balancing": True, "alpha": 0.3}
_IGNORED = {**_LOGITS, "ignore_class": 2}
_SCALED = {"temperature": 2.0, "softcap": 3.0, "z_loss": 0.1}
_WEIGHTS = [0.1, 0.2, 0.3, 0.25, 0.15]
CASES = [
    Case("MeanSquaredError", "real", "real"),
    Case("MeanAbsoluteError", "real", "real"),
    Case("Huber", "real", "real"),
    Case("Huber", "real", "real", {"delta": 0.4}),
    Case("MeanAbsolutePercentageError", "amount", "rate"),
    Case("MeanSquaredLogarithmicError", "amount", "rate"),
    Case("LogCosh", "real", "real"),
    Case("CosineSimilarity", "real", "real"),
    Case("CosineSimilarity", "real", "real", {"axis": 1}),
    Case("KLDivergence", "distribution", "distribution"),
    Case("Hinge", "sign", "real"),
    Case("Hinge", "binary", "real"),
    Case("SquaredHinge", "sign", "real"),
    Case("SquaredHinge", "binary", "real"),
    Case("CategoricalHinge", "one-hot", "real"),
    Case("Poisson", "count", "rate"),
    Case("BinaryCrossentropy", "binary", "probability"),
    Case("BinaryCrossentropy", "binary", "probability", _SMOOTH),
    Case("BinaryCrossentropy", "binary", "logit", _LOGITS),
    Case("BinaryCrossentropy", "binary", "logit", {**_LOGITS, **_SMOOTH, "axis": 1}),
    Case("BinaryFocalCrossentropy", "binary", "probability"),
    Case("BinaryFocalCrossentropy", "binary", "probability", {**_BALANCED, "gamma": 1.5}),
    Case("BinaryFocalCrossentropy", "binary", "probability", {**_BALANCED, **_SMOOTH}),
    Case("BinaryFocalCrossentropy", "binary", "logit", _LOGITS),
    Case("BinaryFocalCrossentropy", "binary", "logit", {**_LOGITS, **_BALANCED, **_SMOOTH}),
    Case("BinaryFocalCrossentropy", "binary", "logit", {**_LOGITS, "gamma": 0.0, "axis": 1}),
    Case("CategoricalCrossentropy", "one-hot", "distribution"),
    Case("CategoricalCrossentropy", "one-hot", "distribution", _SMOOTH),
    Case("CategoricalCrossentropy", "one-hot", "logit", _LOGITS),
    Case("CategoricalCrossentropy", "one-hot", "logit", {**_LOGITS, **_SMOOTH}),
    Case("CategoricalCrossentropy", "one-hot", "logit", {**_LOGITS, "axis": 1}),
    Case("SparseCategoricalCrossentropy", "label", "distribution"),
    Case("SparseCategoricalCrossentropy", "label", "logit", _LOGITS),
    Case("SparseCategoricalCrossentropy", "label", "logit", {**_LOGITS, "axis": 1}),
    Case("SparseCategoricalCrossentropy", "label", "distribution", {"ignore_class": 2}),
    Case("SparseCategoricalCrossentropy", "label", "logit", {**_LOGITS, "ignore_class": 0}),
    Case("CategoricalFocalCrossentropy", "one-hot", "distribution"),
    Case("CategoricalFocalCrossentropy", "one-hot", "distribution", {"alpha": 0.6, "gamma": 3.0}),
    Case("CategoricalFocalCrossentropy", "one-hot", "logit", _LOGITS),
    Case("CategoricalFocalCrossentropy", "one-hot", "logit", {**_LOGITS, **_SMOOTH, "gamma": 1.0}),
    Case(
        "CategoricalFocalCrossentropy",
        "one-hot",
        "logit",
        {**_LOGITS, **_SMOOTH, "alpha": _WEIGHTS},
    ),
    Case("CategoricalGeneralizedCrossEntropy", "label", "distribution", {"q": 0.5}),
    Case("CategoricalGeneralizedCrossEntropy", "label", "distribution", {"q": 0.8}),
]

# What Keras lacks: losses, and options of those it has.
EXTRAS = [
    Case(*case, extra=True)
    for case in [
        ("Poisson", "count", "log rate", {"log_input": True}),
        ("Poisson", "count", "rate", {"full": True}),
        ("NegativeBinomial", "count", "rate"),
        ("NegativeBinomial", "count", "rate", {"dispersion": 0.3, "full": True}),
        ("NegativeBinomial", "count", "log rate", {"dispersion": 2.5, "log_input": True}),
        ("ZeroInflatedPoisson", "count", "rate and logit"),
        ("ZeroInflatedPoisson", "count", "log rate and logit", {"log_input": True, "full": True}),
        ("Gamma", "amount", "rate"),
        ("Gamma", "amount", "log rate", {"log_input": True}),
        ("Tweedie", "amount", "rate"),
        ("Tweedie", "amount", "rate", {"power": 1.0}),
        ("Tweedie", "amount", "rate", {"power": 2.0}),
        ("Tweedie", "amount", "log rate", {"power": 2.5, "log_input": True}),
        ("Pinball", "real", "real"),
        ("Pinball", "real", "real", {"quantile": 0.9}),
        ("GaussianNLL", "real", "mean and variance"),
        ("GaussianNLL", "real", "mean and variance", {"full": True, "epsilon": 0.5}),
        ("BinaryCrossentropy", "binary", "logit", {**_LOGITS, "pos_weight": 3.0}),
        (
            "BinaryCrossentropy",
            "binary",
            "logit",
            {**_LOGITS, **_SMOOTH, "axis": 1, "pos_weight": _WEIGHTS},
        ),
        ("BinaryFocalCrossentropy", "binary", "probability", {**_BALANCED, "alpha": _WEIGHTS}),
        (
            "BinaryFocalCrossentropy",
            "binary",
            "logit",
            {**_LOGITS, **_BALANCED, "alpha": _WEIGHTS, "axis": 1},
        ),
        ("CategoricalCrossentropy", "one-hot", "distribution", {"class_weight": _WEIGHTS}),
        (
            "CategoricalCrossentropy",
            "one-hot",
            "logit",
            {**_LOGITS, **_SMOOTH, "class_weight": _WEIGHTS, "axis": 1},
        ),
        ("CategoricalCrossentropy", "one-hot", "logit", {**_LOGITS, **_SCALED}),
        ("SparseCategoricalCrossentropy", "label", "distribution", _SMOOTH),
        (
            "SparseCategoricalCrossentropy",
            "label",
            "logit",
            {**_LOGITS, **_SMOOTH, "class_weight": _WEIGHTS, "axis": 1},
        ),
        ("SparseCategoricalCrossentropy", "label", "logit", {**_LOGITS, **_SMOOTH, **_SCALED}),
        ("SparseCategoricalCrossentropy", "label", "logit", {**_IGNORED, **_SCALED}),
        ("SparseCategoricalFocalCrossentropy", "label", "distribution"),
        ("SparseCategoricalFocalCrossentropy", "label", "logit", {**_LOGITS, "axis": 1}),
        ("SparseCategoricalFocalCrossentropy", "label", "logit", {**_IGNORED, "gamma": 1.0}),
        (
            "SparseCategoricalFocalCrossentropy",
            "label",
            "logit",
            {**_LOGITS, **_SMOOTH, "alpha": _WEIGHTS},
        ),
        ("CategoricalGeneralizedCrossEntropy", "label", "logit", {**_LOGITS, "q": 0.5, "axis": 1}),
    ]
]
CASES += EXTRAS


def named(text: str) -> Case:
    """The case that prints as ``text``."""
    (case,) = (case for case in CASES if str(case) == text)
    return case


# The first case of each class: where what is tested does not depend on the options.
CLASSES = list({case.name: case for case in reversed(CASES)}.values())
KERAS_CLASSES = [case for case in CLASSES if not case.extra]
