"""Calling the core, and saying precisely how a result differs from what was expected."""

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cases import Case, Inputs, long_double, precision
from derivatives import Expected, Quantity
from fusedloss import _core
from references import Array


@dataclass(frozen=True)
class Tolerance:
    """In the units of Expected, times the machine epsilon."""

    value: float
    gradient: float


# By the precision a loss is computed in. Half precision is computed in float32 and rounded once, so
# it needs no tolerance of its own. The elementary functions of float64 are the more accurate ones,
# and a long row is summed in float32 over up to 128 classes per accumulator.
TOLERANCE = {
    np.dtype(np.float32): Tolerance(value=6, gradient=5),
    np.dtype(np.float64): Tolerance(value=4, gradient=4),
}


@dataclass(frozen=True)
class Result:
    loss: NDArray[Any]
    grad: NDArray[Any]
    scale: float
    more: tuple[NDArray[Any], ...] = ()  # gradients towards the further predictions

    @property
    def grads(self) -> tuple[NDArray[Any], ...]:
        return self.grad, *self.more


def rows_of(shape: tuple[int, ...], row_axis: int | None) -> tuple[int, ...]:
    """The shape of the rows: that of the predictions without the axis a row runs along."""
    if row_axis is None:
        return shape
    axis = range(len(shape))[row_axis]
    return shape[:axis] + shape[axis + 1 :]


def compute(
    case: Case,
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    mask: Any = None,
    class_weight: Any = None,
    ignore_label: int | None = None,
    row_axis: int | None = None,
    reduction: int = _core.SUM,
    denominator: float = 0.0,
    flags: int = 0,
    loss_out: Any = None,
    grad_out: Any = None,
    more: Sequence[Any] = (),
    more_grads: Sequence[Any] | None = None,
    statistics: tuple[Any, ...] | None = None,
    upstream: float = 1.0,
    want: str = "both",
) -> Result:
    """One call of the core; outputs that are not given are allocated. Rows run along the last axis
    by default for row losses."""
    if row_axis is None and case.is_row:
        row_axis = y_pred.ndim - 1
    if loss_out is None and want != "grad":
        shape = rows_of(y_pred.shape, row_axis) if reduction == _core.NONE else ()
        loss_out = np.full(shape, 7.0, precision(y_pred.dtype))
    if grad_out is None and want != "loss":
        grad_out = np.full(y_pred.shape, 7.0, y_pred.dtype)
    if more_grads is None:
        wanted = want != "loss"
        more_grads = [np.full(y_pred.shape, 7.0, y_pred.dtype) if wanted else None for _ in more]
    scale = _core.compute(
        case.loss.id,
        tuple(case.parameters.values()),
        y_true,
        y_pred,
        sample_weight,
        mask,
        class_weight,
        ignore_label,
        row_axis,
        reduction,
        denominator,
        flags,
        loss_out,
        grad_out,
        tuple(more),
        tuple(more_grads),
        statistics,
        upstream,
    )
    return Result(loss_out, grad_out, scale, tuple(more_grads))


def blank(case: Case, shape: tuple[int, ...]) -> Inputs:
    """Arguments in float32 that are all 0, of the right kind and shape."""
    y_pred = np.zeros(shape, np.float32)
    y_true = np.zeros(shape[:-1], np.int64) if not case.is_dense else y_pred.copy()
    more = tuple(y_pred.copy() for _ in case.loss.more)
    return Inputs(None if case.loss.targets == "none" else y_true, y_pred, more=more)


def call(case: Case, inputs: Inputs, **options: Any) -> Result:
    """As compute(), with the arguments together."""
    options.setdefault("class_weight", inputs.class_weight)
    options.setdefault("more", inputs.more)
    return compute(case, inputs.y_true, inputs.y_pred, **options)


def assert_rounds_to(
    got: NDArray[Any],
    wanted: Array,
    tolerance: Array,
    describe: Callable[[tuple[int, ...]], str],
) -> None:
    """got is the rounding, to its own dtype, of a number within the tolerance of what is wanted.

    So half precision is held to the accuracy of the float32 it is computed in, and overflow to
    infinity and underflow are right exactly where the dtype demands them. NaN equals NaN only.
    """
    assert got.shape == wanted.shape
    wanted, tolerance = _to_long_double(wanted), _to_long_double(tolerance)
    with np.errstate(over="ignore", invalid="ignore"):
        low = long_double((wanted - tolerance).astype(got.dtype))
        high = long_double((wanted + tolerance).astype(got.dtype))
    wide = long_double(got)
    same = (low <= wide) & (wide <= high) | (np.isnan(wide) & np.isnan(wanted))
    if same.all():
        return
    with np.errstate(invalid="ignore", over="ignore"):
        excess = np.where(same, 0, abs(wide - wanted) / np.maximum(tolerance, np.finfo(float).tiny))
    excess = np.where(~same & np.isnan(excess), np.inf, excess)
    index = tuple(int(i) for i in np.unravel_index(np.argmax(excess), excess.shape))
    raise AssertionError(
        f"{np.count_nonzero(~same)} of {same.size} differ; the worst, at index {index}:\n"
        f"  {describe(index)}\n"
        f"  got      {wide[index]!r}\n"
        f"  expected {wanted[index]!r}\n"
        f"  off by   {ulps(got[index], wanted[index]):.1f} ULP of {got.dtype}, "
        f"{excess[index]:.2f} times the tolerance {float(tolerance[index]):.3g}"
    )


