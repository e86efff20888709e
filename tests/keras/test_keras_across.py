"""A model that is saved on one backend and loaded on another."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import keras_going_on
import numpy as np
import pytest
from keras_going_on import go_on
from keras_tensors import BACKEND

import fusedloss.keras

# Keras converts its own variables in a way that NumPy 2 warns about.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

NEXT = {"torch": "jax", "jax": "tensorflow", "tensorflow": "torch"}[BACKEND]


@pytest.mark.skipif(find_spec(NEXT) is None, reason=f"{NEXT} is not installed")
def test_a_model_saved_here_goes_on_there(tmp_path: Path) -> None:
    """With weights of classes, a loss inside the model, and a function for a loss."""
    random = np.random.default_rng(0)
    x = random.normal(size=(10, 5)).astype(np.float32)
    kind = random.integers(-1, 3, 10)
    amount = x.sum(1, keepdims=True)
    distance = np.zeros((10,), np.float32)
    data = {"x": x, "kind": kind, "amount": amount, "distance": distance}
    np.savez(tmp_path / "data.npz", **data)

    inputs = keras.Input((5,))
    kinds = keras.layers.Dense(3, name="kind")(inputs)
    amounts = keras.layers.Dense(1, name="amount")(inputs)
    inside = fusedloss.keras.binary_crossentropy(
        keras.ops.sigmoid(inputs), keras.layers.Dense(5)(inputs), True, pos_weight=[1, 2, 3, 2, 1]
    )
    model = keras.Model(
        inputs,
        {
            "kind": kinds,
            "amount": amounts,
            "distance": keras.layers.Identity(name="distance")(inside),
        },
    )
    weights = {"class_weight": [0.5, 1.0, 2.0], "ignore_class": -1}
    losses = {
        "kind": fusedloss.keras.SparseCategoricalCrossentropy(from_logits=True, **weights),
        "amount": fusedloss.keras.huber,
        "distance": fusedloss.keras.MeanAbsoluteError(reduction="sum"),
    }
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss=losses)
    go_on(model, data)  # so that there is momentum to be saved
    model.save(tmp_path / "model.keras")
    here = go_on(model, data)

    search = os.path.dirname(os.path.dirname(fusedloss.__file__))
    there = subprocess.run(
        [sys.executable, keras_going_on.__file__, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": search, "KERAS_BACKEND": NEXT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert there.returncode == 0, there.stderr
    found = np.load(tmp_path / "there.npz")
    assert found.keys() == here.keys()
    assert len(here["losses"]) == 2 * 3
    for name, values in here.items():
        np.testing.assert_allclose(found[name], values, 1e-4, 1e-6, err_msg=name)
