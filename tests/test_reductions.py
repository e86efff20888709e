"""Reductions, weights, masks, ignored labels and denominators against NumPy arithmetic."""

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cases import CASES, DEFAULTS, Case, Inputs, long_double
from fusedloss import _core
from references import Array
from support import Result, assert_same_bits, assert_same_result, call, compute

REDUCTIONS = ["NONE", "SUM", "MEAN", "WEIGHTED_MEAN"]
F32 = np.dtype(np.float32)
F64 = np.dtype(np.float64)

# float64 throughout, so that the tolerance tells a wrong rule from rounding.
RTOL = 1e-11


@dataclass(frozen=True)
class Batch:
    """Inputs, their losses per row and gradients, and what weighs them."""

    case: Case
    inputs: Inputs
    losses: Array  # (rows), by the reference
    grads: tuple[NDArray[Any], ...]  # of the sum of all losses, by the core
    weight: NDArray[Any]  # (rows)
    mask: NDArray[Any]  # (rows)


def batch(case: Case, shape: tuple[int, ...] = (50,)) -> Batch:
    inputs = case.inputs(F64, (*shape, 6) if case.is_row else shape)
    if case.reference.predictions == "logit":
        inputs.y_pred[:] /= 8  # moderate, so that long doubles are exact enough
    rng = np.random.default_rng(5)
    weight, mask = rng.integers(0, 4, shape) / 2, rng.random(shape) < 0.8
    return Batch(case, inputs, case.value(inputs), call(case, inputs).grads, weight, mask)


def check(b: Batch, got: Result, reduction: str, factor: Array, divisor: float) -> None:
    """got is the reduction of factor * losses; factor is 0 for rows that do not count."""
    weighted = np.where(factor == 0, 0, factor * b.losses)
    scale = 1.0 if reduction in ("NONE", "SUM") else 1 / divisor
    assert got.scale == pytest.approx(scale, rel=1e-15)
    wanted = weighted if reduction == "NONE" else np.sum(weighted) * scale
    size = np.sum(abs(weighted)) * scale
    np.testing.assert_allclose(got.loss, wanted.astype(float), rtol=RTOL, atol=float(RTOL * size))
    of_elements = factor.astype(float)[..., None] if b.case.is_row else factor.astype(float)
    for grad, whole in zip(got.grads, b.grads, strict=True):
        np.testing.assert_allclose(grad, whole * of_elements * scale, rtol=RTOL, atol=1e-300)


every_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_loss = pytest.mark.parametrize("case", DEFAULTS, ids=str)


@every_reduction
@every_case
def test_unweighted(case: Case, reduction: str) -> None:
    b = batch(case)
    got = call(case, b.inputs, reduction=getattr(_core, reduction))
    check(b, got, reduction, np.ones(50), 50.0)


@every_reduction
@every_loss
def test_weights_and_mask(case: Case, reduction: str) -> None:
    b = batch(case)
    for dtype, mask in product(["f2", "f4", "f8", "i1", "i4", "i8", "u1"], [None, b.mask]):
        weight = (b.weight if dtype[0] == "f" else 2 * b.weight).astype(dtype)
        exists = np.ones(50, bool) if mask is None else mask
        count, total = np.count_nonzero(exists), np.sum(weight[exists], dtype=float)
        got = call(
            case, b.inputs, reduction=getattr(_core, reduction), sample_weight=weight, mask=mask
        )
        divisor = float(count if reduction == "MEAN" else total)
        check(b, got, reduction, long_double(weight * exists), divisor)


@every_reduction
@every_loss
def test_mask_alone(case: Case, reduction: str) -> None:
    b = batch(case)
    got = call(case, b.inputs, reduction=getattr(_core, reduction), mask=b.mask)
    check(b, got, reduction, long_double(b.mask), float(np.count_nonzero(b.mask)))


@every_reduction
@pytest.mark.parametrize("case", [case for case in CASES if case.labels], ids=str)
def test_ignored_labels_with_weights_and_mask(case: Case, reduction: str) -> None:
    """Once the ignored label is one of the classes, once the usual one outside of them."""
    b = batch(case)
    counted = b.mask & (b.inputs.y_true != 2)
    assert 0 < np.count_nonzero(counted) < np.count_nonzero(b.mask)
    divisor = np.count_nonzero(counted) if reduction == "MEAN" else np.sum(b.weight[counted])
    for ignore_label in [2, -100]:
        got = compute(
            case,
            np.where(b.inputs.y_true == 2, ignore_label, b.inputs.y_true),
            b.inputs.y_pred,
            class_weight=b.inputs.class_weight,
            reduction=getattr(_core, reduction),
            sample_weight=b.weight,
            mask=b.mask,
            ignore_label=ignore_label,
        )
        check(b, got, reduction, long_double(b.weight * counted), float(divisor))


