"""What is refused, and what an import does to a process."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from keras_cases import CASES, Case
from keras_tensors import BACKEND, attach_mask, tensor

import fusedloss
from fusedloss.keras import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    GaussianNLL,
    Huber,
    MeanSquaredError,
    NegativeBinomial,
    Pinball,
    SparseCategoricalCrossentropy,
    Tweedie,
)

NAN = float("nan")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_shapes_that_do_not_match(case: Case) -> None:
    shape = (4, 5, 3) if case.axis == 1 else (6, 5)
    _, y_pred = case.batch(*shape)
    y_true = np.ones((7, *shape[1:]), np.int64)
    with pytest.raises(ValueError, match=r"y_true must have the shape of y_pred.*, got \(7, "):
        case.ours()(y_true, y_pred)


def test_labels_where_a_value_for_every_class_is_expected() -> None:
    labels, one_hot, logits = np.array([0, 1]), np.eye(2), np.zeros((2, 2), np.float32)
    with pytest.raises(ValueError, match="use the loss that is sparse"):
        CategoricalCrossentropy()(labels, logits)
    with pytest.raises(ValueError, match="use the loss that is not sparse"):
        SparseCategoricalCrossentropy()(one_hot, logits)


def refusals() -> tuple[type[Exception], ...]:
    """What an error that is found in the values is raised as."""
    if BACKEND == "jax":
        from jax.errors import JaxRuntimeError

        return (JaxRuntimeError,)
    if BACKEND == "tensorflow":
        from tensorflow.errors import OpError

        return (OpError,)
    return ValueError, IndexError


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64"])
def test_labels_out_of_range(dtype: str) -> None:
    loss = SparseCategoricalCrossentropy(from_logits=True)
    logits = np.zeros((3, 4), np.float32)
    for label in [4, 100] if dtype == "uint8" else [4, 100, -1]:
        labels = np.array([0, label, 1], dtype)
        with pytest.raises(refusals(), match=f"y_true.*{label}|label {label}"):
            float(loss(labels, logits))


@pytest.mark.parametrize("name", ["sample_weight", "mask"])
@pytest.mark.parametrize("shape", [(3,), (5,), (4, 3, 5), (4, 4), (2, 4, 3)])
def test_weights_and_masks_that_do_not_fit(name: str, shape: tuple[int, ...]) -> None:
    y_true, y_pred = np.zeros((4, 3, 5), np.float32), tensor(np.ones((4, 3, 5), np.float32))
    weights = np.ones(shape, np.float32)
    if name == "mask":
        attach_mask(y_pred, weights != 0)
        weights = None
    with pytest.raises(ValueError, match=rf"{name} must broadcast to .*\(4, 3\), got"):
        MeanSquaredError()(y_true, y_pred, weights)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Huber(delta=0), "delta must be .*> 0, got 0"),
        (lambda: Huber(delta=NAN), "delta"),
        (lambda: Huber(reduction="average"), "reduction"),
        (lambda: BinaryCrossentropy(label_smoothing=1.5), "label_smoothing"),
        (lambda: BinaryCrossentropy(label_smoothing=-0.1), "label_smoothing"),
        (lambda: BinaryFocalCrossentropy(gamma=-1), "gamma"),
        (lambda: BinaryFocalCrossentropy(apply_class_balancing=True, alpha=-1), "alpha"),
        (lambda: BinaryFocalCrossentropy(apply_class_balancing=True, alpha=1.5), "alpha"),
        (lambda: CategoricalFocalCrossentropy(alpha=-1), "alpha"),
        (lambda: CategoricalFocalCrossentropy(alpha=[0.5, NAN]), "alpha"),
        (lambda: CategoricalFocalCrossentropy(alpha=[[0.5]]), "alpha"),
        (lambda: CategoricalFocalCrossentropy(gamma=NAN), "gamma"),
        (lambda: BinaryFocalCrossentropy(True, alpha=[0.5, 1.5]), r"alpha must be in \[0, 1\]"),
        (lambda: BinaryFocalCrossentropy(denominator=0), "denominator must be finite and > 0"),
        (lambda: BinaryFocalCrossentropy(denominator="all"), "'positives', got 'all'"),
        (lambda: BinaryFocalCrossentropy(denominator=1, reduction="sum"), "needs a mean"),
        (lambda: BinaryFocalCrossentropy(denominator=1, reduction=None), "needs a mean"),
        (lambda: BinaryCrossentropy(pos_weight=2.0), "pos_weight needs from_logits=True"),
        (lambda: BinaryCrossentropy(True, pos_weight=-1.0), "pos_weight must be finite and >= 0"),
        (lambda: CategoricalCrossentropy(class_weight=2.0), "class_weight must hold one number"),
        (lambda: CategoricalCrossentropy(temperature=2.0), "temperature needs from_logits=True"),
        (lambda: SparseCategoricalCrossentropy(z_loss=1.0), "z_loss needs from_logits=True"),
        (lambda: CategoricalCrossentropy(True, temperature=0.0), "temperature"),
        (lambda: SparseCategoricalCrossentropy(True, z_loss=-1.0), "z_loss"),
        (lambda: CategoricalGeneralizedCrossEntropy(q=0), "q must be"),
        (lambda: CategoricalGeneralizedCrossEntropy(q=1.5), "q must be"),
        (lambda: NegativeBinomial(dispersion=-1), "dispersion must be finite and >= 0"),
        (lambda: GaussianNLL(epsilon=-1), "epsilon"),
        (lambda: Tweedie(power=0.5), "power"),
        (lambda: Pinball(quantile=1.5), "quantile"),
    ],
)
def test_options_outside_their_domain(build: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Huber(delta="small"), "delta must be a number, got 'small'"),
        (lambda: Huber(delta=None), "delta must be a number, got None"),
        (lambda: BinaryCrossentropy(label_smoothing=[0.1]), "label_smoothing must be a number"),
        (lambda: BinaryCrossentropy(axis=(1, 2)), "axis must be an integer"),
        (lambda: BinaryFocalCrossentropy(True, alpha="a"), "alpha must hold numbers, got 'a'"),
        (lambda: CategoricalFocalCrossentropy(alpha="a"), "alpha must hold numbers, got 'a'"),
        (lambda: CategoricalFocalCrossentropy(alpha=["a"]), "alpha must hold numbers"),
        (lambda: CategoricalFocalCrossentropy(gamma=1j), "gamma must be a number"),
        (
            lambda: SparseCategoricalCrossentropy(ignore_class=0.5),
            "ignore_class must be an integer",
        ),
    ],
)
def test_options_of_another_type(build: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        build()


@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_that_is_not_there(axis: int) -> None:
    with pytest.raises(ValueError, match=rf"axis must be in \[-2, 2\).*got {axis}"):
        CategoricalCrossentropy(axis=axis)(np.eye(3), np.eye(3))


def test_weights_for_another_number_of_classes() -> None:
    y, weights = np.eye(3, dtype=np.float32), [0.1, 0.2]
    for loss, name in [
        (CategoricalFocalCrossentropy(alpha=weights), "alpha"),
        (BinaryFocalCrossentropy(True, alpha=weights), "alpha"),
        (BinaryCrossentropy(True, pos_weight=weights), "pos_weight"),
        (CategoricalCrossentropy(class_weight=weights), "class_weight"),
    ]:
        with pytest.raises(ValueError, match=f"{name} must hold one number for each of the 3 .* 2"):
            loss(y, y)


def test_two_predictions_of_a_target() -> None:
    with pytest.raises(ValueError, match=r"two predictions of each target.*\(4, 3\)"):
        GaussianNLL()(np.zeros((4, 2)), np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"half of its last axis, \(4, 2\), got \(4, 4\)"):
        GaussianNLL()(np.zeros((4, 4)), np.zeros((4, 4)))


def test_a_single_class() -> None:
    y = np.ones((3, 1), np.float32)
    with pytest.warns(SyntaxWarning, match="one class"):
        assert CategoricalCrossentropy(from_logits=True)(y, y) == 0


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    search = os.path.dirname(os.path.dirname(fusedloss.__file__))
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**inherited, "PYTHONPATH": search, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_importing_the_package_imports_no_framework() -> None:
    code = "import sys, fusedloss; print({'jax', 'keras', 'tensorflow', 'torch'} & {*sys.modules})"
    assert run(code).stdout == "set()\n"


def test_another_backend_is_refused() -> None:
    # A stand-in: whatever else Keras will run on.
    code = """
import sys, types
keras = sys.modules["keras"] = types.ModuleType("keras")
keras.backend = types.SimpleNamespace(backend=lambda: "abacus")
import fusedloss.keras
"""
    result = run(code)
    assert result.returncode == 1
    assert "needs the torch, jax or tensorflow backend of Keras, got 'abacus'" in result.stderr
    assert "KERAS_BACKEND" in result.stderr


def test_a_backend_that_is_not_installed_is_explained() -> None:
    code = f"import sys; sys.modules['{BACKEND}'] = None; import fusedloss.keras"
    result = run(code, KERAS_BACKEND=BACKEND)
    assert result.returncode == 1
    assert "ImportError: fusedloss.keras needs Keras 3 and the framework" in result.stderr
    assert "KERAS_BACKEND" in result.stderr
