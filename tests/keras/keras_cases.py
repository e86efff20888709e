"""Losses with their options, inputs for each, and the comparison with Keras' own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import Tensor

import fusedloss.keras

# The last Keras for Python 3.10 is 3.12, whose numbers differ in details (a batch without a single
# valid row has a NaN gradient, for one).
needs_current_keras = pytest.mark.skipif(
    tuple(map(int, keras.__version__.split(".")[:2])) < (3, 15),
    reason=f"compares with the numbers of Keras 3.15, got {keras.__version__}",
)

# Both sides compute in float32 and add up in different orders; Keras' focal losses also subtract
# from 1 what ours take from a logarithm.
ROUNDING = {"rtol": 2e-5, "atol": 2e-6}


@dataclass(frozen=True)
class Case:
    """A loss, by the name of its class, and the options it is built with."""

    name: str
    targets: str  # what y_true holds: "real", "count", "binary", "one-hot" or "label"
    predictions: str  # "real", "rate", "probability", "logit" or "distribution"
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{name}={value}" for name, value in self.options.items())])

    @property
    def axis(self) -> int:
        return self.options.get("axis", -1)

    @property
    def function(self) -> str:
        words = "".join(f"_{c.lower()}" if c.isupper() else c for c in self.name)
        return words.lstrip("_")

    def ours(self, **arguments: Any) -> Any:
        return getattr(fusedloss.keras, self.name)(**self.options, **arguments)

    def theirs(self, **arguments: Any) -> Any:
        return getattr(keras.losses, self.name)(**self.options, **arguments)

    def batch(
        self, *shape: int, dtype: torch.dtype = torch.float32, seed: int = 0
    ) -> tuple[Tensor, Tensor]:
        """Targets and predictions; the row, or the classes, lie along the loss' axis of `shape`."""
        random = np.random.default_rng(seed)
        axis = self.axis % len(shape)
        rows = shape[:axis] + shape[axis + 1 :]
        y_true = _TARGETS[self.targets](random, shape, rows, axis)
        y_pred = _PREDICTIONS[self.predictions](random, shape, axis)
        return torch.from_numpy(y_true), torch.from_numpy(y_pred).to(dtype)


def _one_hot(
    random: np.random.Generator, shape: tuple[int, ...], rows: tuple[int, ...], axis: int
) -> Any:
    labels = np.expand_dims(random.integers(0, shape[axis], rows), axis)
    classes = np.expand_dims(np.arange(shape[axis]), [*range(1, len(shape) - axis)])
    return (labels == classes).astype(np.float32)


def _distribution(random: np.random.Generator, shape: tuple[int, ...], axis: int) -> Any:
    positive = random.uniform(0.05, 1, shape)
    return positive / positive.sum(axis, keepdims=True)


_TARGETS: dict[str, Callable[..., Any]] = {
    "real": lambda random, shape, *_: random.normal(0, 2, shape).astype(np.float32),
    "count": lambda random, shape, *_: random.poisson(2, shape).astype(np.float32),
    "binary": lambda random, shape, *_: random.integers(0, 2, shape).astype(np.float32),
    "one-hot": _one_hot,
    "label": lambda random, shape, rows, axis: random.integers(0, shape[axis], rows),
}
_PREDICTIONS: dict[str, Callable[..., Any]] = {
    "real": lambda random, shape, _: random.normal(0, 2, shape),
    "rate": lambda random, shape, _: random.uniform(0.1, 4, shape),
    "probability": lambda random, shape, _: random.uniform(0.02, 0.98, shape),
    "logit": lambda random, shape, _: random.normal(0, 2, shape),
    "distribution": _distribution,
}

_LOGITS = {"from_logits": True}
_SMOOTH = {"label_smoothing": 0.2}
_BALANCED = {"apply_class_balancing": True, "alpha": 0.3}
CASES = [
    Case("MeanSquaredError", "real", "real"),
    Case("MeanAbsoluteError", "real", "real"),
    Case("Huber", "real", "real"),
    Case("Huber", "real", "real", {"delta": 0.4}),
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
        {**_LOGITS, **_SMOOTH, "alpha": [0.1, 0.2, 0.3, 0.25, 0.15]},
    ),
]


def named(text: str) -> Case:
    """The case that prints as ``text``."""
    (case,) = (case for case in CASES if str(case) == text)
    return case


# The first case of each class: where what is tested does not depend on the options.
CLASSES = list({case.name: case for case in reversed(CASES)}.values())


def value_and_grad(
    loss: Callable[..., Any], y_true: Any, y_pred: Tensor, *arguments: Any, mask: Any = None
) -> tuple[Tensor, Tensor]:
    """The loss, and the gradient of its sum weighted by 1, 2, ... so that rows differ."""
    y_pred = y_pred.detach().clone().requires_grad_()
    if mask is not None:
        y_pred._keras_mask = mask
    value = loss(y_true, y_pred, *arguments)
    upstream = torch.arange(1, value.numel() + 1, dtype=value.dtype).reshape(value.shape)
    value.backward(upstream)
    assert y_pred.grad is not None
    return value.detach(), y_pred.grad


def assert_same(
    ours: tuple[Tensor, Tensor], theirs: tuple[Tensor, Tensor], **tolerance: float
) -> None:
    """Value and gradient are equal up to rounding, in shape and dtype too."""
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, equal_nan=True, **(tolerance or ROUNDING))
