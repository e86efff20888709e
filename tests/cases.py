"""What the tests are parametrised over: every registered loss with its reference."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import ml_dtypes
import mpmath
import numpy as np
from numpy.typing import NDArray

from fusedloss import _core
from references import DRAW, REFERENCES, Array, Parameters, Reference, one_hot

FLOATS = [np.dtype(t) for t in (np.float32, np.float64, np.float16, ml_dtypes.bfloat16)]
POSITIVE = ("rate", "probability", "distribution")
"""Kinds of predictions that are differentiated by a relative step."""
LABELS = [np.dtype(t) for t in (np.int8, np.int16, np.int32, np.int64, np.uint8)]


def precision(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What predictions of this dtype are computed in, and their losses returned in."""
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def long_double(values: Any) -> Array:
    return np.asarray(values).astype(np.longdouble)


def exact(values: Any) -> Array:
    """mpmath numbers that equal the given floats."""
    return np.frompyfunc(mpmath.mpf, 1, 1)(np.asarray(values).astype(np.float64))


@dataclass(frozen=True, eq=False)
class Inputs:
    """The arrays of one call."""

    y_true: NDArray[Any]
    y_pred: NDArray[Any]
    class_weight: NDArray[Any] | None = None

    def dense(self) -> NDArray[Any]:
        """The targets with the shape of the predictions: integer labels become one-hot."""
        if self.y_true.ndim == self.y_pred.ndim:
            return self.y_true
        return one_hot(self.y_true, self.y_pred.shape[-1])


@dataclass(frozen=True)
class Expected:
    """What a formula says, and how strongly rounding moves it.

    Changing every input by a part eps moves the value by about eps * value_unit and the gradient by
    about eps * gradient_unit: errors are measured in these units, so that a number that is large,
    or a difference of large numbers, may be wrong by more than one that is neither.
    """

    value: Array
    gradient: Array
    value_unit: Array
    gradient_unit: Array
    value_noise: Any  # how far the reference itself may be off, and its differences
    gradient_noise: Any


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
    def parameters(self) -> dict[str, float]:
        return {p.name: p.default for p in self.loss.parameters} | dict(self.changed)

    def inputs(self, dtype: np.dtype[Any], shape: tuple[int, ...], seed: int = 0) -> Inputs:
        """Random arguments from the loss' domain; row losses have their classes last."""
        rng = np.random.default_rng([seed, *map(ord, self.loss.name)])
        y_pred = DRAW[self.reference.predictions](rng, shape).astype(dtype)
        if self.labels:
            y_true = rng.integers(0, shape[-1], shape[:-1])
        else:
            y_true = DRAW[self.reference.targets](rng, shape).astype(dtype)
        class_weight = None
        if self.weighted:
            weights = rng.integers(1, 12, shape[-1:] if self.is_row else shape) / 4
            class_weight = weights.astype(precision(dtype))
        return Inputs(y_true, y_pred, class_weight)

    def formula(self, inputs: Inputs, number: Callable[[Any], Array]) -> Callable[..., Array]:
        """The reference as a function of targets and predictions alone."""
        rounded = precision(inputs.y_pred.dtype).type
        epsilon = self.parameters.get("epsilon", 0.0)
        weight = np.ones(1) if inputs.class_weight is None else inputs.class_weight
        arguments = Parameters(
            self.parameters, number(weight), float(rounded(epsilon)), float(rounded(1 - epsilon))
        )
        return lambda y, p: self.reference.formula(y, p, arguments)

    def value(self, inputs: Inputs) -> Array:
        """The reference in long double, for inputs of any size."""
        return self.formula(inputs, long_double)(
            long_double(inputs.dense()), long_double(inputs.y_pred)
        )


STEP = 2.0**-20
"""Of central differences in long double: good for about 11 digits."""


@cache
def expected(case: Case, dtype: np.dtype[Any], shape: tuple[int, ...]) -> tuple[Inputs, Expected]:
    """Random inputs, and what the reference says of them in 100 digits."""
    inputs = case.inputs(dtype, shape)
    return inputs, differentiate(case, inputs, exact, mpmath.mpf(10) ** -30)


