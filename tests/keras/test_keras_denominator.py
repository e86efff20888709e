"""Focal losses divided by the number of positive labels."""

import keras
import numpy as np
import pytest
from keras_cases import needs_current_keras
from keras_tensors import (
    BACKEND,
    Tensor,
    assert_close,
    assert_same,
    attach_mask,
    tensor,
    value_and_grad,
)

from fusedloss.keras import BinaryFocalCrossentropy

LABELS = np.array([[1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 0, 0]])
LOGITS = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
OPTIONS = {"from_logits": True, "label_smoothing": 0.1}


def total(y_true: Tensor, y_pred: Tensor, axis: int = -1) -> Tensor:
    return BinaryFocalCrossentropy(reduction="sum", axis=axis, **OPTIONS)(y_true, y_pred)


@needs_current_keras
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("axis", [-1, 0])
def test_positives(axis: int, dtype: str) -> None:
    if dtype == "float64" and BACKEND == "jax":
        pytest.skip("on demand only")
    logits = tensor(LOGITS, dtype)
    loss = BinaryFocalCrossentropy(denominator="positives", axis=axis, **OPTIONS)
    expected = value_and_grad(lambda *batch: total(*batch, axis) / 4, LABELS, logits)
    assert_same(value_and_grad(loss, LABELS, logits), expected, rtol=2e-3, atol=1e-6)
    theirs = keras.losses.BinaryFocalCrossentropy(reduction="sum", axis=axis, **OPTIONS)
    assert_close(loss(LABELS, LOGITS), theirs(LABELS, LOGITS) / 4)


def test_the_normaliser_of_the_paper() -> None:
    """Every element a row: the sum of all losses over the number of positive labels."""
    loss = BinaryFocalCrossentropy(denominator="positives", **OPTIONS)
    expected = total(LABELS, LOGITS) * 4 / 4  # 4 elements in a row, 4 positives
    assert_close(loss(LABELS[..., None], LOGITS[..., None]), expected)


def test_no_positives_count_as_one() -> None:
    labels = np.zeros((3, 4), np.float32)
    loss = BinaryFocalCrossentropy(denominator="positives", **OPTIONS)
    assert_close(loss(labels, LOGITS), total(labels, LOGITS))


@pytest.mark.skipif(BACKEND == "jax", reason="on demand only")
def test_positives_in_double_precision() -> None:
    labels, logits = 0.1 + 0.1 * LABELS, LOGITS.astype(np.float64)
    loss = BinaryFocalCrossentropy(denominator="positives", dtype="float64", **OPTIONS)
    summed = BinaryFocalCrossentropy(reduction="sum", dtype="float64", **OPTIONS)
    expected = summed(labels, logits) / labels.sum()
    assert_close(loss(labels, logits), expected, rtol=1e-14, atol=0)


def test_positives_that_do_not_exist_do_not_count() -> None:
    masked = attach_mask(tensor(LOGITS), [True, True, False])
    loss = BinaryFocalCrossentropy(denominator="positives", **OPTIONS)
    assert_close(loss(LABELS, masked), total(LABELS[:2], LOGITS[:2]) / 2)
    weights = np.array([3.0, 2.0, 0.0], np.float32)
    weighted = 3 * total(LABELS[:1], LOGITS[:1]) + 2 * total(LABELS[1:2], LOGITS[1:2])
    assert_close(loss(LABELS, LOGITS, weights), weighted / 2)


@pytest.mark.parametrize("reduction", ["mean", "sum_over_batch_size", "mean_with_sample_weight"])
def test_a_number(reduction: str) -> None:
    rows = BinaryFocalCrossentropy(reduction="sum", **OPTIONS)
    loss = BinaryFocalCrossentropy(denominator=7, reduction=reduction, **OPTIONS)
    weights = np.array([1.0, 2.0, 0.0], np.float32)
    assert_same(
        value_and_grad(loss, LABELS, LOGITS, weights),
        value_and_grad(lambda *batch: rows(*batch) / 7, LABELS, LOGITS, weights),
    )
    assert_close(
        BinaryFocalCrossentropy(reduction="none", **OPTIONS)(LABELS, LOGITS),
        loss.call(LABELS, LOGITS),
    )
