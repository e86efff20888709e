"""Training by `fit`: the same history as with Keras' own loss."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras_cases import CLASSES as EVERY_CLASS
from keras_cases import Case, named
from keras_tensors import BACKEND, ON_TORCH, array, dtype_of, only_torch

from fusedloss.keras import (
    BinaryFocalCrossentropy,
    Huber,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)

RANDOM = np.random.default_rng(0)
ROWS, FEATURES, CLASSES = 70, 6, 4  # the last of the batches of 16 is partial
X = RANDOM.normal(size=(ROWS, FEATURES)).astype(np.float32)
LABELS = RANDOM.integers(0, CLASSES, ROWS)
WEIGHTS = RANDOM.uniform(0, 2, ROWS).astype(np.float32)

# How a step is run: by default it is eager on torch, compiled by XLA on JAX, and a graph on
# TensorFlow.
EAGER: dict[str, Any] = {"run_eagerly": True}
MODES: dict[str, list[dict[str, Any]]] = {
    "torch": [{}, EAGER],
    "jax": [{}, {"jit_compile": False}, {"steps_per_execution": 2}],
    "tensorflow": [{}, {"jit_compile": True}, EAGER, {"steps_per_execution": 2}],
}


def dense(outputs: int, activation: str | None = None) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(8, activation="relu"),
            # With a bias: after a dead relu Keras' cosine similarity of a zero vector makes NaN.
            keras.layers.Dense(outputs, activation=activation, bias_initializer="normal"),
        ]
    )


def histories(
    build: Callable[[], keras.Model],
    losses: tuple[Any, Any],
    x: Any,
    y: Any,
    fit: dict[str, Any] | None = None,
    **compile_options: Any,
) -> list[dict[str, list[float]]]:
    """Train twice from the same start, once with each loss, and validate."""
    result = []
    for loss in losses:
        keras.utils.set_random_seed(1)
        model = build()
        # Adam would compile for as long again as the rest of the step.
        optimizer = keras.optimizers.Adam(0.01) if ON_TORCH else keras.optimizers.SGD(0.01)
        model.compile(optimizer, loss=loss, **compile_options)
        # Elsewhere than on torch, validation is one more program to compile.
        validation = {"validation_data": (x, y)} if ON_TORCH else {}
        history = model.fit(x, y, batch_size=16, epochs=2, verbose=0, **validation, **(fit or {}))
        result.append(numbers_of(history))
    return result


def numbers_of(history: Any) -> dict[str, list[float]]:
    return {name: list(map(float, values)) for name, values in history.history.items()}


def assert_same_histories(mine: dict[str, Any], other: dict[str, Any], rel: float = 1e-4) -> None:
    # Rounding differs by 1e-7 a step; 10 steps of Adam amplify it.
    assert mine.keys() == other.keys()
    for name, values in mine.items():
        assert values == pytest.approx(other[name], rel=rel), name


CROSSENTROPY = (
    SparseCategoricalCrossentropy(from_logits=True),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)


@pytest.mark.parametrize(
    "fit",
    [
        {},
        {"sample_weight": WEIGHTS},
        {"sample_weight": WEIGHTS[:, None]},
        {"class_weight": {0: 1.0, 1: 3.0, 2: 0.0}},
    ],
    ids=["plain", "sample_weight", "sample_weight column", "class_weight"],
)
@pytest.mark.parametrize("mode", MODES[BACKEND], ids=str)
def test_crossentropy(fit: dict[str, Any], mode: dict[str, Any]) -> None:
    if not ON_TORCH and mode and fit.get("sample_weight") is not WEIGHTS:
        pytest.skip("weights are the same thing in each mode")
    assert_same_histories(
        *histories(lambda: dense(CLASSES), CROSSENTROPY, X, LABELS, fit=fit, **mode)
    )


@pytest.mark.parametrize("mode", [{}, EAGER], ids=str)
def test_validation_and_evaluation(mode: dict[str, Any]) -> None:
    """With weights, and a last batch that is partial; a step at a time, or compiled."""
    given = {"sample_weight": WEIGHTS, "validation_data": (X[:41], LABELS[:41], WEIGHTS[:41])}
    found = []
    for loss in CROSSENTROPY:
        keras.utils.set_random_seed(1)
        model = dense(CLASSES)
        model.compile("sgd", loss=loss, **mode)
        history = model.fit(X, LABELS, batch_size=16, epochs=2, verbose=0, **given)
        evaluated = model.evaluate(X, LABELS, batch_size=16, sample_weight=WEIGHTS, verbose=0)
        found.append({"evaluated": [float(evaluated)], **numbers_of(history)})
    assert found[0].keys() == {"evaluated", "loss", "val_loss"}
    assert_same_histories(*found)


def positive_half(x: Any) -> Any:
    """Means as they are, variances positive."""
    mean, variance = keras.ops.split(x, 2, -1)
    return keras.ops.concatenate([mean, keras.ops.softplus(variance)], -1)


def rates(x: Any) -> Any:
    rate, logit = keras.ops.split(x, 2, -1)
    return keras.ops.concatenate([keras.ops.exp(rate), logit], -1)


ACTIVATIONS = {
    "rate": "exponential",
    "probability": "sigmoid",
    "distribution": "softmax",
    "mean and variance": positive_half,
    "rate and logit": rates,
}


@pytest.mark.parametrize("mode", MODES[BACKEND][: 2 if ON_TORCH else 1], ids=str)
@pytest.mark.parametrize("case", EVERY_CLASS, ids=str)
def test_every_loss(case: Case, mode: dict[str, Any]) -> None:
    y_true, y_pred = case.batch(ROWS, 3)
    activation = ACTIVATIONS.get(case.predictions)
    outputs = y_pred.shape[-1]
    assert_same_histories(
        *histories(
            lambda: dense(outputs, activation),
            (case.ours(), case.theirs()),
            X,
            array(y_true),
            fit={"sample_weight": WEIGHTS},
            **mode,
        )
    )


@pytest.mark.parametrize("reduction", ["sum", "mean", "mean_with_sample_weight"])
@pytest.mark.parametrize("case", EVERY_CLASS, ids=str)
def test_masked_sequences_and_every_loss(case: Case, reduction: str) -> None:
    """A mask that a layer makes, on the way through others, and weights for every step."""
    if not ON_TORCH and (reduction == "sum" or str(case) not in MIXED):
        pytest.skip("the same code for each loss")
    steps = 4
    y_true, y_pred = case.batch(ROWS, steps, 3)
    x = RANDOM.normal(size=(ROWS, steps, FEATURES)).astype(np.float32)
    x[RANDOM.uniform(size=(ROWS, steps)) < 0.3] = 0
    outputs, activation = y_pred.shape[-1], ACTIVATIONS.get(case.predictions)

    def build() -> keras.Model:
        return keras.Sequential(
            [
                keras.Input((steps, FEATURES)),
                keras.layers.Masking(),
                keras.layers.Dense(outputs, activation=activation, bias_initializer="normal"),
            ]
        )

    fit = {"sample_weight": RANDOM.uniform(0, 2, (ROWS, steps)).astype(np.float32)}
    losses = case.ours(reduction=reduction), case.theirs(reduction=reduction)
    # A sum's gradients are large, and so is what rounding makes of them.
    assert_same_histories(*histories(build, losses, x, array(y_true), fit=fit), rel=1e-3)


@pytest.mark.parametrize("case", [c for c in EVERY_CLASS if c.targets == "label"], ids=str)
def test_class_weights(case: Case) -> None:
    activation = ACTIVATIONS.get(case.predictions)
    assert_same_histories(
        *histories(
            lambda: dense(CLASSES, activation),
            (case.ours(), case.theirs()),
            X,
            LABELS,
            fit={"class_weight": {0: 1.0, 1: 3.0, 2: 0.0, 3: 0.5}},
        )
    )


@only_torch
@pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.parametrize("jit_compile", [False, "auto", True])
def test_jit_compile_on_torch(jit_compile: bool | str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole training step is traced; generating code for it would take a minute."""
    import torch

    compile_step = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda *step, **options: compile_step(*step, backend="eager", **options)
    )
    torch.compiler.reset()
    values = []
    for loss, compiled in zip(CROSSENTROPY, (jit_compile, False), strict=True):
        keras.utils.set_random_seed(1)
        model = dense(CLASSES)
        model.compile("sgd", loss=loss, jit_compile=compiled)
        history = model.fit(X[:64], LABELS[:64], batch_size=16, verbose=0).history
        values.append(float(history["loss"][0]))
    assert values[0] == pytest.approx(values[1], rel=1e-5)