def _to_long_double(values: Array) -> Array:
    """Keeps more than float64 of an mpmath number where long double has it."""
    if values.dtype != object:
        return long_double(values)
    high = values.astype(np.float64)
    with np.errstate(invalid="ignore"):
        rest = np.where(np.isfinite(high), values - high, 0).astype(np.float64)
    return long_double(high) + long_double(rest)


def ulps(got: Any, wanted: Any) -> float:
    """The distance in units of the last place of what is wanted, in the dtype of what was got."""
    kind = got.dtype.type
    with np.errstate(over="ignore", invalid="ignore"):
        spacing = np.nextafter(abs(kind(wanted)), kind(np.inf)) - abs(kind(wanted))
        return float(abs(np.longdouble(got) - wanted) / np.longdouble(spacing))


def assert_matches(
    case: Case,
    inputs: Inputs,
    got: Result,
    want: Expected,
    columns: Sequence[int] | None = None,
) -> None:
    """Losses per row and their gradients (some columns of them) agree with the reference."""
    limits = np.finfo(precision(inputs.y_pred.dtype))
    tolerance = TOLERANCE[limits.dtype]

    def check(got: NDArray[Any], want: Quantity, units: float, what: str) -> None:
        error = units * limits.eps * want.unit + want.noise
        smallest = limits.tiny  # below it, spacing is absolute
        assert_rounds_to(got, want.wanted, error + smallest, describe(case, inputs, what))

    check(got.loss, want.value, tolerance.value, "loss")
    names = ["gradient", *(f"gradient towards {name}" for name in case.loss.more)]
    for name, grad, quantity in zip(names, got.grads, want.gradients, strict=True):
        grad = grad if columns is None else grad[..., columns]
        check(grad, quantity, tolerance.gradient, name)


def describe(case: Case, inputs: Inputs, what: str) -> Callable[[tuple[int, ...]], str]:
    """For a failing test: loss, instruction set, dtype and the arguments at an index."""

    def at(index: tuple[int, ...]) -> str:
        row = index[: inputs.y_pred.ndim - 1] if case.is_row else index
        names = ["y_true", "y_pred", *case.loss.more]
        arrays = zip(names, (inputs.y_true, *inputs.predictions), strict=True)
        parts = {name: array[row] for name, array in arrays if array is not None}
        if inputs.class_weight is not None:
            weight = inputs.class_weight if case.is_row else inputs.class_weight[row]
            parts["class_weight"] = weight
        with np.printoptions(threshold=80, linewidth=100):
            arguments = [f"{name}={value}" for name, value in parts.items()]
        head = f"{what} of {case}, {_core.get_isa()}, {inputs.y_pred.dtype}"
        return ", ".join([head, *arguments])

    return at


def bits(array: NDArray[Any]) -> NDArray[Any]:
    """The array as unsigned integers, so that -0 differs from 0 and NaN equals itself."""
    array = np.ascontiguousarray(array)
    return array.view(np.dtype(f"u{array.itemsize}"))


def assert_same_bits(got: NDArray[Any], wanted: NDArray[Any], what: str) -> None:
    assert got.dtype == wanted.dtype
    assert got.shape == wanted.shape
    different = bits(got) != bits(wanted)
    if different.any():
        index = tuple(int(i) for i in np.argwhere(different)[0])
        raise AssertionError(
            f"{what}: {np.count_nonzero(different)} of {different.size} differ in bits; the first, "
            f"at index {index}: {got[index]!r} and {wanted[index]!r} "
            f"({ulps(got[index], np.longdouble(wanted[index])):.1f} ULP of {got.dtype})"
        )


def assert_same_result(got: Result, wanted: Result, what: str) -> None:
    assert_same_bits(got.loss, wanted.loss, f"loss of {what}")
    for grad, other in zip(got.grads, wanted.grads, strict=True):
        assert_same_bits(grad, other, f"gradient of {what}")
    assert got.scale == wanted.scale, what


def in_child(check: Callable[[], None]) -> None:
    """Runs a check in a forked process, so that a crash fails one test and not the whole run."""
    with warnings.catch_warnings():
        # Python warns of locks held by other threads while forking; the child takes none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(60)  # a deadlock ends as a failure
            check()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 0, f"exit status {code} (negative: a signal)"


def each_isa() -> Iterator[str]:
    """Goes through the instruction sets this machine has, with each in use."""
    for name in _core.isas():
        _core.set_isa(name)
        yield name


def fma_isas() -> list[str]:
    """The usable instruction sets whose results must be the same to the last bit."""
    return [name for name in _core.isas() if name != "baseline"]
