"""What a saved model does next, on whatever Keras runs on. As a program: one that is loaded."""

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

import fusedloss.keras


def go_on(model: keras.Model, data: Any) -> dict[str, np.ndarray]:
    """Train: the losses after each step, and the weights and predictions after all."""
    losses = []
    after_step = keras.callbacks.LambdaCallback(
        # Those of single outputs are averaged over batches in another way on each backend.
        on_train_batch_end=lambda _, logs: losses.append(float(logs["loss"]))
    )
    y = {name: data[name] for name in ("kind", "amount", "distance")}
    model.fit(
        data["x"], y, batch_size=4, epochs=2, shuffle=False, verbose=0, callbacks=[after_step]
    )
    predicted = model(data["x"], training=False)
    return {
        "losses": np.array(losses),
        **{f"weight {place}": each for place, each in enumerate(model.get_weights())},
        **{name: keras.ops.convert_to_numpy(each) for name, each in predicted.items()},
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    # Keras on PyTorch saves the optimizer as a class of its own, which trains nothing else.
    optimizers = {"SGD": keras.optimizers.SGD}
    model = keras.models.load_model(folder / "model.keras", custom_objects=optimizers)
    assert type(model.loss["kind"]) is fusedloss.keras.SparseCategoricalCrossentropy
    np.savez(folder / "there.npz", **go_on(model, np.load(folder / "data.npz")))
