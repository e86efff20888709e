"""Configurations, saved models and copies keep every argument."""

import copy
import inspect
import pickle
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras_cases import CASES, CLASSES, Case
from keras_tensors import array, tensor

import fusedloss.keras

# Keras converts its own variables in a way that NumPy 2 warns about.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CROSSENTROPY = {
    "class_weight": [0.5, 1.0, 2.0],
    "temperature": 0.5,
    "softcap": 20.0,
    "z_loss": 0.25,
}
FOCAL = {
    "alpha": [0.1, 0.2, 0.3],
    "gamma": 1.5,
    "from_logits": True,
    "label_smoothing": 0.125,
    "axis": 1,
    "smoothed_focus": False,
}
# Every argument of every class, none at its default.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "MeanSquaredError": {},
    "MeanAbsoluteError": {},
    "MeanAbsolutePercentageError": {},
    "MeanSquaredLogarithmicError": {},
    "LogCosh": {},
    "Huber": {"delta": 2.5},
    "Pinball": {"quantile": 0.75},
    "CosineSimilarity": {"axis": 1},
    "KLDivergence": {},
    "Hinge": {},
    "SquaredHinge": {},
    "CategoricalHinge": {},
    "Poisson": {"log_input": True, "full": True},
    "NegativeBinomial": {"dispersion": 0.5, "log_input": True, "full": True},
    "ZeroInflatedPoisson": {"log_input": True, "full": True},
    "Gamma": {"log_input": True},
    "Tweedie": {"power": 1.25, "log_input": True},
    "GaussianNLL": {"full": True, "epsilon": 0.125},
    "BinaryCrossentropy": {
        "from_logits": True,
        "label_smoothing": 0.125,
        "axis": 1,
        "pos_weight": [1.5, 2.0, 0.5],
    },
    "BinaryFocalCrossentropy": {
        "apply_class_balancing": True,
        "alpha": [0.375, 0.5, 0.25],
        "gamma": 1.5,
        "from_logits": True,
        "label_smoothing": 0.125,
        "axis": 1,
        "smoothed_focus": False,
        "denominator": "positives",
    },
    "CategoricalCrossentropy": {
        "from_logits": True,
        "label_smoothing": 0.125,
        "axis": 1,
        **CROSSENTROPY,
    },
    "CategoricalFocalCrossentropy": FOCAL,
    "SparseCategoricalCrossentropy": {
        "from_logits": True,
        "label_smoothing": 0.125,
        "ignore_class": 1,
        "axis": 1,
        **CROSSENTROPY,
    },
    "SparseCategoricalFocalCrossentropy": {**FOCAL, "ignore_class": 1},
    "CategoricalGeneralizedCrossEntropy": {
        "q": 0.75,
        "from_logits": True,
        "ignore_class": 1,
        "axis": 1,
    },
}
SHARED = {"reduction": "mean_with_sample_weight", "name": "mine", "dtype": "bfloat16"}


def build(name: str) -> Any:
    return getattr(fusedloss.keras, name)(**ARGUMENTS[name], **SHARED)


def assert_same_loss(ours: Any, other: Any) -> None:
    assert type(ours) is type(other)
    assert ours.get_config() == other.get_config()
    case = next(case for case in CASES if case.name == type(ours).__name__)
    options = {"axis": 1} if hasattr(ours, "axis") else {}
    y_true, y_pred = Case(case.name, case.targets, case.predictions, options).batch(4, 3, 2)
    weights = np.array([0.5, 1.0, 0.0, 2.0], np.float32)
    mine, its = (array(loss(y_true, y_pred, weights)) for loss in (ours, other))
    np.testing.assert_array_equal(mine, its)


def test_every_class_is_here() -> None:
    assert set(ARGUMENTS) == {case.name for case in CLASSES}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_configuration_is_complete(name: str) -> None:
    cls = getattr(fusedloss.keras, name)
    arguments = set(inspect.signature(cls.__init__).parameters) - {"self"}
    assert arguments == set(ARGUMENTS[name]) | set(SHARED)
    assert build(name).get_config() == {**ARGUMENTS[name], **SHARED}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_round_trips(name: str) -> None:
    loss = build(name)
    assert_same_loss(type(loss).from_config(loss.get_config()), loss)
    serialized = keras.losses.serialize(loss)
    assert serialized["registered_name"] == f"fusedloss>{name}"
    assert_same_loss(keras.losses.deserialize(serialized), loss)
    assert_same_loss(copy.deepcopy(loss), loss)
    assert_same_loss(pickle.loads(pickle.dumps(loss)), loss)


@pytest.mark.parametrize("case", [case for case in CASES if not case.extra], ids=str)
def test_a_configuration_of_keras_own_loss(case: Case) -> None:
    """What Keras keeps of its arguments is enough to build ours."""
    theirs = case.theirs(reduction="sum").get_config()
    config = type(case.ours()).from_config(theirs).get_config()
    assert {name: config[name] for name in theirs} == theirs


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_defaults_follow_the_settings_in_force(case: Case) -> None:
    config = case.ours().get_config()
    assert config["dtype"] is None
    keras.config.set_floatx("float64")
    assert type(case.ours()).from_config(config).dtype == "float64"


def test_a_policy_is_saved_by_what_it_means_to_a_loss() -> None:
    loss = fusedloss.keras.Huber(dtype=keras.DTypePolicy("mixed_bfloat16"))
    assert loss.get_config()["dtype"] == "bfloat16"


@pytest.mark.parametrize("values", [(0.5, 0.25), np.array([0.5, 0.25]), tensor([0.5, 0.25])])
def test_weights_are_saved_as_a_list(values: Any) -> None:
    for loss, name in [
        (fusedloss.keras.CategoricalFocalCrossentropy(alpha=values), "alpha"),
        (fusedloss.keras.BinaryFocalCrossentropy(True, alpha=values), "alpha"),
        (fusedloss.keras.BinaryCrossentropy(True, pos_weight=values), "pos_weight"),
        (fusedloss.keras.SparseCategoricalCrossentropy(class_weight=values), "class_weight"),
    ]:
        assert loss.get_config()[name] == [0.5, 0.25]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_saved_model(name: str, tmp_path: Path) -> None:
    inputs = keras.Input((3, 4 if name in ("GaussianNLL", "ZeroInflatedPoisson") else 2))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile("sgd", loss=build(name), loss_weights=0.5)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_same_loss(loaded.loss, model.loss)
    copied = keras.models.clone_model(model)
    copied.compile_from_config(model.get_compile_config())
    assert_same_loss(copied.loss, model.loss)


def test_training_goes_on_after_loading(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(32, 3)), np.arange(32) % 4
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    loss = fusedloss.keras.SparseCategoricalCrossentropy(from_logits=True, ignore_class=3)
    model.compile(keras.optimizers.Adam(0.01), loss=loss)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    histories = [m.fit(x, y, shuffle=False, verbose=0).history["loss"] for m in (model, loaded)]
    assert histories[0] == pytest.approx(histories[1], rel=1e-6)


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_a_function_is_saved_by_its_name(case: Case, tmp_path: Path) -> None:
    function = getattr(fusedloss.keras, case.function)
    assert fusedloss.keras.get(fusedloss.keras.serialize(function)) is function
    model = keras.Sequential([keras.Input((5,)), keras.layers.Identity()])
    model.compile("sgd", loss=function)
    model.save(tmp_path / "model.keras")
    assert keras.models.load_model(tmp_path / "model.keras").loss is function
