"""What a call may ask for beside loss and gradient, and what else it may be given."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from cases import CASES, DEFAULTS, FLOATS, LABELS, Case, precision
from fusedloss import _core
from references.categorical import scale_logits
from support import assert_same_bits, assert_same_result, call, compute, each_isa

F32, F64, F16, _ = FLOATS
REDUCTIONS = [_core.NONE, _core.SUM, _core.MEAN]
SHAPES = {"row": [(37, 5), (9, 70)], "pointwise": [(501,)]}


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_upstream_multiplies_gradients(case: Case) -> None:
    """By a power of two exactly, by others up to rounding; never the loss."""
    for dtype, shape in product([F32, F64], SHAPES[case.loss.kind]):
        inputs = case.inputs(dtype, shape)
        for reduction in REDUCTIONS:
            plain = call(case, inputs, reduction=reduction)
            for upstream in [0.25, -4.0, 3.7, 0.0]:
                got = call(case, inputs, reduction=reduction, upstream=upstream)
                assert_same_bits(got.loss, plain.loss, f"loss of {case}")
                assert got.scale == plain.scale
                for grad, alone in zip(got.grads, plain.grads, strict=True):
                    wanted = upstream * alone
                    # It multiplies the terms, of which a gradient may be the small difference.
                    rounding = 16 * np.finfo(dtype).eps * abs(wanted).max()
                    atol = rounding if upstream == 3.7 else 1e-37
                    np.testing.assert_allclose(grad, wanted, rtol=0, atol=atol)


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_gradients_of_half_precision_are_rounded_after_upstream(case: Case) -> None:
    """A mean's gradient that is too small for float16 is back, if upstream is large enough."""
    inputs = case.inputs(F16, SHAPES[case.loss.kind][0])
    got = call(case, inputs, reduction=_core.MEAN, denominator=2.0**30, upstream=2.0**30)
    wanted = call(case, inputs, reduction=_core.SUM)
    for grad, other in zip(got.grads, wanted.grads, strict=True):
        assert_same_bits(grad, other, f"gradient of {case}")


SEVERAL = pytest.mark.parametrize("case", [case for case in DEFAULTS if case.loss.more], ids=str)


@SEVERAL
def test_further_predictions_may_have_any_floating_dtype(case: Case) -> None:
    for dtype, other in product(FLOATS, FLOATS):
        inputs = case.inputs(dtype, SHAPES[case.loss.kind][0])
        short = [array.astype(other) for array in inputs.more]
        wide = [array.astype(precision(dtype)) for array in short]
        wanted = call(case, inputs, more=wide, reduction=_core.NONE)
        got = call(case, inputs, more=short, reduction=_core.NONE)
        assert all(grad.dtype == dtype for grad in got.grads)
        assert_same_result(got, wanted, f"{case}, {dtype} beside {other}")


@SEVERAL
def test_further_predictions_must_be_there(case: Case) -> None:
    inputs = case.inputs(F32, SHAPES[case.loss.kind][0])
    for more in [(), inputs.more[:-1], (*inputs.more, inputs.y_pred)]:
        with pytest.raises((TypeError, ValueError)):
            call(case, inputs, more=more)
    with pytest.raises(ValueError, match=r"\bshape\b"):
        call(case, inputs, more=[array[:-1] for array in inputs.more])


@pytest.mark.parametrize(
    "case", [case for case in DEFAULTS if case.loss.targets == "rows"], ids=str
)
def test_targets_of_rows_may_have_any_signed_dtype(case: Case) -> None:
    inputs = case.inputs(F32, (40, 7))
    wanted = call(case, inputs)
    for dtype in LABELS:
        if dtype.kind == "i":
            got = compute(case, inputs.y_true.astype(dtype), inputs.y_pred, more=inputs.more)
            assert_same_result(got, wanted, f"{case}, {dtype}")


SCALED = [
    case
    for case in CASES
    if case.loss.name == "categorical_crossentropy_from_scaled_logits" and not case.weighted
]
OF_LABELS = next(case for case in SCALED if case.labels and not case.changed)


def statistics(case: Case, rows: int, dtype: np.dtype[Any]) -> list[Any]:
    """Outputs to be filled: label_log_prob only for integer labels."""
    log_sum_exp, of_label, entropy = (np.full(rows, 7, precision(dtype)) for _ in range(3))
    return [log_sum_exp, of_label if case.labels else None, entropy, np.full(rows, 7, np.int64)]


@pytest.mark.parametrize("shape", [(37, 5), (9, 70), (3, 1031), (1, 1)])
@pytest.mark.parametrize("case", SCALED, ids=str)
def test_statistics(case: Case, shape: tuple[int, int]) -> None:
    for dtype in FLOATS:
        inputs = case.inputs(dtype, shape)
        scaled = case.formula(inputs, np.asarray, lambda _, x, a: scale_logits(x, a))
        u = scaled(None, inputs.y_pred.astype(np.longdouble))
        top = u.max(-1, keepdims=True)
        rest = np.log(np.exp(u - top).sum(-1, keepdims=True))
        log_p = u - top - rest
        wanted = [(top + rest)[:, 0], None, -(np.exp(log_p) * log_p).sum(-1)]
        if case.labels:
            wanted[1] = np.take_along_axis(log_p, inputs.y_true[:, None], -1)[:, 0]
        error = 8 * np.finfo(precision(dtype)).eps * (1 + abs(u).max(-1))
        for want, isa in product(["both", "loss", "grad"], each_isa()):
            found = statistics(case, shape[0], dtype)
            call(case, inputs, reduction=_core.MEAN, statistics=(*found,), want=want)
            what = f"{case}, {dtype}, {isa}, {want}"
            for got, exact in zip(found, wanted, strict=False):
                assert exact is None or (abs(got - exact) <= error).all(), what
            assert (np.take_along_axis(u, found[3][:, None], -1) == top).all(), what


