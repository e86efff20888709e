"""What becomes of the losses of the rows: weights, masks, ignored labels and reductions."""

import numpy as np
import pytest

from numpy_cases import CLASSES, Case, Shape, every_kind, named

REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]
MEANS = ["sum_over_batch_size", "mean", "mean_with_sample_weight"]


def factors(
    weight: np.ndarray, exists: np.ndarray, reduction: str | None, denominator: float | None
) -> np.ndarray:
    """What the loss of each row is multiplied with; all arrays have the shape of the rows."""
    factor = np.where(exists, weight, 0)
    if reduction in ("sum", "none", None):
        return factor
    own = factor.sum() if reduction == "mean_with_sample_weight" else exists.sum()
    return factor / (denominator or own)


@every_kind
@pytest.mark.parametrize(
    ("reduction", "denominator"),
    [(name, None) for name in REDUCTIONS] + [(name, 4) for name in REDUCTIONS if name in MEANS],
)
@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("masked", [False, True], ids=["unmasked", "masked"])
def test_reductions(
    case: Case, reduction: str | None, denominator: float | None, weighted: bool, masked: bool
) -> None:
    random = np.random.default_rng(8)
    y_true, y_pred = case.draw(random, (6, 5, CLASSES))
    weight = random.normal(1, 1, (6, 5)) * random.integers(0, 2, (6, 5))
    mask = random.random((6, 5)) < 0.7
    loss, gradient = case.function(
        y_true,
        y_pred,
        sample_weight=weight if weighted else None,
        mask=mask if masked else None,
        reduction=reduction,
        denominator=denominator,
        return_grad=True,
        **case.parameters,
    )
    losses, gradients = case.function(
        y_true, y_pred, reduction="none", return_grad=True, **case.parameters
    )
    weight = weight if weighted else np.ones((6, 5))
    exists = mask if masked else np.ones((6, 5), bool)
    factor = factors(weight, exists, reduction, denominator)
    expected = factor * losses if reduction in ("none", None) else (factor * losses).sum()
    # Thirty terms, of both signs: each rounded a few times, and so is what they are divided by.
    np.testing.assert_allclose(loss, expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(gradient, factor[..., None] * gradients, rtol=1e-13, atol=1e-16)


@every_kind
@pytest.mark.parametrize("shape", [(), (1,), (4,), (4, 1), (1, 3), (4, 3)], ids=str)
def test_weights_and_masks_broadcast_from_the_left(case: Case, shape: Shape) -> None:
    random = np.random.default_rng(9)
    y_true, y_pred = case.draw(random, (4, 3, CLASSES))
    options = {"reduction": "mean_with_sample_weight", "return_grad": True} | case.parameters
    weight, mask = np.array(random.random(shape)), np.array(random.random(shape) < 0.6)
    loss, gradient = case.function(y_true, y_pred, sample_weight=weight, mask=mask, **options)
    padded = shape + (1,) * (2 - len(shape))
    weight, mask = (np.broadcast_to(a.reshape(padded), (4, 3)).copy() for a in (weight, mask))
    expected = case.function(y_true, y_pred, sample_weight=weight, mask=mask, **options)
    assert loss == expected[0]
    np.testing.assert_array_equal(gradient, expected[1])


@every_kind
@pytest.mark.parametrize("hidden_by", ["sample_weight", "mask"])
def test_rows_that_do_not_count_are_not_read(case: Case, hidden_by: str) -> None:
    y_true, y_pred = case.draw(np.random.default_rng(10), (5, CLASSES))
    y_pred[2] = np.nan
    y_pred[3] = np.inf
    counts = np.array([True, True, False, False, True])
    hide = {hidden_by: counts if hidden_by == "mask" else counts.astype(float)}
    loss, gradient = case.function(
        y_true, y_pred, reduction="sum", return_grad=True, **hide, **case.parameters
    )
    kept, kept_gradient = case.function(
        y_true[counts], y_pred[counts], reduction="sum", return_grad=True, **case.parameters
    )
    # Three terms; where a row lies decides the lane of the sum that it enters.
    np.testing.assert_allclose(loss, kept, rtol=1e-15)
    np.testing.assert_array_equal(gradient[counts], kept_gradient)
    np.testing.assert_array_equal(gradient[~counts], 0)


@every_kind
def test_nan_is_not_lost(case: Case) -> None:
    y_true, y_pred = case.draw(np.random.default_rng(11), (5, CLASSES))
    y_pred[2, 1] = np.nan
    losses, gradient = case.function(
        y_true, y_pred, reduction="none", return_grad=True, **case.parameters
    )
    np.testing.assert_array_equal(np.isnan(losses), np.arange(5) == 2)
    assert np.isnan(gradient[2, 1])
    assert np.isnan(case.function(y_true, y_pred, **case.parameters))


@pytest.mark.parametrize("ignore_class", [-100, -1, 2, np.int8(-1)])
@pytest.mark.parametrize(
    "case",
    [
        named("sparse_categorical_crossentropy-from_logits"),
        named("sparse_categorical_focal_crossentropy-from_logits-label_smoothing-alpha-gamma"),
    ],
    ids=str,
)
def test_an_ignored_class_is_a_mask(case: Case, ignore_class: int) -> None:
    labels, logits = case.draw(np.random.default_rng(12), (4, 5, CLASSES))
    labels[::2, 1] = ignore_class
    ignored = labels == ignore_class
    result = case.function(
        labels, logits, ignore_class=ignore_class, return_grad=True, **case.parameters
    )
    expected = case.function(
        np.where(ignored, 0, labels), logits, mask=~ignored, return_grad=True, **case.parameters
    )
    assert result[0] == expected[0]
    np.testing.assert_array_equal(result[1], expected[1])


@every_kind
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_an_empty_batch_has_no_loss(case: Case, reduction: str | None) -> None:
    y_true, y_pred = case.draw(np.random.default_rng(13), (3, CLASSES))
    loss, gradient = case.function(
        y_true[:0], y_pred[:0], reduction=reduction, return_grad=True, **case.parameters
    )
    assert gradient.shape == (0, CLASSES)
    assert loss.shape == ((0,) if reduction in ("none", None) else ())
    assert np.all(loss == 0)


@every_kind
@pytest.mark.parametrize("reduction", REDUCTIONS[:4])
def test_a_mean_over_no_row_is_zero(case: Case, reduction: str) -> None:
    y_true, y_pred = case.draw(np.random.default_rng(14), (3, CLASSES))
    loss, gradient = case.function(
        y_true,
        y_pred,
        mask=np.zeros(3, bool),
        reduction=reduction,
        return_grad=True,
        **case.parameters,
    )
    assert loss == 0
    np.testing.assert_array_equal(gradient, 0)
