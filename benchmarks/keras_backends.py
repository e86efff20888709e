"""fusedloss.keras against keras.losses on JAX or TensorFlow: value and gradient.

    KERAS_BACKEND=jax python benchmarks/keras_backends.py [--seconds 5]
    KERAS_BACKEND=tensorflow python benchmarks/keras_backends.py

Keras has one backend in a process, so this is a program beside compare.py. Ours and theirs take
turns. Compiling is not timed, except in the last line, which is about new shapes.
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("NPROC", "2")  # threads of XLA's pool in JAX

import keras

import fusedloss.keras
from timing import QUICK, interleave

Loss = Callable[[Any, Any], Any]

DRAW = np.random.default_rng(0)


def rows(count: int, classes: int) -> tuple[Any, Any]:
    """Labels and logits."""
    y_pred = DRAW.standard_normal((count, classes), np.float32)
    return DRAW.integers(classes, size=count).astype(np.int32), y_pred


def elements(*shape: int) -> tuple[Any, Any]:
    """Targets and predictions."""
    y_true, y_pred = (DRAW.standard_normal(shape, np.float32) for _ in range(2))
    return y_true, y_pred


CASES: dict[str, tuple[str, dict[str, Any], tuple[Any, Any]]] = {
    "SparseCategoricalCrossentropy 256 x 10": (
        "SparseCategoricalCrossentropy",
        {"from_logits": True},
        rows(256, 10),
    ),
    "SparseCategoricalCrossentropy 4096 x 1000": (
        "SparseCategoricalCrossentropy",
        {"from_logits": True},
        rows(4096, 1000),
    ),
    "Huber 256 x 4": ("Huber", {}, elements(256, 4)),
    "Huber 1024 x 1024": ("Huber", {}, elements(1024, 1024)),
}


def jax_modes(loss: Loss, y_true: Any, y_pred: Any) -> dict[str, Callable[[], Any]]:
    import jax

    y_true, y_pred = map(jax.numpy.asarray, (y_true, y_pred))
    differentiate = jax.value_and_grad(lambda y_pred, y_true: loss(y_true, y_pred))
    return {
        name: lambda function=function: jax.block_until_ready(function(y_pred, y_true))
        for name, function in (("jit", jax.jit(differentiate)), ("eager", differentiate))
    }


def tensorflow_modes(loss: Loss, y_true: Any, y_pred: Any) -> dict[str, Callable[[], Any]]:
    import tensorflow as tf

    y_true, y_pred = map(tf.constant, (y_true, y_pred))

    def differentiate(y_true: Any, y_pred: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(y_pred)
            value = loss(y_true, y_pred)
        return value, tape.gradient(value, y_pred)

    functions = {
        "graph": tf.function(differentiate, autograph=False),
        "XLA": tf.function(differentiate, autograph=False, jit_compile=True),
        "eager": differentiate,
    }
    return {
        # .numpy() waits.
        name: lambda function=function: function(y_true, y_pred)[1].numpy()
        for name, function in functions.items()
    }


def seconds_of_new_shapes(library: Any) -> float:
    """For each of 20 numbers of rows: value alone, outside XLA, less what it takes again."""
    loss = library.SparseCategoricalCrossentropy(from_logits=True)
    batches = [rows(count, 10) for count in range(100, 120)]
    spent = []
    for _ in range(2):
        begin = time.perf_counter()
        for y_true, y_pred in batches:
            float(loss(y_true, y_pred))
        spent.append(time.perf_counter() - begin)
    return (spent[0] - spent[1]) / len(batches)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="for each line")
    effort = replace(QUICK, case_seconds=parser.parse_args().seconds)
    backend = keras.backend.backend()
    modes = {"jax": jax_modes, "tensorflow": tensorflow_modes}[backend]
    print(f"{f'Keras on {backend}':52} {'us':>7} {'theirs':>7} {'ratio':>6} {'of minima':>9}")
    for case, (name, options, arguments) in CASES.items():
        ours, theirs = (
            modes(getattr(library, name)(**options), *arguments)
            for library in (fusedloss.keras, keras.losses)
        )
        for mode in ours:
            calls = {"ours": ours[mode], "theirs": theirs[mode]}
            timings = interleave(calls, effort, lambda _: None)
            one, other = timings["ours"], timings["theirs"]
            print(
                f"{f'{case}, {mode}':52} {one.median * 1e6:7.0f} {other.median * 1e6:7.0f} "
                f"{one.median / other.median:6.2f} {one.minimum / other.minimum:9.2f}"
            )
    one, other = map(seconds_of_new_shapes, (fusedloss.keras, keras.losses))
    print(f"{'a new shape, eager':52} {one * 1e6:7.0f} {other * 1e6:7.0f}")


if __name__ == "__main__":
    main()