@pytest.mark.parametrize("shape", [(40, 5), (40, 90)])
def test_statistics_alone(shape: tuple[int, int]) -> None:
    """Each is what it is beside the others, and none changes loss and gradient."""
    inputs = OF_LABELS.inputs(F32, shape)
    plain = call(OF_LABELS, inputs)
    together = statistics(OF_LABELS, 40, F32)
    assert_same_result(call(OF_LABELS, inputs, statistics=(*together,)), plain, "with all")
    for place in range(4):
        alone = [
            array if k == place else None for k, array in enumerate(statistics(OF_LABELS, 40, F32))
        ]
        assert_same_result(call(OF_LABELS, inputs, statistics=(*alone,)), plain, f"with {place}")
        assert_same_bits(alone[place], together[place], f"statistic {place} alone")


@pytest.mark.parametrize("shape", [(40, 5), (40, 90)])
def test_the_first_of_equal_logits_is_the_largest(shape: tuple[int, int]) -> None:
    inputs = OF_LABELS.inputs(F32, shape)
    inputs.y_pred[:] = np.random.default_rng(0).integers(-2, 3, shape)
    inputs.y_pred[7, 3] = np.nan
    for isa in each_isa():
        found = statistics(OF_LABELS, 40, F32)
        call(OF_LABELS, inputs, statistics=(*found,))
        wanted = inputs.y_pred.argmax(-1)
        wanted[7] = -1
        np.testing.assert_array_equal(found[3], wanted, isa)


@pytest.mark.parametrize("shape", [(40, 5), (40, 90)])
def test_statistics_of_rows_that_do_not_count(shape: tuple[int, int]) -> None:
    inputs = OF_LABELS.inputs(F32, shape)
    everywhere, found = (statistics(OF_LABELS, 40, F32) for _ in range(2))
    call(OF_LABELS, inputs, statistics=(*everywhere,))
    kinds = np.arange(40) % 5
    inputs.y_true[kinds == 0] = -100
    options = {"mask": kinds != 1, "sample_weight": np.where(kinds == 2, 0, 2.0)}
    call(OF_LABELS, inputs, ignore_label=-100, statistics=(*found,), **options)
    for got, wanted, nothing in zip(found, everywhere, [0, 0, 0, -1], strict=True):
        assert_same_bits(got[kinds > 2], wanted[kinds > 2], "rows that count")
        assert (got[kinds <= 2] == nothing).all()


def test_other_losses_have_no_statistics() -> None:
    case = next(case for case in DEFAULTS if case.loss.name == "categorical_hinge")
    found = statistics(case, 37, F32)
    with pytest.raises(ValueError, match="statistics"):
        call(case, case.inputs(F32, (37, 5)), statistics=(*found,))


def named(name: str) -> Case:
    return next(case for case in DEFAULTS if case.loss.name == name)


def aligned(shape: tuple[int, ...], offset: int) -> Any:
    """A float32 array that begins `offset` bytes after a multiple of 64."""
    size = int(np.prod(shape)) * 4
    memory = np.empty(size + 128, np.uint8)
    begin = -memory.ctypes.data % 64 + offset
    return memory[begin : begin + size].view(np.float32).reshape(shape)


@pytest.mark.parametrize("name", ["cosine_embedding", "triplet_margin"])
def test_large_gradients_may_be_aligned_differently(name: str) -> None:
    """Gradients of 16 MiB and more pass by the caches, if all of their registers are aligned."""
    case, shape = named(name), (1 << 16, 80)
    inputs = case.inputs(F32, shape)
    params = tuple(case.parameters.values())
    grads = [aligned(shape, offset) for offset in (0, 4, 20)][: 1 + len(inputs.more)]
    loss = np.empty((), np.float32)
    # fmt: off
    _core.compute(
        case.loss.id, params, inputs.y_true, inputs.y_pred, None, None, None, None, 1, _core.SUM,
        0.0, 0, loss, grads[0], tuple(inputs.more), tuple(grads[1:]),
    )
    # fmt: on
    wanted = call(case, inputs, reduction=_core.SUM)
    for grad, other in zip(grads, wanted.grads, strict=True):
        assert_same_bits(grad, other, f"gradient of {case}")


@pytest.mark.parametrize("classes", [10, 100])
def test_an_upstream_of_0_does_not_hide_nan(classes: int) -> None:
    case = named("categorical_crossentropy_from_logits")
    inputs = case.inputs(F32, (3, classes))
    inputs.y_pred[1, 2] = np.nan
    (grad,) = call(case, inputs, reduction=_core.SUM, upstream=0.0).grads
    np.testing.assert_array_equal(np.isnan(grad).all(1), [False, True, False])
    np.testing.assert_array_equal(np.isnan(grad).any(1), [False, True, False])


@pytest.mark.parametrize("entries", [8, 100])
@pytest.mark.parametrize("target", [2**32 + 1, 2**32 - 1, -(2**32) + 1, 2**24 + 1])
def test_targets_of_rows_are_never_taken_for_others(entries: int, target: int) -> None:
    case = named("cosine_embedding")
    inputs = case.inputs(F32, (4, entries))
    inputs.y_true[:] = target
    assert (call(case, inputs, reduction=_core.NONE).loss == 0).all()


def test_targets_of_rows_are_no_labels_to_ignore() -> None:
    case = named("cosine_embedding")
    with pytest.raises(ValueError, match=r"^ignore_label: cosine_embedding has no labels"):
        call(case, case.inputs(F32, (4, 8)), ignore_label=1)
