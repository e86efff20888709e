"""A model that is saved on one backend and loaded on another."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest
from keras_tensors import BACKEND

import fusedloss.keras

# Keras converts its own variables in a way that NumPy 2 warns about.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

NEXT = {"torch": "jax", "jax": "tensorflow", "tensorflow": "torch"}[BACKEND]

LOAD = """
import sys
import numpy as np
import keras
import fusedloss.keras
data = np.load(sys.argv[1] + "/data.npz")
model = keras.models.load_model(sys.argv[1] + "/model.keras")
assert type(model.loss["kind"]) is fusedloss.keras.SparseCategoricalCrossentropy
assert keras.backend.backend() == sys.argv[2]
y = {"kind": data["kind"], "amount": data["amount"], "distance": data["distance"]}
print(model.evaluate(data["x"], y, batch_size=4, verbose=0)[0])
# A new optimizer: Keras saves that of torch as such, which trains nothing else.
model.compile("sgd", loss=model.loss)
history = model.fit(data["x"], y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]
print(*history)
"""


@pytest.mark.skipif(find_spec(NEXT) is None, reason=f"{NEXT} is not installed")
def test_a_model_saved_here_goes_on_there(tmp_path: Path) -> None:
    """With weights of classes, a loss inside the model, and a function for a loss."""
    random = np.random.default_rng(0)
    x = random.normal(size=(10, 5)).astype(np.float32)
    kind = random.integers(-1, 3, 10)
    amount = x.sum(1, keepdims=True)
    distance = np.zeros((10,), np.float32)
    np.savez(tmp_path / "data.npz", x=x, kind=kind, amount=amount, distance=distance)

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
    model.compile("sgd", loss=losses)
    model.save(tmp_path / "model.keras")
    y = {"kind": kind, "amount": amount, "distance": distance}
    # The sum: those of single outputs are averaged over batches in another way on each backend.
    evaluated = model.evaluate(x, y, batch_size=4, verbose=0)[0]
    fitted = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]

    search = os.path.dirname(os.path.dirname(fusedloss.__file__))
    there = subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path), NEXT],
        env={**os.environ, "PYTHONPATH": search, "KERAS_BACKEND": NEXT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert there.returncode == 0, there.stderr
    lines = [list(map(float, line.split())) for line in there.stdout.splitlines()[-2:]]
    assert lines[0] == pytest.approx([evaluated], rel=1e-5)
    assert lines[1] == pytest.approx(fitted, rel=1e-4)
