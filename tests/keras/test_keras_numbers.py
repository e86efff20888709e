"""Our numbers where those of keras.losses are others, the same on every backend.

What Keras has instead on PyTorch: test_keras_differences.py, test_keras_value_differences.py.
"""

import math
from typing import Any

import keras
import numpy as np
import pytest
from keras_tensors import array, assert_close, dtype_of, tensor, value_and_grad

import fusedloss.keras

INF, NAN = math.inf, math.nan
LOGITS = {"from_logits": True}
WEIGHTED = {"reduction": "mean_with_sample_weight"}
GENERALIZED = "CategoricalGeneralizedCrossEntropy"
SMOOTH_COST = -0.9 * math.log(0.7) - 0.1 * math.log(0.3)

# Class, options, y_true, y_pred, sample_weight, value, gradient.
NUMBERS: list[tuple[str, dict[str, Any], Any, Any, Any, float, Any]] = [
    # A mean divides by the weights as they are broadcast; a single row is reduced like many.
    ("MeanSquaredError", WEIGHTED, np.zeros((2, 3, 4)), np.full((2, 3, 4), 2), [[1], [3]], 4, None),
    ("MeanSquaredError", WEIGHTED, [0, 0, 0], [2, 2, 2], [5], 4, None),
    # One weight for each sample of a sequence of as many steps.
    ("MeanSquaredError", {}, np.zeros((2, 2, 1)), [[[1], [2]], [[3], [4]]], [0, 2], 12.5, None),
    ("MeanSquaredError", {}, np.zeros((0, 5)), np.zeros((0, 5)), None, 0, np.zeros((0, 5))),
    # Nothing is clipped, and every power has a slope.
    ("BinaryFocalCrossentropy", LOGITS, [[1]], [[-100]], None, 100, [[-1]]),
    ("BinaryFocalCrossentropy", {**LOGITS, "gamma": 0.5}, [[1]], [[30]], None, 0, [[0]]),
    (
        "CategoricalFocalCrossentropy",
        {**LOGITS, "alpha": 1.0},
        [[1, 0]],
        [[-100, 0]],
        None,
        100,
        [[-1, 1]],
    ),
    (
        "BinaryFocalCrossentropy",
        {"label_smoothing": 0.2, "smoothed_focus": False},
        [[1, 0]],
        [[0.7, 0.3]],
        None,
        0.09 * SMOOTH_COST,
        None,
    ),
    # -inf switches a class off; labels are not confined to [0, 1].
    ("CategoricalCrossentropy", LOGITS, [[1, 0]], [[0, -INF]], None, 0, [[0, 0]]),
    ("BinaryCrossentropy", {}, [[-1]], [[0.25]], None, math.log(0.25) - 2 * math.log(0.75), None),
    ("CosineSimilarity", {}, [[1, 2]], [[0, 0]], None, 0, [[0, 0]]),
    ("CosineSimilarity", {}, [[1]], [[1, 1, 1]], None, -1, None),
    ("LogCosh", {}, [[0]], [[1e-4]], None, 5e-9, [[1e-4]]),
    ("LogCosh", {}, [[0]], [[-INF]], None, INF, [[-1]]),
    ("Huber", {}, [[0]], [[INF]], None, INF, [[1]]),
    (GENERALIZED, {}, [[0], [1]], [[0.25, 0.75], [0.75, 0.25]], None, 1, None),
    (GENERALIZED, {}, [0], [[0, 1]], None, 2, [[-(1e-7**-0.5), 0]]),
    (GENERALIZED, {"q": 1}, [0], [[0.25, 0.75]], None, 0.75, [[-1, 0]]),
    # NaN is not hidden.
    ("MeanAbsoluteError", {}, [[1]], [[NAN]], None, NAN, [[NAN]]),
    ("Hinge", {}, [[1]], [[NAN]], None, NAN, [[NAN]]),
    ("SparseCategoricalCrossentropy", {}, [0], [[NAN, 0.5]], None, NAN, [[NAN, NAN]]),
]


@pytest.mark.parametrize(
    ("name", "options", "y_true", "y_pred", "weights", "value", "gradient"), NUMBERS
)
def test_numbers(
    name: str,
    options: dict[str, Any],
    y_true: Any,
    y_pred: Any,
    weights: Any,
    value: float,
    gradient: Any,
) -> None:
    labels = name == GENERALIZED or name.startswith("Sparse")
    loss = getattr(fusedloss.keras, name)(**options)
    given = [] if weights is None else [np.asarray(weights, np.float32)]
    y_true = np.asarray(y_true, np.int64 if labels else np.float32)
    found, slope = value_and_grad(loss, y_true, np.asarray(y_pred, np.float32), *given)
    assert_close(found, np.float32(value), rtol=1e-6, atol=1e-10)
    if gradient is not None:
        assert_close(slope, np.float32(gradient), rtol=1e-6, atol=1e-9)


def test_nothing_is_rounded_to_the_dtype_of_the_loss() -> None:
    """bfloat16 holds 256 and 258, but not 257."""
    logits = np.zeros((1, 300), np.float32)
    logits[0, 257] = 5
    loss = fusedloss.keras.SparseCategoricalCrossentropy(from_logits=True, dtype="bfloat16")
    cost = math.log(299 + math.exp(5)) - 5
    assert_close(loss([257], tensor(logits, "bfloat16")), tensor([cost], "bfloat16")[0])
    assert float(fusedloss.keras.MeanSquaredError(dtype="bfloat16")([[256.0]], [[257.0]])) == 1

    y_pred = tensor([[1.0, 1.0078125]], "bfloat16")
    losses = fusedloss.keras.mean_absolute_error(np.zeros((1, 2), np.float32), y_pred)
    assert dtype_of(losses) == "float32"
    assert array(losses) == [1.00390625]


@pytest.mark.parametrize("name", ["CategoricalCrossentropy", "CategoricalFocalCrossentropy"])
def test_smoothing_and_alpha_follow_the_class_axis(name: str) -> None:
    options = {"from_logits": True, "label_smoothing": 0.2}
    if "Focal" in name:
        options["alpha"] = [0.1, 0.2, 0.3, 0.4]
    loss = getattr(fusedloss.keras, name)
    random = np.random.default_rng(0)
    logits = random.normal(size=(3, 2, 4)).astype(np.float32)
    y_true = np.eye(4, dtype=np.float32)[random.integers(0, 4, (3, 2))]
    expected = getattr(keras.losses, name)(**options)(y_true, logits)
    across = loss(**options, axis=1)(y_true.swapaxes(1, 2), logits.swapaxes(1, 2))
    assert_close(across, expected, rtol=2e-5)


def test_every_function_accepts_a_last_axis_of_size_1() -> None:
    counts, rates = np.float32([[1], [2], [3]]), np.float32([1, 2, 3])
    losses = fusedloss.keras.poisson(counts, rates)
    assert_close(losses, rates - rates * np.log(rates + keras.config.epsilon()))
