"""Where the numbers are not those of keras.losses, and why: one test for each difference."""

from typing import Any

import keras
import pytest
import torch
from keras_cases import CASES, CLASSES, Case, needs_current_keras, value_and_grad

import fusedloss.keras
from fusedloss.keras import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    Huber,
    MeanSquaredError,
    Poisson,
    SparseCategoricalCrossentropy,
)

pytestmark = needs_current_keras

NAN = float("nan")


def test_labels_are_not_rounded_to_the_dtype_of_the_loss() -> None:
    """bfloat16 holds 256 and 258, but not 257: Keras looks up another class."""
    logits = torch.zeros(1, 300, dtype=torch.bfloat16)
    logits[0, 257] = 5.0
    exact = torch.nn.functional.cross_entropy(logits.float(), torch.tensor([257]))
    labels = torch.tensor([257])
    options = {"from_logits": True, "dtype": "bfloat16"}
    ours = SparseCategoricalCrossentropy(**options)(labels, logits)
    theirs = keras.losses.SparseCategoricalCrossentropy(**options)(labels, logits)
    assert ours == exact.bfloat16()
    assert theirs > ours + 4


def test_predictions_are_not_rounded_to_the_dtype_of_the_loss() -> None:
    y_true, y_pred = torch.tensor([[256.0]]), torch.tensor([[257.0]])
    assert MeanSquaredError(dtype="bfloat16")(y_true, y_pred) == 1
    assert keras.losses.MeanSquaredError(dtype="bfloat16")(y_true, y_pred) == 0


def keras_fails(loss: Any, *arguments: Any, mask: Any = None) -> bool:
    """Whether the result is NaN, or there is none."""
    try:
        return bool(value_and_grad(loss, *arguments, mask=mask)[0].isnan().any())
    except RuntimeError as error:
        return "all elements of input should be between 0 and 1" in str(error)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nan_in_a_row_that_does_not_count_is_harmless(case: Case) -> None:
    """Keras multiplies by 0, and 0 * NaN is NaN."""
    shape = (4, 5, 3) if case.axis == 1 else (4, 3, 5)
    y_true, y_pred = case.batch(*shape)
    counts = torch.ones(4, 3, dtype=torch.bool)
    counts[1, 2] = counts[3, 0] = False
    poisoned = torch.where(counts.unsqueeze(case.axis), y_pred, NAN)
    clean = value_and_grad(case.ours(), y_true, y_pred, mask=counts)
    value, gradient = value_and_grad(case.ours(), y_true, poisoned, mask=counts)
    assert value == clean[0]
    assert torch.equal(gradient, clean[1])
    assert not gradient[torch.isnan(poisoned)].any()
    assert keras_fails(case.theirs(), y_true, poisoned, torch.ones(4, 3), mask=counts)

    weights = counts.float()
    for reduction in ["sum", "mean_with_sample_weight", "none"]:
        loss = case.ours(reduction=reduction)
        value, gradient = value_and_grad(loss, y_true, poisoned, weights)
        assert value.isfinite().all()
        assert gradient.isfinite().all()
        assert keras_fails(case.theirs(reduction=reduction), y_true, poisoned, weights)


def test_weights_are_not_modified() -> None:
    """Keras multiplies a mask into the caller's tensor."""
    y_true, y_pred, mask = torch.zeros(3, 2), torch.ones(3, 2), torch.tensor([True, False, True])
    for loss, expected in [
        (MeanSquaredError(), [1.0, 1.0, 1.0]),
        (keras.losses.MeanSquaredError(), [1.5, 0.0, 1.5]),
    ]:
        weights = torch.ones(3)
        value_and_grad(loss, y_true, y_pred, weights, mask=mask)
        assert weights.tolist() == expected


def test_float64_stays_float64() -> None:
    """Keras divides a mean in float32."""
    y_true, y_pred = torch.zeros(3, 1).double(), torch.full((3, 1), 0.1).double()
    assert MeanSquaredError(dtype="float64")(y_true, y_pred).dtype == torch.float64
    assert keras.losses.MeanSquaredError(dtype="float64")(y_true, y_pred).dtype == torch.float32


def test_a_mean_divides_by_the_weights_as_they_are_broadcast() -> None:
    """A weighted mean of equal losses is that loss, whatever the shape of the weights."""
    y_true, y_pred = torch.zeros(2, 3, 4), torch.full((2, 3, 4), 2.0)
    ours = MeanSquaredError(reduction="mean_with_sample_weight")
    theirs = keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")
    weights = torch.tensor([[1.0], [3.0]])
    assert ours(y_true, y_pred, weights) == 4
    assert ours(y_true, y_pred, 5.0) == 4
    assert theirs(y_true, y_pred, weights.expand(2, 3)) == 4
    assert theirs(y_true, y_pred, weights) == 12
    assert theirs(y_true, y_pred, 5.0) == 24


