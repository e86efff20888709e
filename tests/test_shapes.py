"""Sizes, strides, class axes and memory: what is computed never depends on where arrays lie."""

import ctypes
import mmap
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cases import CASES, DEFAULTS, FLOATS, Case, Inputs
from derivatives import differentiate
from fusedloss import _core
from support import (
    Result,
    assert_matches,
    assert_same_bits,
    assert_same_result,
    blank,
    call,
    compute,
    each_isa,
    in_child,
)

F32, _, _, BF16 = FLOATS
SHAPED = DEFAULTS + [case for case in CASES if case.weighted]
Memory = Callable[[NDArray[Any]], NDArray[Any]]
"""Puts a copy of an array somewhere else."""


def every_other(array: NDArray[Any]) -> NDArray[Any]:
    wide = np.full([3 * n for n in array.shape], 77).astype(array.dtype)
    view = wide[tuple(slice(1, None, 3) for _ in array.shape)]
    view[...] = array
    return view


def backwards(array: NDArray[Any]) -> NDArray[Any]:
    reverse = (slice(None, None, -1),) * array.ndim
    return array[reverse].copy()[reverse]


def transposed(array: NDArray[Any]) -> NDArray[Any]:
    return array.T.copy().T


def padded(array: NDArray[Any]) -> NDArray[Any]:
    """Rows contiguous, but a gap between them."""
    wide = np.full((*array.shape[:-1], array.shape[-1] + 5), 77).astype(array.dtype)
    wide[..., 3:-2] = array
    return wide[..., 3:-2]


