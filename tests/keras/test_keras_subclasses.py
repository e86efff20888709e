"""Losses of one's own, built on ours."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras_tensors import Tensor, array, assert_close, attach_mask, gradients, tensor

import fusedloss.keras
from fusedloss.keras._backend import backend

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@keras.saving.register_keras_serializable(package="tests")
class Tolerant(fusedloss.keras.Huber):
    """An argument more, which `get_config` finds in the attribute of the same name."""

    def __init__(self, tolerance: float = 0.5, **options: Any) -> None:
        super().__init__(**options)
        self.tolerance = tolerance

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return keras.ops.relu(super().call(y_true, y_pred) - self.tolerance)


@keras.saving.register_keras_serializable(package="tests")
class Strict(fusedloss.keras.Huber):
    """Arguments of another name, saved by a method of its own."""

    def __init__(self, strictness: float, name: str = "strict") -> None:
        super().__init__(delta=1 / strictness, name=name)
        self._strictness = strictness

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "strictness": self._strictness}


class Forgetful(fusedloss.keras.Huber):
    def __init__(self, strictness: float) -> None:
        super().__init__(delta=1 / strictness)


class Plain(fusedloss.keras.SparseCategoricalCrossentropy):
    """Nothing but another name."""


def test_a_call_of_its_own_is_used() -> None:
    y_true, y_pred = np.zeros((3, 1), np.float32), tensor([[0.5], [2.0], [4.0]])
    weights = np.array([1.0, 2.0, 0.0], np.float32)
    losses = tensor([0.0, 1.0, 3.0])
    for reduction, expected in [
        ("sum_over_batch_size", 2 / 3),
        ("sum", 2.0),
        ("mean_with_sample_weight", 2 / 3),
    ]:
        loss = Tolerant(reduction=reduction)
        assert float(loss(y_true, y_pred, weights)) == pytest.approx(expected)
    assert_close(Tolerant(reduction=None)(y_true, y_pred), losses)
    _, (gradient,) = gradients(lambda y_pred: Tolerant(reduction="sum")(y_true, y_pred), [y_pred])
    assert array(gradient).tolist() == [[0.0], [1.0], [1.0]]


def test_masks_and_ignored_rows_with_a_call_of_its_own() -> None:
    class Doubled(fusedloss.keras.SparseCategoricalCrossentropy):
        def call(self, y_true: Any, y_pred: Any) -> Tensor:
            losses = super().call(y_true, y_pred)
            return attach_mask(2 * losses, backend.mask_of(losses))

    random = np.random.default_rng(0)
    labels, logits = np.array([0, -1, 2]), random.normal(size=(3, 4)).astype(np.float32)
    options = {"from_logits": True, "ignore_class": -1}
    plain = fusedloss.keras.SparseCategoricalCrossentropy(**options)
    assert_close(Doubled(**options)(labels, logits), 2 * plain(labels, logits))
    masked = attach_mask(tensor(logits), [True, True, False])
    expected = 2 * plain(labels[:1], logits[:1])
    assert_close(Doubled(**options)(labels, masked), expected)


def test_configurations() -> None:
    config = Tolerant(tolerance=0.25, delta=2.0, name="mine").get_config()
    assert config == {
        "tolerance": 0.25,
        "delta": 2.0,
        "reduction": "sum_over_batch_size",
        "name": "mine",
        "dtype": None,
    }
    assert Tolerant.from_config(config).get_config() == config
    assert Strict(4.0).get_config() == {"name": "strict", "strictness": 4.0}
    assert Strict.from_config(Strict(4.0).get_config()).delta == 0.25
    assert Plain(ignore_class=3).get_config()["ignore_class"] == 3
    with pytest.raises(NotImplementedError, match="Forgetful has no attribute `strictness`"):
        Forgetful(2.0).get_config()


@pytest.mark.parametrize("loss", [Tolerant(tolerance=0.25, delta=2.0), Strict(4.0)])
def test_training_and_saving(loss: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), loss=loss)
    y = x.sum(1, keepdims=True)
    history = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.loss) is type(loss)
    assert loaded.loss.get_config() == loss.get_config()
    assert loaded.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0))


def test_a_loss_as_part_of_another() -> None:
    """What a custom layer or a training step does with `call` and with a loss object."""
    huber, mse = fusedloss.keras.Huber(), fusedloss.keras.MeanSquaredError()

    class Mixed(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Tensor:
            return huber.call(y_true, y_pred) + 0.1 * mse.call(y_true, y_pred)

    random = np.random.default_rng(0)
    y_true, y_pred, weights = (
        random.uniform(size=shape).astype(np.float32) for shape in [(4, 2), (4, 2), 4]
    )
    expected = huber(y_true, y_pred, weights) + 0.1 * mse(y_true, y_pred, weights)
    assert_close(Mixed()(y_true, y_pred, weights), expected)


def test_a_penalty_inside_a_layer() -> None:
    class Penalised(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(fusedloss.keras.Huber()(keras.ops.zeros_like(x), x))
            return x

    model = keras.Sequential([keras.Input((2,)), Penalised()])
    model.compile("sgd", loss=fusedloss.keras.MeanSquaredError())
    x = np.full((4, 2), 3.0, np.float32)
    assert model.evaluate(x, x, verbose=0) == pytest.approx(2.5)