def differentiate(
    case: Case,
    inputs: Inputs,
    number: Callable[[Any], Array] = long_double,
    step: Any = STEP,
    columns: Sequence[int] | None = None,
) -> Expected:
    """Value, gradient and their units by central differences (of some columns of each row)."""
    f = case.formula(inputs, number)
    y, p = number(inputs.dense()), number(inputs.y_pred)
    steps = step * p if case.reference.predictions in POSITIVE else step * np.ones_like(p)
    if case.is_row:
        columns = range(p.shape[-1]) if columns is None else columns
        return _differentiate_rows(case, inputs, f, y, p, steps, list(columns))
    return _differentiate_elements(f, y, p, steps, step)


def _slope_and_curve(below: Array, here: Array, above: Array, step: Array) -> tuple[Array, Array]:
    return (above - below) / (2 * step), (above - 2 * here + below) / step**2


def _differentiate_elements(
    f: Callable[..., Array], y: Array, p: Array, steps: Array, step: Any
) -> Expected:
    def at(y: Array) -> tuple[Array, Array, Array]:
        value = f(y, p)
        return (value, *_slope_and_curve(f(y, p - steps), value, f(y, p + steps), steps))

    value, slope, curve = at(y)
    # One-sided, since the Stirling term of Poisson jumps just above y = 1.
    value_by_y, slope_by_y, _ = at(y * (1 - step))
    return Expected(
        value,
        slope,
        abs(value) + abs(p * slope) + abs(value - value_by_y) / step,
        abs(slope) + abs(p * curve) + abs(slope - slope_by_y) / step,
        _noise(value),
        _noise(value) / steps,
    )


def _noise(value: Array) -> Array:
    """Of the formula: a few roundings of long double; none to speak of in mpmath."""
    return (1 + abs(value)) * (0 if value.dtype == object else 4 * np.finfo(np.longdouble).eps)


def _differentiate_rows(
    case: Case,
    inputs: Inputs,
    f: Callable[..., Array],
    y: Array,
    p: Array,
    steps: Array,
    columns: list[int],
) -> Expected:
    value = f(y, p)
    slopes, curves = [], []
    for column in columns:
        moved = np.zeros_like(p)
        moved[..., column] = steps[..., column]
        here = steps[..., column]
        slope, curve = _slope_and_curve(f(y, p - moved), value, f(y, p + moved), here)
        slopes.append(slope)
        curves.append(curve)
    slope, curve = np.stack(slopes, axis=-1), np.stack(curves, axis=-1)

    # Probabilities are rounded next to 1, which no derivative shows: of a row predicted well, the
    # value is the logarithm of nearly 1 and the gradient the difference of nearly 1 and the target.
    a = case.parameters
    reach = 1 + np.max(abs(p), axis=-1, keepdims=True)  # what each class is compared with
    target = y + a.get("label_smoothing", 0.0) / p.shape[-1]
    if inputs.class_weight is not None:
        target = target * inputs.class_weight.astype(float)
    steepness = target / p if case.reference.predictions in POSITIVE else target
    if "gamma" in a:  # the modulating factor carries the same rounding to all classes of the row
        steepness = steepness + np.sum(steepness, axis=-1, keepdims=True)
    return Expected(
        value,
        slope,
        abs(value) + np.sum(abs(p[..., columns] * slope), axis=-1) + np.sum(target, axis=-1),
        abs(slope) * reach + abs(p[..., columns] * curve) + steepness[..., columns],
        _noise(value),
        _noise(value)[..., None] / steps[..., columns],
    )


def _cases() -> list[Case]:
    cases = []
    for loss in _core.losses():
        reference = REFERENCES.get(loss.name)  # test_registry.py fails where there is none
        if reference is None:
            continue
        for changed in reference.variants:
            cases.append(Case(loss, reference, changed))
            if loss.kind == "row":
                cases.append(Case(loss, reference, changed, labels=True))
        if loss.takes_class_weight:
            changed = reference.variants[-1]
            cases.append(Case(loss, reference, changed, weighted=True))
            if loss.kind == "row":
                cases.append(Case(loss, reference, changed, labels=True, weighted=True))
    return cases


CASES = _cases()
"""Every loss with every parameter variant."""
DEFAULTS = [case for case in CASES if not case.changed and not case.weighted]
"""Every loss once, row losses twice: with dense targets and with integer labels."""
