"""More differences from keras.losses: directions, wrong labels, infinities, NaN, and graphs."""

import keras
import pytest
import torch
from keras_cases import needs_current_keras, value_and_grad

import fusedloss.keras

pytestmark = needs_current_keras

NAN = float("nan")


def test_the_cosine_of_a_zero_vector_has_gradient_0() -> None:
    """A dead relu is enough for one. Keras' gradient is NaN, and so is the model's next step."""
    y_true, y_pred = torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2)
    value, gradient = value_and_grad(fusedloss.keras.CosineSimilarity(), y_true, y_pred)
    assert value == 0
    assert not gradient.any()
    assert value_and_grad(keras.losses.CosineSimilarity(), y_true, y_pred)[1].isnan().all()


def test_vectors_are_broadcast_before_they_are_normalised() -> None:
    """Keras normalises each side by itself: its cosine of 1 and (1, 1, 1) is 1.73."""
    y_true, y_pred = torch.ones(1, 1), torch.ones(1, 3)
    assert fusedloss.keras.CosineSimilarity()(y_true, y_pred) == pytest.approx(-1)
    assert keras.losses.CosineSimilarity()(y_true, y_pred) == pytest.approx(-(3**0.5))


def test_the_log_cosh_of_a_small_difference_is_not_0() -> None:
    y_true, y_pred = torch.zeros(1, 1), torch.full((1, 1), 1e-4)
    ours = fusedloss.keras.log_cosh(y_true, y_pred)
    assert ours.item() == pytest.approx(5e-9, rel=1e-6)
    assert keras.losses.log_cosh(y_true, y_pred) == 0


def test_labels_of_generalized_cross_entropy_may_be_a_column() -> None:
    """Keras documents the shape (batch, 1), and compares every label with every row."""
    labels, prob = torch.tensor([0, 1]), torch.tensor([[0.25, 0.75], [0.5, 0.5]])
    ours = fusedloss.keras.categorical_generalized_cross_entropy(labels[:, None], prob, 0.5)
    theirs = keras.losses.categorical_generalized_cross_entropy(labels, prob, 0.5)
    torch.testing.assert_close(ours, theirs)
    wrong = keras.losses.categorical_generalized_cross_entropy(labels[:, None], prob, 0.5)
    assert wrong.shape == (2, 2)


def test_generalized_cross_entropy_of_an_impossible_class_has_a_gradient() -> None:
    """As if the probability were 1e-7. Keras' is -inf, and NaN for the other classes."""
    labels, prob = torch.tensor([0]), torch.tensor([[0.0, 1.0]])
    ours = fusedloss.keras.CategoricalGeneralizedCrossEntropy()
    value, gradient = value_and_grad(ours, labels, prob)
    assert value == 2
    torch.testing.assert_close(gradient, torch.tensor([[-(1e-7**-0.5), 0.0]]))
    theirs = keras.losses.CategoricalGeneralizedCrossEntropy()
    assert not value_and_grad(theirs, labels, prob)[1].isfinite().any()


def test_generalized_cross_entropy_knows_its_labels() -> None:
    """A label of -1 has probability 0 in Keras. Probabilities of other classes are not read."""
    loss, theirs = (
        module.CategoricalGeneralizedCrossEntropy() for module in (fusedloss.keras, keras.losses)
    )
    with pytest.raises(ValueError, match="label -1"):
        loss(torch.tensor([-1]), torch.tensor([[0.5, 0.5]]))
    assert theirs(torch.tensor([-1]), torch.tensor([[0.5, 0.5]])) == 2
    poisoned = torch.tensor([[0.25, NAN]])
    assert loss(torch.tensor([0]), poisoned) == 1
    assert theirs(torch.tensor([0]), poisoned).isnan()


def test_generalized_cross_entropy_with_q_1_is_the_absolute_error() -> None:
    labels, prob = torch.tensor([0]), torch.tensor([[0.25, 0.75]])
    assert fusedloss.keras.CategoricalGeneralizedCrossEntropy(q=1)(labels, prob) == 0.75
    with pytest.raises(ValueError, match="q must be"):
        keras.losses.CategoricalGeneralizedCrossEntropy(q=1)


@pytest.mark.parametrize("infinity", [torch.inf, -torch.inf])
def test_an_infinite_error_has_a_bounded_slope_where_the_loss_has_one(infinity: float) -> None:
    """inf - inf and 0 * inf are NaN in Keras."""
    y_true, y_pred = torch.zeros(1, 1), torch.full((1, 1), infinity)
    sign = y_pred.sign()
    for name, gradient_in_keras, value_in_keras in [
        ("Huber", NAN, torch.inf),
        ("LogCosh", sign.item(), torch.inf if infinity > 0 else NAN),
    ]:
        value, gradient = value_and_grad(getattr(fusedloss.keras, name)(), y_true, y_pred)
        assert value == torch.inf
        assert gradient == sign
        value, gradient = value_and_grad(getattr(keras.losses, name)(), y_true, y_pred)
        assert value.item() == pytest.approx(value_in_keras, nan_ok=True)
        assert gradient.item() == pytest.approx(gradient_in_keras, nan_ok=True)


def test_the_gradient_at_nan_is_nan() -> None:
    """It is 0 or 1 in Keras, which hides where the NaN came from."""
    y_true, y_pred = torch.ones(1, 1), torch.full((1, 1), NAN)
    for name in ("MeanAbsoluteError", "MeanAbsolutePercentageError", "Hinge"):
        assert value_and_grad(getattr(fusedloss.keras, name)(), y_true, y_pred)[1].isnan()
        assert value_and_grad(getattr(keras.losses, name)(), y_true, y_pred)[1].abs() <= 1


def test_a_row_lies_along_one_axis() -> None:
    """Keras averages, or multiplies, over several, as a side effect of how it is written."""
    y = torch.ones(2, 3, 4)
    with pytest.raises(TypeError, match="axis must be an integer"):
        fusedloss.keras.BinaryCrossentropy(axis=(1, 2))
    assert keras.losses.BinaryCrossentropy(axis=(1, 2), reduction=None)(y, y).shape == (2,)


def test_a_loss_inside_a_graph_is_one_operation() -> None:
    """Its numbers are ours also for symbolic tensors; Keras would have a node for every step."""
    y_true, y_pred = keras.KerasTensor((2, 1)), keras.KerasTensor((2, 1))
    model = keras.Function([y_true, y_pred], fusedloss.keras.log_cosh(y_true, y_pred))
    small = torch.zeros(2, 1), torch.full((2, 1), 1e-4)
    assert model([*small]).min() > 0
    assert len(model.operations) == 1
