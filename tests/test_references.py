"""The references themselves, against the frameworks' own losses wherever those define the loss."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cases import CASES, Case

os.environ.setdefault("KERAS_BACKEND", "torch")
torch = pytest.importorskip("torch")
keras = pytest.importorskip("keras")
F, L = torch.nn.functional, keras.losses

Framework = Callable[..., Any]
"""(y_true, y_pred, class_weight, **parameters) -> one loss per element or row"""


def in_torch(function: Framework, **fixed: Any) -> Framework:
    """A loss of torch, with its order and names of arguments turned into ours."""

    def losses(y: Any, p: Any, weight: Any, **parameters: Any) -> Any:
        if weight is not None:
            parameters["weight"] = weight
        if "epsilon" in parameters:
            parameters["eps"] = parameters.pop("epsilon")
        if "full" in parameters:
            parameters["full"] = bool(parameters["full"])
        return function(p, y, reduction="none", **fixed, **parameters)

    return losses


def logits_in_torch(y: Any, x: Any, weight: Any, label_smoothing: float) -> Any:
    y = y * (1 - label_smoothing) + 0.5 * label_smoothing
    return F.binary_cross_entropy_with_logits(x, y, pos_weight=weight, reduction="none")


def in_keras(function: Framework, *, pointwise: bool = False, **fixed: Any) -> Framework:
    """A loss of Keras. Those that average over the last axis get rows of one element."""

    def losses(y: Any, p: Any, _: Any, epsilon: float = 1e-7, **parameters: Any) -> Any:
        if parameters.pop("smoothed_focus", 0) == 0 and "gamma" in parameters:
            assert parameters["label_smoothing"] == 0
        if pointwise:
            y, p = y[..., None], p[..., None]
            if "alpha" in parameters:
                parameters["apply_class_balancing"] = parameters["alpha"] >= 0
        before = keras.config.epsilon()
        keras.config.set_epsilon(epsilon)
        try:
            return function(y, p, **fixed, **parameters)
        finally:
            keras.config.set_epsilon(before)

    return losses


FRAMEWORK: dict[str, Framework] = {
    "mean_squared_error": in_torch(F.mse_loss),
    "mean_absolute_error": in_torch(F.l1_loss),
    "huber": in_torch(F.huber_loss),
    "poisson": in_torch(F.poisson_nll_loss, log_input=False),
    "poisson_log_input": in_torch(F.poisson_nll_loss),
    "binary_crossentropy": in_keras(L.binary_crossentropy, pointwise=True),
    "binary_crossentropy_clamped": in_torch(F.binary_cross_entropy),
    "binary_crossentropy_from_logits": logits_in_torch,
    "binary_focal_crossentropy": in_keras(L.binary_focal_crossentropy, pointwise=True),
    "binary_focal_crossentropy_from_logits": in_keras(
        L.binary_focal_crossentropy, pointwise=True, from_logits=True
    ),
    "categorical_crossentropy": in_keras(L.categorical_crossentropy),
    "categorical_crossentropy_from_logits": in_torch(F.cross_entropy),
    "categorical_focal_crossentropy": in_keras(L.categorical_focal_crossentropy),
    "categorical_focal_crossentropy_from_logits": in_keras(
        L.categorical_focal_crossentropy, from_logits=True
    ),
}


def has_counterpart(case: Case) -> bool:
    """Whether the frameworks can be asked for this at all."""
    a = case.parameters
    if case.loss.name not in FRAMEWORK or (case.weighted and "from_logits" not in case.loss.name):
        return False
    if "smoothed_focus" in a:  # ours smooths the label in another place unless asked not to
        return not case.weighted and (a["smoothed_focus"] == 1 or a["label_smoothing"] == 0)
    return True


@pytest.mark.parametrize("case", [case for case in CASES if has_counterpart(case)], ids=str)
def test_the_reference_is_what_the_framework_computes(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float64), (50, 5) if case.is_row else (200,))
    if case.reference.predictions == "logit":
        inputs.y_pred[:] /= 10  # where Keras clips the probabilities of logits, ours does not
    weight = None if inputs.class_weight is None else torch.tensor(inputs.class_weight)
    y_true, y_pred = torch.tensor(inputs.dense()), torch.tensor(inputs.y_pred)
    got = FRAMEWORK[case.loss.name](y_true, y_pred, weight, **case.parameters)
    # Keras computes its binary losses in float32, whatever it is given.
    np.testing.assert_allclose(got.numpy(), case.value(inputs).astype(float), rtol=1e-5, atol=1e-8)
