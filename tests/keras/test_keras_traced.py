"""Each loss where it is traced: compiled, in graphs of unknown sizes, over several devices."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras_cases import CLASSES, Case, needs_current_keras
from keras_tensors import (
    BACKEND,
    ON_TORCH,
    Tensor,
    array,
    assert_close,
    assert_same,
    gradients,
    tensor,
    value_and_grad,
)

import fusedloss
from fusedloss.keras import MeanSquaredError, SparseCategoricalCrossentropy

pytestmark = [
    needs_current_keras,
    pytest.mark.skipif(ON_TORCH, reason="for torch in test_keras_modes and others"),
]

SHAPE, ROWS = (4, 3, 5), (4, 3)
WEIGHTS = np.linspace(0, 2, 12, dtype=np.float32).reshape(ROWS)
EXISTS = np.arange(12).reshape(ROWS) != 4


def compiled(function: Callable[..., Any]) -> list[Callable[..., Any]]:
    """The function as programs of the backend."""
    if BACKEND == "jax":
        import jax

        return [jax.jit(function)]
    import tensorflow as tf

    def of_unknown_sizes(*tensors: Any) -> Any:
        signature = [tf.TensorSpec([None] * each.shape.rank, each.dtype) for each in tensors]
        return tf.function(function, input_signature=signature)(*tensors)

    return [of_unknown_sizes, tf.function(function, jit_compile=True)]


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_compiled(case: Case) -> None:
    y_true, y_pred = case.batch(*SHAPE)
    loss = case.ours()

    def both(y_true: Tensor, y_pred: Tensor, weights: Tensor, exists: Tensor) -> Any:
        return value_and_grad(loss, y_true, y_pred, weights, mask=exists)

    arguments = y_true, y_pred, tensor(WEIGHTS), tensor(EXISTS)
    expected = both(*arguments)
    for program in compiled(both):
        assert_same(program(*arguments), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_nan_in_a_row_that_does_not_count_is_harmless(case: Case) -> None:
    y_true, y_pred = case.batch(*SHAPE)
    counts = EXISTS & (WEIGHTS != 0)
    poisoned = np.where(counts[..., None], array(y_pred), np.nan).astype(np.float32)
    clean = value_and_grad(case.ours(), y_true, y_pred, WEIGHTS, mask=EXISTS)
    value, gradient = value_and_grad(case.ours(), y_true, poisoned, WEIGHTS, mask=EXISTS)
    assert_close(value, clean[0], rtol=0, atol=0)
    assert_close(gradient, clean[1], rtol=0, atol=0)
    assert not array(gradient)[~counts].any()


@pytest.mark.parametrize("case", CLASSES, ids=str)
def test_derivatives_with_respect_to_weights_and_targets(case: Case) -> None:
    y_true, y_pred = case.batch(*SHAPE)
    sparse = case.targets == "label"

    def slopes(loss: Any) -> list[Tensor]:
        if sparse:
            return gradients(lambda weights: loss(y_true, y_pred, weights), [tensor(WEIGHTS)])[1]
        return gradients(
            lambda weights, y_true: loss(y_true, y_pred, weights), [tensor(WEIGHTS), y_true]
        )[1]

    for mine, other in zip(slopes(case.ours()), slopes(case.theirs()), strict=True):
        assert array(other).any()
        assert_close(mine, other, rtol=2e-5, atol=2e-6)


def test_float16_keeps_small_gradients() -> None:
    """A mean over 2^16 rows: 1 / 2^16 times a small gradient is 0 in float16, unless scaled."""
    y_pred = tensor(np.full((2**16, 1), 2.0**-6), "float16")
    y_true = np.zeros((2**16, 1), np.float32)

    def scaled(y_true: Any, y_pred: Tensor) -> Tensor:
        return MeanSquaredError()(y_true, y_pred) * 2.0**15

    _, gradient = value_and_grad(scaled, y_true, y_pred)
    assert (array(gradient) == 2.0**-6).all()


@pytest.mark.skipif(BACKEND != "tensorflow", reason="elsewhere sizes are known")
def test_labels_and_weights_of_unknown_sizes() -> None:
    import tensorflow as tf

    loss = SparseCategoricalCrossentropy(from_logits=True)
    random = np.random.default_rng(0)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None), tf.int64),
            tf.TensorSpec((None, None, 5), tf.float32),
            tf.TensorSpec((None, 1), tf.float32),
        ]
    )
    def program(*batch: Any) -> Any:
        return value_and_grad(loss, *batch)

    for steps in (3, 4):
        labels = random.integers(0, 5, (2, steps))
        logits = random.normal(size=(2, steps, 5)).astype(np.float32)
        weights = np.array([[1.0], [2.0]], np.float32)
        found = program(labels, logits, weights)
        assert_same(found, value_and_grad(loss, labels, logits, weights))
    # A single row of unknown length, and a weight for each repetition of it.
    repeated = tf.function(MeanSquaredError(), input_signature=[tf.TensorSpec([None])] * 3)
    ones, weights = np.ones(3, np.float32), np.array([1.0, 2.0], np.float32)
    assert float(repeated(ones, 0 * ones, weights)) == 1.5


SEVERAL = """
import contextlib
import keras
import numpy as np
import fusedloss.keras

if keras.backend.backend() == "jax":
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    scope = contextlib.nullcontext
else:
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    scope = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope

random = np.random.default_rng(0)
x = random.normal(size=(32, 6)).astype(np.float32)
y, weights = random.integers(0, 4, 32), random.uniform(0, 2, 32).astype(np.float32)
for library in (fusedloss.keras, keras.losses):
    keras.utils.set_random_seed(1)
    with scope():
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
        loss = library.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss=loss)
    history = model.fit(x, y, sample_weight=weights, batch_size=8, epochs=2, verbose=0).history
    print(*history["loss"])

# A number that a sum is divided by is the same for the whole batch, on several devices or on one.
for where in (scope, contextlib.nullcontext):
    keras.utils.set_random_seed(1)
    with where():
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
        loss = fusedloss.keras.BinaryFocalCrossentropy(from_logits=True, denominator=5)
        model.compile(keras.optimizers.SGD(0.1), loss=loss)
    history = model.fit(x, np.float32(y > 1), batch_size=8, epochs=2, verbose=0).history
    print(*history["loss"], *model.get_weights()[0].ravel())
    if keras.backend.backend() == "jax":
        keras.distribution.set_distribution(None)
"""


def test_a_batch_over_several_devices() -> None:
    search = os.path.dirname(os.path.dirname(fusedloss.__file__))
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"} if BACKEND == "jax" else {}
    result = subprocess.run(
        [sys.executable, "-c", SEVERAL],
        env={**os.environ, "PYTHONPATH": search, "KERAS_BACKEND": BACKEND, **flags},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    lines = [list(map(float, line.split())) for line in result.stdout.splitlines()[-4:]]
    ours, theirs, shared, alone = lines
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert ours[1] < ours[0]
    assert shared == pytest.approx(alone, rel=1e-5)
