"""What a reference says of inputs: its value and, by central differences, its gradients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import mpmath
import numpy as np

from cases import Case, Inputs, long_double
from references import POSITIVE, Array

STEP = 2.0**-20
"""Of central differences in long double: good for about 11 digits."""

Predictions = tuple[Array, ...]


def exact(values: Any) -> Array:
    """mpmath numbers that equal the given floats."""
    return np.frompyfunc(mpmath.mpf, 1, 1)(np.asarray(values).astype(np.float64))


@dataclass(frozen=True)
class Quantity:
    """What a formula says, and how strongly rounding moves it.

    Changing every input by a part eps moves it by about eps * unit: errors are measured in units,
    so that a number that is large, or a difference of large numbers, may be wrong by more than one
    that is neither.
    """

    wanted: Array
    unit: Array
    noise: Any  # how far the reference itself may be off, and its differences


@dataclass(frozen=True)
class Expected:
    value: Quantity
    gradients: tuple[Quantity, ...]  # towards y_pred, and towards each further prediction


@cache
def expected(case: Case, dtype: np.dtype[Any], shape: tuple[int, ...]) -> tuple[Inputs, Expected]:
    """Random inputs, and what the reference says of them in 130 digits."""
    inputs = case.inputs(dtype, shape)
    return inputs, differentiate(case, inputs, exact, mpmath.mpf(10) ** -30)


def differentiate(
    case: Case,
    inputs: Inputs,
    number: Callable[[Any], Array] = long_double,
    step: Any = STEP,
    columns: Sequence[int] | None = None,
) -> Expected:
    """Value, gradients and their units by central differences (of some columns of each row)."""
    f = case.formula(inputs, number)
    y, *predictions = map(number, (case.targets(inputs), *inputs.predictions))
    steps = [
        step * p if kind in POSITIVE else step * np.ones_like(p)
        for kind, p in zip(case.kinds, predictions, strict=True)
    ]
    if case.is_row:
        columns = range(inputs.y_pred.shape[-1]) if columns is None else columns
        want = _differentiate_rows(case, inputs, f, y, (*predictions,), steps, step, list(columns))
    else:
        want = _differentiate_elements(f, y, (*predictions,), steps, step)
    return want if case.reference.terms is None else _with_terms(case, inputs, want, columns)


def _moved(predictions: Predictions, k: int, by: Array) -> Predictions:
    return *predictions[:k], predictions[k] + by, *predictions[k + 1 :]


def _noise(value: Array) -> Array:
    """Of the formula: a few roundings of long double; none to speak of in mpmath."""
    return (1 + abs(value)) * (0 if value.dtype == object else 4 * np.finfo(np.longdouble).eps)


def _response(here: Array, elsewhere: Sequence[Array], step: Any) -> Any:
    """How much a result moves when the inputs do so by a part `step`, as a share of it."""
    return sum(abs(there - here) for there in elsewhere) / step


def _differentiate_elements(
    f: Callable[..., Array], y: Array, predictions: Predictions, steps: list[Array], step: Any
) -> Expected:
    def results(y: Array, predictions: Predictions) -> list[Array]:
        """Value and slopes."""
        around = [[f(y, *_moved(predictions, k, s * h)) for s in (1, -1)] for k, h in moves]
        slopes = [(a - b) / (2 * h) for (a, b), h in zip(around, steps, strict=True)]
        return [f(y, *predictions), *slopes]

    moves = list(enumerate(steps))
    here = results(y, predictions)
    # One-sided, since the Stirling term of Poisson jumps just above y = 1.
    elsewhere = [results(y * (1 - step), predictions)]
    elsewhere += [results(y, _moved(predictions, k, -step * p)) for k, p in enumerate(predictions)]
    units = [
        abs(result) + _response(result, others, step)
        for result, *others in zip(here, *elsewhere, strict=True)
    ]
    value, *slopes = here
    noise = _noise(value)
    return Expected(
        Quantity(value, units[0], noise),
        tuple(
            Quantity(slope, unit, noise / h)
            for slope, unit, h in zip(slopes, units[1:], steps, strict=True)
        ),
    )


def _differentiate_rows(
    case: Case,
    inputs: Inputs,
    f: Callable[..., Array],
    y: Array,
    predictions: Predictions,
    steps: list[Array],
    step: Any,
    columns: list[int],
) -> Expected:
    def around(y: Array, predictions: Predictions, k: int) -> tuple[Array, Array]:
        """The value when each of the columns of a prediction is more, and when it is less."""
        values = []
        for column in columns:
            by = np.zeros_like(predictions[k])
            by[..., column] = steps[k][..., column]
            values.append([f(y, *_moved(predictions, k, s * by)) for s in (1, -1)])
        above, below = zip(*values, strict=True)
        return np.stack(above, axis=-1), np.stack(below, axis=-1)

    value = f(y, *predictions)
    of_classes = case.reference.targets == "classes"  # whose units are known better
    alone = of_classes and "z_loss" not in case.parameters
    elsewhere = [] if alone else _rounded(step, y, *predictions)
    value_unit = abs(value) + _response(value, [f(*arrays) for arrays in elsewhere], step)
    gradients = []
    for k, p in enumerate(predictions):
        h, of_columns = steps[k][..., columns], p[..., columns]
        above, below = around(y, predictions, k)
        slope = (above - below) / (2 * h)
        curve = (above - 2 * value[..., None] + below) / h**2
        slopes = []
        for y_there, *there in elsewhere:
            more, less = around(y_there, (*there,), k)
            slopes.append((more - less) / (2 * h))
        unit = abs(slope) + abs(of_columns * curve) + _response(slope, slopes, step)
        value_unit = value_unit + np.sum(abs(of_columns * slope), axis=-1)
        gradients.append(Quantity(slope, unit, _noise(value)[..., None] / h))

    if of_classes:
        target, reach, steepness = _rounding_next_to_one(case, inputs, y, predictions[0])
        value_unit = value_unit + np.sum(target, axis=-1)
        first, *rest = gradients
        unit = first.unit + abs(first.wanted) * reach + steepness[..., columns]
        gradients = [replace(first, unit=unit), *rest]
    return Expected(Quantity(value, value_unit, _noise(value)), tuple(gradients))


def _with_terms(
    case: Case, inputs: Inputs, want: Expected, columns: Sequence[int] | None
) -> Expected:
    """With units that allow for the rounding of terms of known size, which cancel."""
    arrays = map(long_double, (case.targets(inputs), *inputs.predictions))
    of_value, *of_slopes = case.formula(inputs, long_double, case.reference.terms)(*arrays)
    if columns is not None:
        of_slopes = [size[..., list(columns)] for size in of_slopes]
    return Expected(
        replace(want.value, unit=want.value.unit + of_value),
        tuple(
            replace(gradient, unit=gradient.unit + size)
            for gradient, size in zip(want.gradients, of_slopes, strict=True)
        ),
    )


def _rounded(step: Any, *arrays: Array) -> list[list[Array]]:
    """Some of the ways in which each input can be moved up or down by a part."""
    rng = np.random.default_rng(0)
    return [[x * (1 + step * rng.choice([-1, 1], size=x.shape)) for x in arrays] for _ in range(2)]


def _rounding_next_to_one(
    case: Case, inputs: Inputs, y: Array, p: Array
) -> tuple[Array, Array, Array]:
    """Parts of the units of value and gradient that no derivative shows.

    Of a row predicted well, the value is the logarithm of nearly 1 and the gradient the difference
    of nearly 1 and the target.
    """
    a = case.parameters
    reach = np.max(abs(p), axis=-1, keepdims=True)  # what each class is compared with
    reach = reach / min(1, a.get("temperature", 1))
    target = y + a.get("label_smoothing", 0.0) / p.shape[-1]
    if inputs.class_weight is not None:
        target = target * inputs.class_weight.astype(float)
    steepness = target / p if case.reference.predictions in POSITIVE else target
    if "gamma" in a:  # the modulating factor carries the same rounding to all classes of the row
        steepness = steepness + np.sum(steepness, axis=-1, keepdims=True)
    return target, reach, steepness