def test_a_single_row_is_reduced_like_many() -> None:
    """Keras does not reduce what is a scalar already."""
    y_true, y_pred, weight = torch.zeros(3), torch.full((3,), 2.0), torch.tensor([5.0])
    options = {"reduction": "mean_with_sample_weight"}
    assert MeanSquaredError(**options)(y_true, y_pred, weight) == 4
    assert keras.losses.MeanSquaredError(**options)(y_true, y_pred, weight) == 20


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_one_weight_for_each_sample_of_a_sequence(case: Case) -> None:
    """`fit` makes such weights of class_weight. Keras fails, or weighs the steps."""
    for steps in (3, 4):
        y_true, y_pred = case.batch(4, steps, 5)
        weights = torch.tensor([0.0, 1.0, 2.0, 4.0])
        value = case.ours()(y_true, y_pred, weights)
        torch.testing.assert_close(value, case.theirs()(y_true, y_pred, weights[:, None]))
        if steps == 3:
            with pytest.raises(RuntimeError, match="must match the size"):
                case.theirs()(y_true, y_pred, weights)
        else:
            of_steps = case.theirs()(y_true, y_pred, weights[None, :])
            torch.testing.assert_close(case.theirs()(y_true, y_pred, weights), of_steps)
            assert not torch.allclose(value, of_steps)


def test_one_weight_for_each_step_needs_a_batch_axis() -> None:
    """The same weights would mean something else for a batch of as many samples as steps."""
    y_true, y_pred = torch.zeros(4, 3, 5), torch.ones(4, 3, 5)
    with pytest.raises(ValueError, match=r"sample_weight.*\(4, 3\), got \(3,\).*use \(1, 3\)"):
        MeanSquaredError()(y_true, y_pred, torch.ones(3))
    assert MeanSquaredError()(y_true, y_pred, torch.ones(1, 3)) == 1
    assert keras.losses.MeanSquaredError()(y_true, y_pred, torch.ones(3)) == 1


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_an_empty_batch_has_loss_0(case: Case, reduction: str) -> None:
    """Keras returns what it was to reduce: a tensor of no losses."""
    y_true, y_pred = case.batch(0, 5)
    value, gradient = value_and_grad(case.ours(reduction=reduction), y_true, y_pred)
    assert value.shape == ()
    assert value == 0
    assert gradient.shape == y_pred.shape
    if case.name == "CategoricalHinge":
        with pytest.raises(ValueError, match="max of an empty tensor"):
            case.theirs(reduction=reduction)(y_true, y_pred)
    else:
        assert case.theirs(reduction=reduction)(y_true, y_pred).shape == (0,)


def test_focal_losses_from_logits_are_not_clipped() -> None:
    """Keras clips the probability, and with it the gradient of the worst mistakes."""
    binary = torch.ones(1, 1), torch.full((1, 1), -100.0)
    dense = torch.tensor([[1.0, 0.0]]), torch.tensor([[-100.0, 0.0]])
    for name, batch, options in [
        ("BinaryFocalCrossentropy", binary, {}),
        ("CategoricalFocalCrossentropy", dense, {"alpha": 1.0}),
    ]:
        ours = getattr(fusedloss.keras, name)(from_logits=True, **options)
        theirs = getattr(keras.losses, name)(from_logits=True, **options)
        value, gradient = value_and_grad(ours, *batch)
        assert value == 100
        assert gradient[0, 0] == -1
        value, gradient = value_and_grad(theirs, *batch)
        torch.testing.assert_close(value, torch.tensor(16.118095))
        assert gradient[0, 0] == 0


def test_focal_losses_have_a_gradient_for_every_gamma() -> None:
    """A power has no finite derivative at 0: Keras' gradient is NaN once an example is certain."""
    y_true, y_pred = torch.ones(1, 1), torch.full((1, 1), 30.0)
    options = {"gamma": 0.5, "from_logits": True}
    assert value_and_grad(BinaryFocalCrossentropy(**options), y_true, y_pred)[1].isfinite()
    theirs = keras.losses.BinaryFocalCrossentropy(**options)
    assert value_and_grad(theirs, y_true, y_pred)[1].isnan()


