"""Losses by name and by configuration."""

from typing import Any

import keras
import numpy as np
import pytest
from keras_cases import CLASSES, KERAS_CLASSES, Case

import fusedloss.keras
from fusedloss.keras import deserialize, get, serialize

ALIASES = {
    alias: name
    for name, aliases in {
        "binary_crossentropy": ("bce", "BCE"),
        "kl_divergence": ("kld", "KLD"),
        "mean_absolute_error": ("mae", "MAE"),
        "mean_absolute_percentage_error": ("mape", "MAPE"),
        "mean_squared_error": ("mse", "MSE"),
        "mean_squared_logarithmic_error": ("msle", "MSLE"),
    }.items()
    for alias in aliases
}


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_names_of_classes_and_functions(case: Case) -> None:
    cls, function = (getattr(fusedloss.keras, name) for name in (case.name, case.function))
    assert type(get(case.name)) is cls
    assert get(case.name).get_config() == cls().get_config()
    assert get(case.function) is function
    assert type(deserialize(case.name)) is cls
    assert deserialize(case.function) is function


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases(alias: str) -> None:
    assert get(alias) is getattr(fusedloss.keras, ALIASES[alias])
    assert keras.losses.get(alias) is getattr(keras.losses, ALIASES[alias])


def test_every_name_that_keras_knows() -> None:
    """Ours where we have the loss, and Keras' own otherwise."""
    names = [name for name in dir(keras.losses) if name[0] != "_" and name[0] != "L"]
    known = {"deserialize", "get", "serialize", "CategoricalGeneralizedCrossEntropy"}
    for name in [*names, *ALIASES]:
        if name in known or name == "categorical_generalized_cross_entropy":
            continue  # the last two, Keras does not find by name
        loss, theirs = get(name), keras.losses.get(name)
        if name in fusedloss.keras.__all__ or name in ALIASES:
            loss, theirs = (getattr(item, "__name__", type(item)) for item in (loss, theirs))
            assert str(loss).startswith("<class 'fusedloss") or loss == theirs
        else:
            assert type(loss) is type(theirs)
            assert name.lower() in {"ctc", "circle", "dice", "tversky"}


def test_what_is_a_loss_already() -> None:
    assert get(None) is None
    loss, theirs = fusedloss.keras.Huber(), keras.losses.Huber()
    assert get(loss) is loss
    assert get(theirs) is theirs
    assert get(max) is max
    assert type(get(fusedloss.keras.Huber)) is fusedloss.keras.Huber


@pytest.mark.parametrize("identifier", ["nonsense", "crossentropy", 3])
def test_what_is_no_loss(identifier: Any) -> None:
    with pytest.raises(ValueError, match=r"Could not interpret|Could not locate"):
        get(identifier)


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_configurations_of_ours(case: Case) -> None:
    loss, function = case.ours(reduction="sum"), getattr(fusedloss.keras, case.function)
    for read in (get, deserialize):
        assert type(read(serialize(loss))) is type(loss)
        assert read(serialize(loss)).get_config() == loss.get_config()
        assert read(serialize(function)) is function


@pytest.mark.parametrize("case", KERAS_CLASSES, ids=str)
def test_configurations_of_keras_own(case: Case) -> None:
    theirs = case.theirs(reduction="sum")
    for config in (
        keras.losses.serialize(theirs),
        {"class_name": case.name, "config": {"reduction": "sum"}},
    ):
        ours = get(config)
        assert type(ours) is getattr(fusedloss.keras, case.name)
        assert ours.reduction == "sum"
    function = getattr(keras.losses, case.function)
    assert get(keras.losses.serialize(function)) is getattr(fusedloss.keras, case.function)


def test_a_configuration_of_what_we_lack() -> None:
    dice = keras.losses.serialize(keras.losses.Dice(reduction="sum"))
    assert type(get(dice)) is keras.losses.Dice
    assert serialize(keras.losses.Dice(reduction="sum")) == dice


def test_custom_objects_come_first() -> None:
    class Huber(fusedloss.keras.Huber):
        pass

    config = {"class_name": "Huber", "config": {"delta": 3.0}}
    assert type(deserialize(config, {"Huber": Huber})) is Huber
    with keras.saving.custom_object_scope({"Huber": Huber}):
        assert type(deserialize(config)) is Huber


@pytest.mark.parametrize("identifier", ["mse", "Huber", "huber", "MeanAbsolutePercentageError"])
def test_a_model_compiled_with_what_was_found(identifier: str) -> None:
    x, y = np.ones((4, 3), np.float32), np.zeros((4, 3), np.float32)
    results = []
    for find in (get, keras.losses.get):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Identity()])
        model.compile("sgd", loss=find(identifier))
        results.append(model.evaluate(x, y + 0.25, verbose=0))
    assert results[0] == pytest.approx(results[1])