@pytest.mark.parametrize("case", [case for case in CASES if case.labels and case.weighted], ids=str)
def test_mean_weighted_by_class(case: Case) -> None:
    b = batch(case)
    class_weight = b.inputs.class_weight
    assert class_weight is not None
    for sample_weight, ignore_label in product([None, b.weight], [None, 2]):
        weight = np.ones(50) if sample_weight is None else sample_weight
        counted = np.ones(50, bool) if ignore_label is None else b.inputs.y_true != ignore_label
        got = call(
            case,
            b.inputs,
            reduction=_core.WEIGHTED_MEAN,
            flags=_core.CLASS_WEIGHTED_MEAN,
            sample_weight=sample_weight,
            ignore_label=ignore_label,
        )
        divisor = np.sum((weight * class_weight[b.inputs.y_true])[counted])
        check(b, got, "WEIGHTED_MEAN", long_double(weight * counted), float(divisor))


@pytest.mark.parametrize("reduction", ["MEAN", "WEIGHTED_MEAN"])
@every_loss
def test_denominator_replaces_the_divisor(case: Case, reduction: str) -> None:
    b = batch(case)
    got = call(
        case,
        b.inputs,
        reduction=getattr(_core, reduction),
        sample_weight=b.weight,
        mask=b.mask,
        denominator=12.5,
    )
    check(b, got, reduction, long_double(b.weight * b.mask), 12.5)


@pytest.mark.parametrize("reduction", ["MEAN", "WEIGHTED_MEAN"])
@every_loss
def test_unscaled_gradient(case: Case, reduction: str) -> None:
    """The divisor is left to the caller: in half precision it would flush the gradient to 0."""
    b = batch(case)
    options: dict[str, Any] = {"sample_weight": b.weight, "mask": b.mask}
    of_sum = call(case, b.inputs, reduction=_core.SUM, **options)
    scaled = call(case, b.inputs, reduction=getattr(_core, reduction), **options)
    got = call(
        case,
        b.inputs,
        reduction=getattr(_core, reduction),
        flags=_core.UNSCALED_GRAD,
        **options,
    )
    for grad, wanted in zip(got.grads, of_sum.grads, strict=True):
        assert_same_bits(grad, wanted, f"unscaled gradient of {case}")
    assert_same_bits(got.loss, scaled.loss, f"loss of {case}")
    assert got.scale == scaled.scale != 1


def ways(*names: str) -> pytest.MarkDecorator:
    """Every loss with every way not to count, where it has that."""
    pairs = [(case, way) for case in DEFAULTS for way in names if way != "label" or case.labels]
    ids = [f"{case} {way}" for case, way in pairs]
    return pytest.mark.parametrize(("case", "way"), pairs, ids=ids)


@every_reduction
@ways("no rows", "weight", "mask", "label")
def test_nothing_to_reduce(case: Case, way: str, reduction: str) -> None:
    """An empty sum is 0 and so is an empty mean, unless NaN is asked for; the gradient is 0."""
    b = batch(case, (0,) if way == "no rows" else (50,))
    rows = b.weight.shape
    options: dict[str, Any] = {
        "no rows": {},
        "weight": {"sample_weight": np.zeros(rows)},
        "mask": {"mask": np.zeros(rows, bool)},
        "label": {"ignore_label": 3},
    }[way]
    inputs = replace(b.inputs, y_true=np.full(rows, 3)) if way == "label" else b.inputs
    for flags in [0, _core.EMPTY_IS_NAN]:
        got = call(case, inputs, reduction=getattr(_core, reduction), flags=flags, **options)
        is_mean = reduction == "WEIGHTED_MEAN" or (reduction == "MEAN" and way != "weight")
        wanted = np.nan if is_mean and flags else 0.0
        np.testing.assert_array_equal(got.loss, np.full(got.loss.shape, wanted))
        assert all((grad == 0).all() for grad in got.grads)


