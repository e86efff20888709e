"""The same bits from every instruction set with FMA and from any number of threads."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from cases import CASES, DEFAULTS, FLOATS, Case
from fusedloss import _core
from references import one_hot
from support import assert_same_bits, assert_same_result, call, compute, each_isa, fma_isas

THREADS = [1, 2, 3, 8]
REDUCTIONS = [_core.SUM, _core.MEAN, _core.NONE]

# Many blocks of work, a ragged end in each dimension, and both layouts of row losses.
POINTWISE = [(70_001,), (37, 1025)]
ROWS = [(20_003, 7), (301, 129), (3, 70_001)]


def shapes(case: Case) -> list[tuple[int, ...]]:
    return ROWS if case.is_row else POINTWISE


def weights(rows: tuple[int, ...]) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    weight = rng.uniform(0, 2, rows).astype(np.float32)
    weight[rng.random(rows) < 0.1] = 0
    return {"sample_weight": weight, "mask": rng.random(rows) < 0.9}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_instruction_sets_agree(case: Case) -> None:
    for dtype, shape in product(FLOATS, [(131, 11), (5, 333)] if case.is_row else [(1009,)]):
        inputs = case.inputs(dtype, shape)
        for reduction in REDUCTIONS:
            first = None
            for name in fma_isas():
                _core.set_isa(name)
                got = call(case, inputs, reduction=reduction)
                first = first or got
                assert_same_result(got, first, f"{case}, {dtype}, {shape}, {name}")


@pytest.mark.parametrize("case", [c for c in CASES if c.is_row and c.is_dense], ids=str)
@pytest.mark.parametrize("weight", [-1, np.inf])
def test_instruction_sets_agree_where_most_targets_are_absent(case: Case, weight: float) -> None:
    # A register without a target is not evaluated; how many classes it holds depends on the set.
    shape = (15, 80)
    inputs = case.inputs(np.dtype(np.float32), shape)
    targets = one_hot(np.arange(15), 80).astype(np.float32)
    first = None
    for name in fma_isas():
        _core.set_isa(name)
        weights = np.full(15, weight, np.float32)
        got = compute(case, targets, inputs.y_pred, sample_weight=weights, reduction=_core.SUM)
        first = first or got
        assert_same_result(got, first, f"{case}, weight {weight}, {name}")


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_thread_counts_agree(case: Case) -> None:
    for shape in shapes(case):
        inputs = case.inputs(np.dtype(np.float32), shape)
        rows = shape[:-1] if case.is_row else shape
        options = weights(rows)
        for reduction in REDUCTIONS:
            _core.set_num_threads(1)
            one = call(case, inputs, reduction=reduction, **options)
            for threads in THREADS[1:]:
                _core.set_num_threads(threads)
                got = call(case, inputs, reduction=reduction, **options)
                assert_same_result(got, one, f"{case}, {shape}, {threads} threads")


@pytest.mark.parametrize("case", [case for case in DEFAULTS if not case.is_row], ids=str)
def test_thread_counts_agree_on_rows_of_a_pointwise_loss(case: Case) -> None:
    for shape, axis in [((4001, 17), 1), ((17, 4001), 0), ((5, 20_001), 1), ((300, 7, 31), 1)]:
        inputs = case.inputs(np.dtype(np.float32), shape)
        results = []
        for threads in THREADS:
            _core.set_num_threads(threads)
            results.append(call(case, inputs, reduction=_core.MEAN, row_axis=axis))
        for result in results[1:]:
            assert_same_result(result, results[0], f"{case}, {shape}, axis {axis}")


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_the_pool_of_torch_gives_the_bits_of_ours(case: Case) -> None:
    torch = pytest.importorskip("torch")
    for shape in shapes(case):
        inputs = case.inputs(np.dtype(np.float32), shape)
        ours = call(case, inputs, reduction=_core.MEAN)
        tensors = inputs.each(torch.from_numpy)
        loss, *grads = (torch.empty(size) for size in [(), *(shape for _ in ours.grads)])
        compute(
            case,
            tensors.y_true,
            tensors.y_pred,
            row_axis=len(shape) - 1 if case.is_row else None,
            reduction=_core.MEAN,
            loss_out=loss,
            grad_out=grads[0],
            more=tensors.more,
            more_grads=grads[1:],
        )
        for grad, wanted in zip(grads, ours.grads, strict=True):
            assert_same_bits(grad.numpy(), wanted, f"gradient of {case} from torch")
        assert_same_bits(loss.numpy(), ours.loss, f"loss of {case} from torch")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_wanted_does_not_change_it(case: Case) -> None:
    """The kernels for the value alone and for the gradient alone have the bits of the fused one."""
    shapes = [(133, 11), (3, 257)] if case.is_row else [(5000,)]
    for dtype, shape, reduction in product(FLOATS, shapes, REDUCTIONS):
        inputs = case.inputs(dtype, shape)
        for name in each_isa():
            both = call(case, inputs, reduction=reduction)
            value = call(case, inputs, reduction=reduction, want="loss")
            grad = call(case, inputs, reduction=reduction, want="grad")
            what = f"{case}, {dtype}, {shape}, {name}"
            assert_same_bits(value.loss, both.loss, f"loss alone of {what}")
            for k, wanted in enumerate(both.grads):
                assert_same_bits(grad.grads[k], wanted, f"gradients alone of {what}")
            for k in range(len(both.more)):  # one of several
                of_others = [None] * len(both.more)
                of_others[k] = np.empty_like(both.more[k])
                alone = call(case, inputs, reduction=reduction, want="loss", more_grads=of_others)
                assert_same_bits(alone.more[k], both.more[k], f"gradient {k} alone of {what}")
                assert_same_bits(alone.loss, both.loss, f"loss with gradient {k} of {what}")
            assert value.scale == grad.scale == both.scale


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_where_an_element_stands_does_not_change_it(case: Case) -> None:
    """Vector tails and chunk borders: reversing the rows reverses the results, bit by bit."""
    for n in [1, 2, 31, 32, 33, 63, 64, 65, 1000, 65_537]:
        inputs = case.inputs(np.dtype(np.float32), (n, 3) if case.is_row else (n,))
        forward = call(case, inputs, reduction=_core.NONE)
        turned = inputs.each(lambda array: array[::-1].copy())
        backward = call(case, turned, reduction=_core.NONE)
        assert_same_bits(backward.loss[::-1], forward.loss, f"losses of {n} rows of {case}")
        for got, wanted in zip(backward.grads, forward.grads, strict=True):
            assert_same_bits(got[::-1], wanted, f"gradient of {n} rows of {case}")
