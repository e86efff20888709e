"""The library for GPUs against the CPU's core: every loss of the registry, every kind of operand.

Gradients of pointwise losses have the same bits. Sums are added up in another order.
"""

from typing import Any

import numpy as np
import pytest
import torch
from cuda_support import Gpu
from torch import Tensor

from cases import CASES, DEFAULTS, FLOATS, Case, Inputs
from fusedloss import _core
from fusedloss.torch import _cuda

REDUCTIONS = {
    "none": _core.NONE,
    "sum": _core.SUM,
    "mean": _core.MEAN,
    "weighted mean": _core.WEIGHTED_MEAN,
}
each = pytest.mark.parametrize("case", CASES, ids=str)
each_once = pytest.mark.parametrize("case", DEFAULTS, ids=str)


def tensor(array: Any) -> Any:
    if array is None:
        return None
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(np.array(array))  # a copy that may be written to


def compute(
    core: Any, put: Any, case: Case, inputs: Inputs, *, row_axis: int | None = None, **options: Any
) -> tuple[Tensor | None, ...]:
    """Loss, and the gradient of each prediction."""
    if row_axis is None and case.is_row:
        row_axis = -1
    y_pred, more = put(tensor(inputs.y_pred)), tuple(put(tensor(x)) for x in inputs.more)
    change = options.get("change", lambda x: x)
    y_pred, more = change(y_pred), tuple(map(change, more))
    y_true = put(tensor(inputs.y_true))
    if y_true is not None and y_true.shape == inputs.y_pred.shape:
        y_true = change(y_true)
    reduction = options.get("reduction", _core.MEAN)
    rows = list(y_pred.shape)
    if row_axis is not None:
        del rows[row_axis]
    wide = torch.float64 if y_pred.dtype is torch.float64 else torch.float32
    loss = y_pred.new_full(rows if reduction == _core.NONE else (), 7, dtype=wide)
    gradients = tuple(torch.full_like(x, 7, dtype=y_pred.dtype) for x in (y_pred, *more))
    core(
        case.loss.id,
        tuple(case.parameters.values()),
        y_true,
        y_pred,
        put(options.get("sample_weight")),
        put(options.get("mask")),
        put(tensor(inputs.class_weight)),
        options.get("ignore_label"),
        row_axis,
        reduction,
        options.get("denominator", 0.0),
        options.get("flags", 0),
        loss,
        gradients[0],
        more,
        gradients[1:],
    )
    return (loss.cpu(), *(gradient.cpu() for gradient in gradients))


def compare(gpu: Gpu, case: Case, inputs: Inputs, **options: Any) -> None:
    found = compute(_cuda.compute, gpu.put, case, inputs, **options)
    expected = compute(_core.compute, lambda x: x, case, inputs, **options)
    for kind, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert a is not None
        assert b is not None
        if case.loss.kind == "pointwise" and kind > 0 and "sample_weight" not in options:
            assert torch.equal(a.isnan(), b.isnan())
            assert torch.equal(a.nan_to_num(), b.nan_to_num())
            continue
        # Sums of up to thousands of terms, in another order; and gradients that are differences.
        precise = torch.finfo(torch.promote_types(a.dtype, torch.float32)).eps
        units = 4 * torch.finfo(a.dtype).eps + 64 * precise
        size = max(1e-2, *b.double().abs().nan_to_num(posinf=0).flatten().tolist(), 0.0)
        torch.testing.assert_close(
            a.double(), b.double(), rtol=units, atol=units * size, equal_nan=True
        )


@each
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_every_loss_in_every_dtype(gpu: Gpu, case: Case, dtype: Any) -> None:
    compare(gpu, case, case.inputs(dtype, (5, 37)))


@each_once
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_reductions_weights_and_masks(gpu: Gpu, case: Case, reduction: str) -> None:
    inputs = case.inputs(FLOATS[0], (6, 19))
    generator = torch.Generator().manual_seed(1)
    for along in [-1] if case.is_row else [None, -1]:
        rows = (6,) if along else (6, 19)
        weight = torch.randint(0, 3, rows, generator=generator).float()
        mask = torch.rand(rows, generator=generator) > 0.3
        for options in ({}, {"mask": mask}, {"sample_weight": weight, "mask": mask}):
            given: dict[str, Any] = {
                **options,
                "reduction": REDUCTIONS[reduction],
                "row_axis": along,
            }
            compare(gpu, case, inputs, **given)
            if reduction != "none":
                compare(gpu, case, inputs, **given, denominator=3.5, flags=_core.UNSCALED_GRAD)


def turned(x: Tensor) -> Tensor:
    """The same numbers, in another order in memory."""
    return x.transpose(0, 2).contiguous().transpose(0, 2)


@each_once
def test_operands_of_any_stride(gpu: Gpu, case: Case) -> None:
    shape = (2, 9, 3, 5)
    if case.labels or case.loss.targets == "rows":
        inputs = case.inputs(FLOATS[0], (2, 3, 5, 9))  # labels have the axes but the last
        inputs = Inputs(
            inputs.y_true,
            np.ascontiguousarray(np.moveaxis(inputs.y_pred, -1, 1)),
            inputs.class_weight,
            tuple(np.ascontiguousarray(np.moveaxis(x, -1, 1)) for x in inputs.more),
        )
    else:
        inputs = case.inputs(FLOATS[0], shape)
    axis = 1 if case.is_row else None
    compare(gpu, case, inputs, row_axis=axis)
    compare(gpu, case, inputs, row_axis=axis, change=turned)


@each_once
@pytest.mark.parametrize("length", [1, 2, 31, 257, 5000])
def test_rows_of_any_length(gpu: Gpu, case: Case, length: int) -> None:
    compare(gpu, case, case.inputs(FLOATS[0], (3, length)))
    compare(gpu, case, case.inputs(FLOATS[3], (3, length)))


@each_once
@pytest.mark.parametrize("flags", [0, _core.EMPTY_IS_NAN], ids=["zero", "nan"])
def test_nothing_to_compute(gpu: Gpu, case: Case, flags: int) -> None:
    for shape in [(0, 3)] if case.is_row else [(0, 3), (3, 0), (0, 0)]:
        inputs = case.inputs(FLOATS[0], (1, 3)).each(lambda x, to=shape: np.resize(x, to))
        if case.labels or case.loss.targets == "rows":
            inputs = Inputs(np.zeros(shape[:1], np.int64), inputs.y_pred, None, inputs.more)
        for reduction in REDUCTIONS.values():
            compare(gpu, case, inputs, reduction=reduction, flags=flags)
            if not case.is_row:
                compare(gpu, case, inputs, reduction=reduction, flags=flags, row_axis=-1)