@ways("weight", "mask", "label")
def test_rows_that_do_not_count_may_hold_anything(case: Case, way: str) -> None:
    off = np.arange(50) % 3 == 1
    options: dict[str, Any] = {
        "weight": {"sample_weight": np.where(off, 0, 1.5).astype(np.float32)},
        "mask": {"mask": ~off},
        "label": {"ignore_label": -100},
    }[way]
    for shape, bad in product([(50, 6), (50, 70)], [np.nan, np.inf, -np.inf]):
        inputs = case.inputs(F32, shape if case.is_row else shape[:1])
        if way == "label":
            inputs.y_true[off] = -100
        spoilt = inputs.each(np.copy)
        for array in [*spoilt.predictions, *[spoilt.y_true] * case.is_dense]:
            array[off] = bad
        for reduction in REDUCTIONS:
            number = getattr(_core, reduction)
            dirty = call(case, spoilt, reduction=number, **options)
            clean = call(case, inputs, reduction=number, **options)
            assert_same_result(dirty, clean, f"{case}, {way}, {reduction}, {shape}, {bad}")
            assert all((grad[off] == 0).all() for grad in dirty.grads)


def check_rows(
    b: Batch, got: Result, axis: int, reduction: str, factor: NDArray[Any], divisor: float
) -> None:
    """As check(), for pointwise losses averaged over an axis; factor weighs the elements."""
    scale = 1.0 if reduction in ("NONE", "SUM") else 1 / divisor
    rows = np.sum(factor * b.losses, axis=axis)
    wanted = rows if reduction == "NONE" else np.sum(rows) * scale
    size = float(np.sum(abs(factor * b.losses))) * scale
    assert got.scale == pytest.approx(scale, rel=1e-14)
    np.testing.assert_allclose(got.loss, wanted.astype(float), rtol=RTOL, atol=RTOL * size)
    for grad, whole in zip(got.grads, b.grads, strict=True):
        np.testing.assert_allclose(grad, whole * factor * scale, rtol=RTOL, atol=1e-300)


POINTWISE = [case for case in CASES if not case.is_row]


@every_reduction
@pytest.mark.parametrize(("shape", "axis"), [((9, 5), 1), ((9, 5), 0), ((4, 3, 5), 1), ((7,), 0)])
@pytest.mark.parametrize("case", POINTWISE, ids=str)
def test_pointwise_losses_average_over_the_row(
    case: Case, shape: tuple[int, ...], axis: int, reduction: str
) -> None:
    b = batch(case, shape)
    rng = np.random.default_rng(6)
    rows = shape[:axis] + shape[axis + 1 :]
    weight = np.asarray(rng.integers(1, 4, rows) / 2)
    mask = np.asarray(rng.random(rows) < 0.8)
    mask.flat[0] = True
    got = call(
        case,
        b.inputs,
        row_axis=axis,
        reduction=getattr(_core, reduction),
        sample_weight=weight,
        mask=mask,
    )
    divisor = np.count_nonzero(mask) if reduction == "MEAN" else np.sum(weight[mask])
    factor = np.expand_dims(weight * mask, axis) / shape[axis]
    check_rows(b, got, axis, reduction, np.broadcast_to(factor, shape), float(divisor))


@every_reduction
@pytest.mark.parametrize("case", POINTWISE, ids=str)
def test_weights_of_elements(case: Case, reduction: str) -> None:
    """Rows that are averaged over may weigh every element: of its row's mean, not of a new one."""
    shape = (9, 5)
    b = batch(case, shape)
    mask = np.arange(9) % 4 != 2
    got = call(
        case,
        b.inputs,
        row_axis=1,
        reduction=getattr(_core, reduction),
        sample_weight=b.weight,
        mask=mask,
    )
    factor = b.weight * mask[:, None] / 5
    divisor = np.count_nonzero(mask) if reduction == "MEAN" else np.sum(factor)
    check_rows(b, got, 1, reduction, factor, float(divisor))


@every_loss
def test_half_precision_sums_in_single(case: Case) -> None:
    """A mean over more rows than float16 can count, and a sum beyond its range."""
    n = 70_000
    inputs = case.inputs(np.dtype(np.float16), (n, 3) if case.is_row else (n,))
    losses = case.value(inputs)
    for reduction, wanted in [(_core.SUM, np.sum(losses)), (_core.MEAN, np.mean(losses))]:
        got = call(case, inputs, reduction=reduction)
        assert got.loss.dtype == np.float32
        assert float(got.loss) == pytest.approx(float(wanted), rel=1e-5)
