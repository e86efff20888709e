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
losses = pytest.importorskip("sklearn._loss.loss")
stats = pytest.importorskip("scipy.stats")
special = pytest.importorskip("scipy.special")
F, L = torch.nn.functional, keras.losses

Framework = Callable[..., Any]
"""(y_true, y_pred, ..., weight=class_weight, **parameters) -> one loss per element or row"""


def in_torch(function: Framework, **fixed: Any) -> Framework:
    """A loss of torch, with its order and names of arguments turned into ours."""

    def losses(y: Any, *predictions: Any, weight: Any, **parameters: Any) -> Any:
        if weight is not None:
            parameters["weight"] = weight
        if "epsilon" in parameters:
            parameters["eps"] = parameters.pop("epsilon")
        for flag in {"full", "log_target", "swap"} & set(parameters):
            parameters[flag] = bool(parameters[flag])
        first, *more = predictions
        return function(first, y, *more, reduction="none", **fixed, **parameters)

    return losses


def pair_first(function: Framework) -> Framework:
    """The order of torch's losses of pairs: (first, second, target)."""
    return lambda first, y, other, **options: function(first, other, y, **options)


def triplet_margin_loss(anchor: Any, _: Any, positive: Any, negative: Any, **options: Any) -> Any:
    return F.triplet_margin_loss(anchor, positive, negative, **options)


def nll_loss(p: Any, y: Any, **options: Any) -> Any:
    return F.nll_loss(p, y.argmax(-1), **options)


def multi_margin_loss(x: Any, y: Any, p: float, margin: float, **options: Any) -> Any:
    if (y.sum(-1) == 1).all():
        return F.multi_margin_loss(x, y.argmax(-1), int(p), margin, **options)
    places = torch.arange(y.shape[-1])
    labels = torch.where(y == 1, places, -1).sort(descending=True).values  # -1 ends the list
    return F.multilabel_margin_loss(x, labels, **options)


def logits_in_torch(y: Any, x: Any, weight: Any, label_smoothing: float) -> Any:
    y = y * (1 - label_smoothing) + 0.5 * label_smoothing
    return F.binary_cross_entropy_with_logits(x, y, pos_weight=weight, reduction="none")


def scaled_logits_in_torch(
    y: Any,
    x: Any,
    weight: Any,
    label_smoothing: float,
    temperature: float,
    softcap: float,
    z_loss: float,
) -> Any:
    if softcap:
        x = softcap * torch.tanh(x / softcap)
    x = x / temperature
    costs = F.cross_entropy(x, y, weight=weight, label_smoothing=label_smoothing, reduction="none")
    return costs + z_loss * torch.logsumexp(x, -1) ** 2


def in_keras(function: Framework, *, pointwise: bool = False, **fixed: Any) -> Framework:
    """A loss of Keras. Those that average over the last axis get rows of one element."""

    def losses(y: Any, p: Any, weight: Any, epsilon: float = 1e-7, **parameters: Any) -> Any:
        assert weight is None
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


def generalized_crossentropy(y: Any, p: Any, **parameters: Any) -> Any:
    return L.categorical_generalized_cross_entropy(y.argmax(-1), p, **parameters)


def in_sklearn(loss: Callable[..., Any]) -> Framework:
    """A loss of scikit-learn; those of counts are given the logarithm of the mean."""

    def losses(y: Any, p: Any, weight: Any, **parameters: Any) -> Any:
        assert weight is None
        return torch.tensor(loss(**parameters).loss(y.numpy(), p.numpy()))

    return losses


def of_mean(framework: Framework) -> Framework:
    """A loss of the logarithm of the mean as one of the mean itself."""

    def losses(y: Any, p: Any, *more: Any, epsilon: float, **options: Any) -> Any:
        return framework(y, torch.log(p + epsilon), *more, **options)

    return losses


def negative_binomial(y: Any, x: Any, dispersion: Any, weight: Any, full: float) -> Any:
    assert weight is None
    r, m = 1 / dispersion.numpy(), torch.exp(x).numpy()
    likelihood = stats.nbinom.logpmf(y.numpy(), r, r / (r + m))
    return torch.tensor(-likelihood - (0 if full else special.gammaln(y.numpy() + 1)))


def zero_inflated_poisson(y: Any, x: Any, zero_logit: Any, weight: Any, full: float) -> Any:
    assert weight is None
    y, m, z = y.numpy(), torch.exp(x).numpy(), zero_logit.numpy()
    counted = special.log_expit(-z) + stats.poisson.logpmf(y, m)
    likelihood = np.where(y == 0, np.logaddexp(special.log_expit(z), counted), counted)
    return torch.tensor(-likelihood - (0 if full else special.gammaln(y + 1)))