def unaligned(array: NDArray[Any]) -> NDArray[Any]:
    memory = np.empty(array.nbytes + 1, np.uint8)
    view = memory[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    assert array.itemsize == 1 or not view.flags.aligned
    return view


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


STRIDED: list[Memory] = [every_other, backwards, transposed, padded, unaligned]


def full_batch(case: Case, dtype: np.dtype[Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Arguments of compute() with everything a loss takes."""
    inputs = case.inputs(dtype, shape)
    rows = shape[:-1] if case.is_row else shape
    rng = np.random.default_rng(3)
    return {
        "y_true": inputs.y_true,
        "y_pred": inputs.y_pred,
        "class_weight": inputs.class_weight,
        "more": inputs.more,
        "sample_weight": rng.uniform(0.5, 2, rows).astype(np.float32),
        "mask": rng.random(rows) < 0.8,
    }


def moved(batch: dict[str, Any], memory: Memory) -> dict[str, Any]:
    def move(value: Any) -> Any:
        if value is None:
            return None
        return tuple(map(memory, value)) if isinstance(value, tuple) else memory(value)

    return {name: move(value) for name, value in batch.items()}


SHAPES = [(33, 7), (9, 70), (4, 5, 6)]


def shapes_for(memory: Memory) -> list[tuple[int, ...]]:
    """Long rows whose classes do not follow each other in memory are summed in another order."""
    return [shape for shape in SHAPES if memory is not transposed or shape[-1] <= 64]


@pytest.mark.parametrize("memory", [*STRIDED, read_only], ids=lambda memory: memory.__name__)
@pytest.mark.parametrize("case", SHAPED, ids=str)
def test_inputs_may_lie_anywhere(case: Case, memory: Memory) -> None:
    for dtype, shape in product(FLOATS, shapes_for(memory)):
        batch = full_batch(case, dtype, shape)
        for reduction in [_core.NONE, _core.WEIGHTED_MEAN]:
            wanted = compute(case, **batch, reduction=reduction)
            got = compute(case, **moved(batch, memory), reduction=reduction)
            assert_same_result(got, wanted, f"{case}, {dtype}, {shape}, {memory.__name__}")


@pytest.mark.parametrize("memory", STRIDED, ids=lambda memory: memory.__name__)
@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_the_gradient_may_lie_anywhere(case: Case, memory: Memory) -> None:
    """And nothing beside them is written: the gaps of a strided one keep their content."""
    for dtype, shape in product(FLOATS, shapes_for(memory)):
        batch = full_batch(case, dtype, shape)
        wanted = compute(case, **batch, reduction=_core.NONE)
        grads = [memory(np.full_like(grad, 9)) for grad in wanted.grads]
        around = [grad.base.copy() for grad in grads]
        first, *rest = grads
        compute(case, **batch, reduction=_core.NONE, grad_out=first, more_grads=rest)
        what = f"{case}, {dtype}, {shape}, {memory.__name__}"
        for grad, expected, before in zip(grads, wanted.grads, around, strict=True):
            assert_same_bits(grad, expected, what)
            grad[...] = 9
            assert_same_bits(grad.base, before, f"memory around the gradient of {what}")


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_broadcast_inputs(case: Case) -> None:
    """Zero strides: one row or one number for all, without a copy."""
    shape = (33, 7)
    batch = full_batch(case, F32, shape)
    for name in ["y_true", "y_pred", "sample_weight", "mask"]:
        array = batch[name]
        if array is None:
            continue
        for narrow in [array[:1], array[..., :1] if array.ndim > 1 else array[:1]]:
            view = np.broadcast_to(narrow, array.shape)
            wanted = compute(case, **{**batch, name: view.copy()}, reduction=_core.NONE)
            got = compute(case, **{**batch, name: view}, reduction=_core.NONE)
            assert_same_result(got, wanted, f"{case} with {name} of strides {view.strides}")


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
@pytest.mark.parametrize("case", [case for case in SHAPED if case.is_row], ids=str)
def test_any_axis_may_hold_the_classes(case: Case, axis: int) -> None:
    """As in (batch, classes, height, width)."""

    def turned(array: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(np.moveaxis(array, -1, axis))

    for dtype, classes in product([F32, BF16], [3, 21, 100]):
        inputs = case.inputs(dtype, (3, 4, 5, classes), seed=classes)
        columns = [0, classes - 1]
        want = differentiate(case, inputs, columns=columns)
        for _ in each_isa():
            got = compute(
                case,
                turned(inputs.y_true) if case.is_dense else inputs.y_true,
                turned(inputs.y_pred),
                class_weight=inputs.class_weight,
                more=[turned(array) for array in inputs.more],
                row_axis=axis,
                reduction=_core.NONE,
            )
            grad, *more = (np.moveaxis(array, axis, -1) for array in got.grads)
            got = Result(got.loss, grad, got.scale, (*more,))
            assert_matches(case, inputs, got, want, columns)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("case", [case for case in CASES if not case.is_row], ids=str)
def test_any_axis_may_be_averaged_over(case: Case, axis: int) -> None:
    inputs = case.inputs(F32, (5, 6, 7))
    elements = call(case, inputs, reduction=_core.NONE)
    got = call(case, inputs, row_axis=axis, reduction=_core.NONE)
    wanted = elements.loss.astype(float).mean(axis)
    np.testing.assert_allclose(got.loss, wanted, rtol=1e-6, atol=1e-6)
    for grad, of_elements in zip(got.grads, elements.grads, strict=True):
        wanted = of_elements.astype(float) / inputs.y_pred.shape[axis]
        np.testing.assert_allclose(grad, wanted, rtol=1e-6, atol=np.finfo(np.float32).tiny)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)])
@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_no_elements(case: Case, shape: tuple[int, ...]) -> None:
    if case.is_row:
        shape = (*shape, 4)
    rows = shape[:-1] if case.is_row else shape
    for reduction in [_core.NONE, _core.SUM, _core.MEAN, _core.WEIGHTED_MEAN]:
        got = call(case, blank(case, shape), reduction=reduction)
        assert got.loss.shape == (rows if reduction == _core.NONE else ())
        assert (got.loss == 0).all()


@pytest.mark.parametrize("case", [case for case in DEFAULTS if not case.is_row], ids=str)
def test_one_element_without_dimensions(case: Case) -> None:
    inputs = case.inputs(F32, (1,))
    wanted = call(case, inputs)
    got = call(case, inputs.each(lambda array: array.reshape(())))
    assert_same_bits(got.loss, wanted.loss, f"loss of {case}")
    for grad, expected in zip(got.grads, wanted.grads, strict=True):
        assert_same_bits(grad.reshape(1), expected, f"gradient of {case}")


@pytest.mark.parametrize("memory", STRIDED, ids=lambda memory: memory.__name__)
@pytest.mark.parametrize("case", SHAPED, ids=str)
def test_the_gradient_may_replace_the_predictions(case: Case, memory: Memory) -> None:
    for dtype, shape in product(FLOATS, [*shapes_for(memory), (1000, 5)]):
        batch = full_batch(case, dtype, shape)
        wanted = compute(case, **batch, reduction=_core.MEAN)
        y_pred = memory(batch.pop("y_pred"))
        got = compute(case, **batch, y_pred=y_pred, grad_out=y_pred, reduction=_core.MEAN)
        assert_same_result(got, wanted, f"{case}, {dtype}, {shape}, {memory.__name__} in place")


@pytest.mark.parametrize("case", SHAPED, ids=str)
def test_inputs_are_not_modified(case: Case) -> None:
    for dtype, shape in product(FLOATS, SHAPES):
        batch = full_batch(case, dtype, shape)
        before = moved(batch, np.copy)
        compute(case, **batch)
        more, more_before = batch.pop("more"), before.pop("more")
        pairs = [(array, before[name]) for name, array in batch.items() if array is not None]
        for array, copy in [*pairs, *zip(more, more_before, strict=True)]:
            assert_same_bits(array, copy, f"an input of {case}, {dtype}")


class GuardedMemory:
    """Copies of arrays that begin or end exactly where the process may not read any more."""

    def __init__(self, at_end: bool) -> None:
        self.at_end = at_end

    def __call__(self, array: NDArray[Any]) -> NDArray[Any]:
        page = mmap.PAGESIZE
        inside = -(-max(array.nbytes, 1) // page) * page
        pages = mmap.mmap(-1, inside + 2 * page)
        start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        for guard in (start, start + page + inside):
            assert protect(ctypes.c_void_p(guard), ctypes.c_size_t(page), 0) == 0
        offset = page + (inside - array.nbytes if self.at_end else 0)
        copy = np.frombuffer(pages, array.dtype, array.size, offset).reshape(array.shape)
        copy[...] = array
        return copy


@pytest.mark.skipif(not hasattr(mmap, "MAP_ANONYMOUS"), reason="needs mmap and mprotect")
@pytest.mark.parametrize("at_end", [True, False], ids=["end", "begin"])
@pytest.mark.parametrize("case", SHAPED, ids=str)
def test_nothing_is_touched_outside(case: Case, at_end: bool) -> None:
    """The neighbouring pages belong to nobody: one access of a byte there ends the child."""
    guarded = GuardedMemory(at_end)

    def check() -> None:
        for name in each_isa():
            for dtype, shape in product(FLOATS, [(1, 1), (5, 3), (33, 7), (3, 65), (2, 1031)]):
                batch = full_batch(case, dtype, shape)
                for reduction in [_core.NONE, _core.MEAN]:
                    wanted = compute(case, **batch, reduction=reduction)
                    got = compute(
                        case,
                        **moved(batch, guarded),
                        reduction=reduction,
                        loss_out=guarded(np.zeros_like(wanted.loss)),
                        grad_out=guarded(np.zeros_like(wanted.grad)),
                        more_grads=[guarded(np.zeros_like(grad)) for grad in wanted.more],
                    )
                    assert_same_result(got, wanted, f"{case}, {dtype}, {shape}, {name}")

    in_child(check)


@pytest.mark.skipif(not hasattr(mmap, "MAP_ANONYMOUS"), reason="needs mmap and mprotect")
@pytest.mark.parametrize("at_end", [True, False], ids=["end", "begin"])
@pytest.mark.parametrize("case", [case for case in SHAPED if case.labels], ids=str)
def test_a_label_of_no_class_reads_nothing_outside(case: Case, at_end: bool) -> None:
    guarded = GuardedMemory(at_end)

    def check() -> None:
        for shape in [(33, 7), (3, 65)]:
            batch = moved(full_batch(case, F32, shape), guarded)
            batch["mask"] = None
            for label in [-1, shape[1], 5000, -5000, 2**40, -(2**40)]:
                for row in [0, shape[0] - 1]:
                    y_true = batch["y_true"].copy()
                    y_true[row] = label
                    grad = guarded(np.zeros(shape, np.float32))
                    with pytest.raises(_core.LabelError):
                        compute(case, **{**batch, "y_true": guarded(y_true)}, grad_out=grad)

    in_child(check)


def test_a_million_elements() -> None:
    """Far more blocks than threads, with a remainder."""
    case = DEFAULTS[0]
    inputs = case.inputs(F32, (1_000_003,))
    got = call(case, inputs, reduction=_core.MEAN)
    assert float(got.loss) == pytest.approx(float(np.mean(case.value(inputs))), rel=1e-6)
    end = Inputs(inputs.y_true[-65:], inputs.y_pred[-65:])
    wanted = call(case, end, reduction=_core.NONE).grad * np.float32(got.scale)
    np.testing.assert_allclose(got.grad[-65:], wanted, rtol=3e-7)