MIXED = [
    "MeanSquaredError",
    "Huber",
    "BinaryFocalCrossentropy-from_logits=True",
    "SparseCategoricalCrossentropy-from_logits=True",
    "CosineSimilarity",
    "Poisson-log_input=True",
    "ZeroInflatedPoisson-log_input=True-full=True",
]
POLICIES = ["mixed_bfloat16", "mixed_float16"]


@pytest.mark.skipif(ON_TORCH, reason="every loss is traced in test_keras_modes")
@pytest.mark.parametrize("mode", MODES[BACKEND][1:2], ids=str)
@pytest.mark.parametrize("name", MIXED[1:])
def test_ways_to_run_a_step(name: str, mode: dict[str, Any]) -> None:
    case = named(name)
    y_true, y_pred = case.batch(ROWS, 3)
    outputs, activation = y_pred.shape[-1], ACTIVATIONS.get(case.predictions)
    pair = case.ours(), case.theirs()
    assert_same_histories(
        *histories(lambda: dense(outputs, activation), pair, X, array(y_true), **mode)
    )


def test_one_output_and_targets_without_its_axis() -> None:
    targets = X.sum(axis=1)
    pair = Huber(), keras.losses.Huber()
    fit = {"sample_weight": WEIGHTS}
    assert_same_histories(*histories(lambda: dense(1), pair, X, targets, fit=fit))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", MIXED)
