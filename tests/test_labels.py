"""Integer labels: every dtype, the ends of their ranges, and labels of no class."""

import re
from typing import Any

import numpy as np
import pytest

from cases import CASES, DEFAULTS, LABELS, Case
from fusedloss import _core
from support import assert_same_result, call, compute

F32 = np.dtype(np.float32)
LABEL_CASES = [case for case in CASES if case.labels]
LABEL_DEFAULTS = [case for case in DEFAULTS if case.labels]
LAYOUTS = [(40, 7), (40, 100)]  # few classes, and long rows


@pytest.mark.parametrize("shape", LAYOUTS)
@pytest.mark.parametrize("case", LABEL_CASES, ids=str)
def test_the_dtype_of_labels_does_not_matter(case: Case, shape: tuple[int, int]) -> None:
    inputs = case.inputs(F32, shape)
    inputs.y_true[:2] = 0, shape[-1] - 1
    wanted = call(case, inputs)
    for dtype in LABELS:
        labels = inputs.y_true.astype(dtype)
        got = compute(case, labels, inputs.y_pred, class_weight=inputs.class_weight)
        assert_same_result(got, wanted, f"{case} with labels of {dtype}")


@pytest.mark.parametrize("dtype", LABELS, ids=str)
@pytest.mark.parametrize("case", LABEL_DEFAULTS, ids=str)
def test_the_largest_label_of_a_dtype(case: Case, dtype: np.dtype[Any]) -> None:
    """128 of uint8 is a class, not a negative number; 65536 of int32 does not lose bits."""
    classes = min(int(np.iinfo(dtype).max) + 1, 65_537)
    inputs = case.inputs(F32, (3, classes))
    inputs.y_true[:] = classes - 1, classes // 2, 0
    wanted = call(case, inputs)
    labels = inputs.y_true.astype(dtype)
    got = compute(case, labels, inputs.y_pred, class_weight=inputs.class_weight)
    assert_same_result(got, wanted, f"{case} with labels of {dtype}")


def no_classes(dtype: np.dtype[Any], classes: int) -> list[int]:
    """Labels just outside of the classes and at the ends of the dtype."""
    ends = np.iinfo(dtype)
    near = [-1, -100, classes, classes + 1, 2 * classes, 2**31, 2**32, 2**32 + 1]
    candidates = {*near, int(ends.min), int(ends.max)}
    return sorted(x for x in candidates if ends.min <= x <= ends.max and not 0 <= x < classes)


@pytest.mark.parametrize("dtype", LABELS, ids=str)
@pytest.mark.parametrize("shape", LAYOUTS)
@pytest.mark.parametrize("case", LABEL_DEFAULTS, ids=str)
def test_a_label_of_no_class_is_an_error_that_says_where(
    case: Case, shape: tuple[int, int], dtype: np.dtype[Any]
) -> None:
    inputs = case.inputs(F32, shape)
    for label in no_classes(dtype, shape[-1]):
        for row in [0, 17, 39]:
            labels = inputs.y_true.astype(dtype)
            labels[row:] = label  # the first of several is named
            with pytest.raises(_core.LabelError, match=r"^y_true\b") as error:
                compute(case, labels, inputs.y_pred, class_weight=inputs.class_weight)
            numbers = re.findall(r"-?\d+", str(error.value))
            assert {str(label), str(row), str(shape[-1])} <= set(numbers), error.value


def test_a_label_error_is_a_value_error_and_an_index_error() -> None:
    assert issubclass(_core.LabelError, ValueError)
    assert issubclass(_core.LabelError, IndexError)


@pytest.mark.parametrize("case", LABEL_DEFAULTS, ids=str)
def test_the_first_bad_row_is_named_for_any_number_of_threads(case: Case) -> None:
    inputs = case.inputs(F32, (50_000, 3))
    inputs.y_true[[49_000, 31_234, 40_000]] = 3
    for threads in [1, 2, 8]:
        _core.set_num_threads(threads)
        with pytest.raises(_core.LabelError, match="31234"):
            call(case, inputs)


@pytest.mark.parametrize("silence", ["weight", "mask", "ignore_label"])
@pytest.mark.parametrize("shape", LAYOUTS)
@pytest.mark.parametrize("case", LABEL_DEFAULTS, ids=str)
def test_rows_that_do_not_count_may_have_any_label(
    case: Case, shape: tuple[int, int], silence: str
) -> None:
    inputs = case.inputs(F32, shape)
    off = np.arange(40) % 4 == 1
    label = -(2**40)
    options: dict[str, Any] = {
        "weight": {"sample_weight": np.where(off, 0.0, 1.0)},
        "mask": {"mask": ~off},
        "ignore_label": {"ignore_label": label},
    }[silence]
    for reduction in [_core.NONE, _core.SUM, _core.MEAN, _core.WEIGHTED_MEAN]:
        padded = np.where(off, label, inputs.y_true)
        got = compute(
            case,
            padded,
            inputs.y_pred,
            class_weight=inputs.class_weight,
            reduction=reduction,
            **options,
        )
        assert np.isfinite(got.loss).all()
        assert (got.grad[off] == 0).all()
        assert (got.grad[~off] != 0).any()


@pytest.mark.parametrize("case", LABEL_CASES, ids=str)
def test_labels_that_skip_through_memory(case: Case) -> None:
    inputs = case.inputs(F32, (40, 7))
    wanted = call(case, inputs)
    spread = np.full((40, 3), 99)
    spread[:, 1] = inputs.y_true
    turned = inputs.y_true[::-1].copy()
    for labels in [spread[:, 1], turned[::-1]]:
        got = compute(case, labels, inputs.y_pred, class_weight=inputs.class_weight)
        assert_same_result(got, wanted, f"{case} with strides {labels.strides}")
    same = np.broadcast_to(np.int32(4), (40,))
    got = compute(case, same, inputs.y_pred, class_weight=inputs.class_weight)
    wanted = compute(case, same.copy(), inputs.y_pred, class_weight=inputs.class_weight)
    assert_same_result(got, wanted, f"{case} with one label for all")