FRAMEWORK: dict[str, Framework] = {
    "mean_squared_error": in_torch(F.mse_loss),
    "mean_absolute_error": in_torch(F.l1_loss),
    "mean_absolute_percentage_error": in_keras(L.mean_absolute_percentage_error, pointwise=True),
    "mean_squared_logarithmic_error": in_keras(L.mean_squared_logarithmic_error, pointwise=True),
    "huber": in_torch(F.huber_loss),
    "smooth_l1": in_torch(F.smooth_l1_loss),
    "log_cosh": in_keras(L.log_cosh, pointwise=True),
    "pinball": in_sklearn(losses.PinballLoss),
    "poisson": in_torch(F.poisson_nll_loss, log_input=False),
    "poisson_log_input": in_torch(F.poisson_nll_loss),
    "gamma": of_mean(in_sklearn(losses.HalfGammaLoss)),
    "gamma_log_input": in_sklearn(losses.HalfGammaLoss),
    "tweedie": of_mean(in_sklearn(losses.HalfTweedieLoss)),
    "tweedie_log_input": in_sklearn(losses.HalfTweedieLoss),
    "gaussian_nll": in_torch(F.gaussian_nll_loss),
    "negative_binomial": of_mean(negative_binomial),
    "negative_binomial_log_input": negative_binomial,
    "zero_inflated_poisson": of_mean(zero_inflated_poisson),
    "zero_inflated_poisson_log_input": zero_inflated_poisson,
    "kl_divergence_from_log_probs": in_torch(F.kl_div),
    "hinge": in_keras(L.hinge, pointwise=True),
    "squared_hinge": in_keras(L.squared_hinge, pointwise=True),
    "hinge_embedding": in_torch(F.hinge_embedding_loss),
    "soft_margin": in_torch(F.soft_margin_loss),
    "margin_ranking": in_torch(pair_first(F.margin_ranking_loss)),
    "binary_crossentropy": in_keras(L.binary_crossentropy, pointwise=True),
    "binary_crossentropy_clamped": in_torch(F.binary_cross_entropy),
    "binary_crossentropy_from_logits": logits_in_torch,
    "binary_focal_crossentropy": in_keras(L.binary_focal_crossentropy, pointwise=True),
    "binary_focal_crossentropy_from_logits": in_keras(
        L.binary_focal_crossentropy, pointwise=True, from_logits=True
    ),
    "categorical_crossentropy": in_keras(L.categorical_crossentropy),
    "categorical_crossentropy_from_logits": in_torch(F.cross_entropy),
    "categorical_crossentropy_from_scaled_logits": scaled_logits_in_torch,
    "categorical_crossentropy_from_log_probs": in_torch(nll_loss),
    "categorical_focal_crossentropy": in_keras(L.categorical_focal_crossentropy),
    "categorical_focal_crossentropy_from_logits": in_keras(
        L.categorical_focal_crossentropy, from_logits=True
    ),
    "categorical_generalized_crossentropy": in_keras(generalized_crossentropy),
    "categorical_hinge": in_keras(L.categorical_hinge),
    "multi_margin": in_torch(multi_margin_loss),
    "kl_divergence": in_keras(L.kl_divergence),
    "cosine_similarity": in_keras(L.cosine_similarity),
    "cosine_embedding": in_torch(pair_first(F.cosine_embedding_loss)),
    "triplet_margin": in_torch(triplet_margin_loss),
}
WEIGHTED_THERE = (  # by the framework, too
    "binary_crossentropy_from_logits",
    "categorical_crossentropy_from_logits",
    "categorical_crossentropy_from_scaled_logits",
    "categorical_crossentropy_from_log_probs",
    "multi_margin",
)
OF_LABELS_THERE = (
    "categorical_crossentropy_from_log_probs",
    "categorical_generalized_crossentropy",
)


def has_counterpart(case: Case) -> bool:
    """Whether the frameworks can be asked for this at all."""
    name, a = case.loss.name, case.parameters
    if name not in FRAMEWORK or (case.weighted and name not in WEIGHTED_THERE):
        return False
    if name in OF_LABELS_THERE:
        return case.labels
    if name == "multi_margin":  # torch knows two powers, and several labels only by default
        return a["p"] in (1, 2) and (case.labels or (not case.changed and not case.weighted))
    if name == "pinball":
        return 0 < a["quantile"] < 1
    if "smoothed_focus" in a:  # ours smooths the label in another place unless asked not to
        return a["smoothed_focus"] == 1 or a["label_smoothing"] == 0
    return True


@pytest.mark.parametrize("case", [case for case in CASES if has_counterpart(case)], ids=str)
def test_the_reference_is_what_the_framework_computes(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float64), (50, 5) if case.is_row else (200,))
    if case.reference.predictions == "logit":
        inputs.y_pred[:] /= 10  # where Keras clips the probabilities of logits, ours does not
    weight = None if inputs.class_weight is None else torch.tensor(inputs.class_weight)
    arrays = map(torch.tensor, (case.targets(inputs), *inputs.predictions))
    got = FRAMEWORK[case.loss.name](*arrays, weight=weight, **case.parameters)
    # Keras computes its binary losses in float32, whatever it is given.
    np.testing.assert_allclose(got.numpy(), case.value(inputs).astype(float), rtol=1e-5, atol=1e-8)