def test_mixed_precision(name: str, policy: str) -> None:
    """With float16, Keras scales the loss, so that a small gradient is not rounded to 0."""
    if not ON_TORCH and MIXED.index(name) % 2 != POLICIES.index(policy):
        pytest.skip("the two in turn")
    keras.config.set_dtype_policy(policy)
    case = named(name)
    y_true, y_pred = case.batch(ROWS, 4)
    pair = case.ours(), case.theirs()
    outputs = y_pred.shape[-1]
    mine, other = histories(lambda: dense(outputs), pair, X, array(y_true))
    # A gradient that is rounded the other way in its last of 8 or 11 bits leads elsewhere.
    assert_same_histories(mine, other, rel=1e-2)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_predictions_of_a_mixed_model_are_read_as_they_are(policy: str) -> None:
    keras.config.set_dtype_policy(policy)
    seen = []

    class Watched(SparseCategoricalCrossentropy):
        def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            if not getattr(y_pred, "is_meta", False):  # which Keras builds a model with on torch
                seen.append((dtype_of(y_true), dtype_of(y_pred)))
            return super().__call__(y_true, y_pred, sample_weight)

    model = dense(CLASSES)
    model.compile("adam", loss=Watched(from_logits=True))
    model.fit(X, LABELS, verbose=0)
    assert {y_pred for _, y_pred in seen} == {policy.removeprefix("mixed_")}
    assert all(y_true.startswith("int") for y_true, _ in seen)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
def test_masked_sequences(weighted: bool, reduction: str) -> None:
    if not ON_TORCH and weighted == (reduction == "sum"):
        pytest.skip("with weights the mean, without them the sum")
    tokens = RANDOM.integers(1, 12, (ROWS, 4))
    tokens[RANDOM.uniform(size=tokens.shape) < 0.4] = 0

    def build() -> keras.Model:
        inputs = keras.Input((4,), dtype="int32")
        embedded = keras.layers.Embedding(12, 5, mask_zero=True)(inputs)
        states = keras.layers.SimpleRNN(6, return_sequences=True)(embedded)
        return keras.Model(inputs, keras.layers.Dense(12)(states))

    options = {"from_logits": True, "reduction": reduction}
    pair = (
        SparseCategoricalCrossentropy(**options),
        keras.losses.SparseCategoricalCrossentropy(**options),
    )
    weights = RANDOM.uniform(0, 2, (ROWS, 4)).astype(np.float32)
    fit = {"sample_weight": weights} if weighted else {}
    # The sum's gradients are large, and so is what rounding makes of them.
    assert_same_histories(*histories(build, pair, tokens, tokens, fit=fit), rel=1e-3)


def test_class_weights_of_sequences() -> None:
    """Keras fails: it makes one weight a sample of the classes, and reads it as one a step."""
    steps = 5
    x = RANDOM.normal(size=(ROWS, steps, FEATURES)).astype(np.float32)
    y = RANDOM.integers(0, 2, (ROWS, steps, 1))

    def fit(loss: keras.losses.Loss) -> list[float]:
        model = keras.Sequential([keras.Input((steps, FEATURES)), keras.layers.Dense(1)])
        model.compile("sgd", loss=loss)
        weights = WEIGHTS
        return model.fit(x, y, sample_weight=weights, batch_size=16, verbose=0).history["loss"]

    assert np.isfinite(fit(BinaryFocalCrossentropy(from_logits=True))).all()
    errors: tuple[type[Exception], ...] = RuntimeError, ValueError, TypeError
    if BACKEND == "tensorflow":
        from tensorflow.errors import InvalidArgumentError

        errors = (InvalidArgumentError,)
    with pytest.raises(errors, match=r"must match the size|shapes|size"):
        fit(keras.losses.BinaryFocalCrossentropy(from_logits=True))


def test_several_outputs() -> None:
    def build() -> keras.Model:
        inputs = keras.Input((FEATURES,))
        hidden = keras.layers.Dense(8, activation="relu")(inputs)
        amount = keras.layers.Dense(1, name="amount")(hidden)
        kind = keras.layers.Dense(CLASSES, name="kind")(hidden)
        return keras.Model(inputs, {"amount": amount, "kind": kind})

    ours = {"amount": MeanSquaredError(), "kind": SparseCategoricalCrossentropy(from_logits=True)}
    theirs = {"amount": keras.losses.MeanSquaredError(), "kind": CROSSENTROPY[1]}
    y = {"amount": X.sum(axis=1), "kind": LABELS}
    weights = {"amount": 0.3, "kind": 2.0}
    assert_same_histories(*histories(build, (ours, theirs), X, y, loss_weights=weights))


@only_torch
def test_a_loop_of_ones_own() -> None:
    import torch

    model = dense(CLASSES)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    loss = SparseCategoricalCrossentropy(from_logits=True)
    values = []
    for _ in range(20):
        optimizer.zero_grad()
        value = loss(torch.from_numpy(LABELS), model(torch.from_numpy(X)))
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < values[0]
