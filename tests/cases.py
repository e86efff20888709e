"""What the tests are parametrised over: every registered loss with its reference."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from fusedloss import _core
from references import DRAW, REFERENCES, Array, Parameters, Reference, one_hot

FLOATS = [np.dtype(t) for t in (np.float32, np.float64, np.float16, ml_dtypes.bfloat16)]
LABELS = [np.dtype(t) for t in (np.int8, np.int16, np.int32, np.int64, np.uint8)]


def precision(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What predictions of this dtype are computed in, and their losses returned in."""
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def long_double(values: Any) -> Array:
    return np.asarray(values).astype(np.longdouble)


@dataclass(frozen=True, eq=False)
class Inputs:
    """The arrays of one call."""

    y_true: Any  # None for a loss without targets
    y_pred: NDArray[Any]
    class_weight: NDArray[Any] | None = None
    more: tuple[NDArray[Any], ...] = ()

    @property
    def predictions(self) -> tuple[NDArray[Any], ...]:
        return self.y_pred, *self.more

    def each(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> "Inputs":
        """With targets and predictions changed."""
        y_true = None if self.y_true is None else change(self.y_true)
        return Inputs(y_true, change(self.y_pred), self.class_weight, tuple(map(change, self.more)))


@dataclass(frozen=True, eq=False)
class Case:
    """A loss with parameters, and with or without integer labels and class weights."""

    loss: _core.LossInfo
    reference: Reference
    changed: Mapping[str, float] = field(default_factory=dict)
    labels: bool = False
    weighted: bool = False

    def __str__(self) -> str:
        words = [self.loss.name, *(f"{name}={value:g}" for name, value in self.changed.items())]
        return " ".join(words + ["labels"] * self.labels + ["class_weight"] * self.weighted)

    @property
    def is_row(self) -> bool:
        return self.loss.kind == "row"

    @property
    def is_dense(self) -> bool:
        """Whether the targets have the shape of the predictions."""
        return self.loss.targets == "elements" and not self.labels

    @property
    def parameters(self) -> dict[str, float]:
        return {p.name: p.default for p in self.loss.parameters} | dict(self.changed)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of the predictions: keys of DRAW."""
        return self.reference.predictions, *self.reference.more

    def inputs(self, dtype: np.dtype[Any], shape: tuple[int, ...], seed: int = 0) -> Inputs:
        """Random arguments from the loss' domain; row losses have their classes last."""
        rng = np.random.default_rng([seed, *map(ord, self.loss.name)])
        y_pred = DRAW[self.reference.predictions](rng, shape).astype(dtype)
        y_true: Any = None
        if self.labels:
            y_true = rng.integers(0, shape[-1], shape[:-1])
        elif self.loss.targets == "rows":
            y_true = DRAW[self.reference.targets](rng, shape[:-1]).astype(np.int64)
        elif self.loss.targets == "elements":
            y_true = DRAW[self.reference.targets](rng, shape).astype(dtype)
        class_weight = None
        if self.weighted:
            weights = rng.integers(1, 12, shape[-1:] if self.is_row else shape) / 4
            class_weight = weights.astype(precision(dtype))
        more = tuple(DRAW[kind](rng, shape).astype(dtype) for kind in self.reference.more)
        return Inputs(y_true, y_pred, class_weight, more)

    def targets(self, inputs: Inputs) -> NDArray[Any]:
        """As the formula takes them: integer labels become one-hot, and no targets 0."""
        if inputs.y_true is None:
            return np.zeros(inputs.y_pred.shape[:-1])
        if self.labels:
            return one_hot(inputs.y_true, inputs.y_pred.shape[-1])
        return inputs.y_true

    def formula(
        self,
        inputs: Inputs,
        number: Callable[[Any], Array],
        formula: Callable[..., Any] | None = None,
    ) -> Callable[..., Any]:
        """The reference (or what else belongs to it) as a function of targets and predictions."""
        rounded = precision(inputs.y_pred.dtype).type
        epsilon = self.parameters.get("epsilon", 0.0)
        weight = np.ones(1) if inputs.class_weight is None else inputs.class_weight
        arguments = Parameters(
            self.parameters, number(weight), float(rounded(epsilon)), float(rounded(1 - epsilon))
        )
        formula = formula or self.reference.formula
        return lambda *arrays: formula(*arrays, arguments)

    def value(self, inputs: Inputs) -> Array:
        """The reference in long double, for inputs of any size."""
        arrays = self.targets(inputs), *inputs.predictions
        return self.formula(inputs, long_double)(*map(long_double, arrays))


def _cases() -> list[Case]:
    cases = []
    for loss in _core.losses():
        reference = REFERENCES.get(loss.name)  # test_registry.py fails where there is none
        if reference is None:
            continue
        takes_labels = loss.kind == "row" and loss.targets == "elements"
        for changed in reference.variants:
            cases.append(Case(loss, reference, changed))
            if takes_labels:
                cases.append(Case(loss, reference, changed, labels=True))
        if loss.takes_class_weight:
            changed = reference.variants[-1]
            cases.append(Case(loss, reference, changed, weighted=True))
            if takes_labels:
                cases.append(Case(loss, reference, changed, labels=True, weighted=True))
    return cases


CASES = _cases()
"""Every loss with every parameter variant."""
DEFAULTS = [case for case in CASES if not case.changed and not case.weighted]
"""Every loss once; those of rows of classes twice: with dense targets and with integer labels."""