def test_smoothing_can_be_kept_out_of_the_focus() -> None:
    """Keras smooths the label first, so that a perfect prediction is not an easy example."""
    y_true, y_pred = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.7, 0.3]])
    sharp = BinaryFocalCrossentropy(label_smoothing=0.2, smoothed_focus=False)
    cost = keras.losses.binary_crossentropy(y_true[0, :, None], y_pred[0, :, None], False, 0.2)
    torch.testing.assert_close(sharp(y_true, y_pred), (0.3**2 * cost).mean())
    theirs = keras.losses.BinaryFocalCrossentropy(label_smoothing=0.2)(y_true, y_pred)
    torch.testing.assert_close(BinaryFocalCrossentropy(label_smoothing=0.2)(y_true, y_pred), theirs)
    assert not torch.allclose(sharp(y_true, y_pred), theirs)

    sharp = CategoricalFocalCrossentropy(label_smoothing=0.2, smoothed_focus=False)
    smooth = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    focus = 0.25 * 0.3**2
    torch.testing.assert_close(sharp(y_true, y_pred), focus * smooth(y_true, y_pred))


@pytest.mark.parametrize("name", ["CategoricalCrossentropy", "CategoricalFocalCrossentropy"])
def test_smoothing_and_alpha_follow_the_class_axis(name: str) -> None:
    """Keras 3.15 smooths by the size of the last axis, and multiplies alpha along it."""
    options = {"from_logits": True, "label_smoothing": 0.2}
    if "Focal" in name:
        options["alpha"] = [0.1, 0.2, 0.3, 0.4]
    ours, theirs = getattr(fusedloss.keras, name), getattr(keras.losses, name)
    logits = torch.randn(3, 4, 4)
    y_true = torch.eye(4)[torch.randint(0, 4, (3, 4))].mT
    expected = theirs(**options)(y_true.mT, logits.mT)
    torch.testing.assert_close(ours(**options, axis=1)(y_true, logits), expected)
    y_true, logits = y_true[..., :2], logits[..., :2]
    expected = theirs(**options)(y_true.mT, logits.mT)
    torch.testing.assert_close(ours(**options, axis=1)(y_true, logits), expected)


def test_a_class_without_target_may_be_impossible() -> None:
    """-inf switches a class off; 0 * -inf is NaN in Keras."""
    y_true, logits = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, -torch.inf]])
    loss = CategoricalCrossentropy(from_logits=True)
    assert value_and_grad(loss, y_true, logits)[0] == 0
    assert value_and_grad(loss, y_true, logits)[1].isfinite().all()
    assert keras.losses.CategoricalCrossentropy(from_logits=True)(y_true, logits).isnan()


def test_no_label_is_ignored_unasked() -> None:
    """-100 is what torch ignores by default, and so Keras on torch takes its loss for 0."""
    labels, logits = torch.tensor([-100, 1]), torch.zeros(2, 3)
    with pytest.raises(ValueError, match="y_true"):
        SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    assert theirs(labels, logits)[0] == 0


def test_labels_outside_0_and_1_are_computed() -> None:
    """As Keras on JAX and TensorFlow; on torch it raises, from probabilities only."""
    y_true, y_pred = torch.tensor([[-1.0]]), torch.tensor([[0.25]])
    expected = y_pred.log().sum() - 2 * (1 - y_pred).log().sum()
    torch.testing.assert_close(BinaryCrossentropy()(y_true, y_pred), expected)
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        keras.losses.BinaryCrossentropy()(y_true, y_pred)


def test_parameters_are_checked_when_the_loss_is_built() -> None:
    with pytest.raises(ValueError, match="delta must be"):
        Huber(delta=-1.0)
    y = torch.ones(2, 2)
    assert keras.losses.Huber(delta=-1.0)(y, y) == -0.5


def test_every_function_accepts_a_last_axis_of_size_1() -> None:
    """Keras' class does, its function `poisson` makes a matrix of (n, 1) and (n,)."""
    counts, rates = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([1.0, 2.0, 3.0])
    ours = fusedloss.keras.poisson(counts, rates)
    torch.testing.assert_close(ours, keras.losses.poisson(counts, rates[:, None]))
    torch.testing.assert_close(ours.mean(), Poisson()(counts, rates))
    assert not torch.allclose(ours, keras.losses.poisson(counts, rates))


def test_functions_return_float32() -> None:
    """What is summed and averaged next is not rounded to 8 bits before."""
    y_true, y_pred = torch.zeros(1, 2), torch.tensor([[1.0, 1.0078125]], dtype=torch.bfloat16)
    ours = fusedloss.keras.mean_absolute_error(y_true, y_pred)
    theirs = keras.losses.mean_absolute_error(y_true, y_pred)
    assert ours == torch.tensor([1.00390625])
    assert ours.dtype == torch.float32
    assert theirs.dtype == torch.bfloat16
