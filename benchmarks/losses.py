"""The losses that are measured, as each library offers them. All take the mean over the batch."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import methodcaller
from typing import Any

import torch
import torch.nn.functional as F
from numpy.typing import NDArray

import draws
import formulas
import fusedloss as fl
import fusedloss.torch.functional as FL
import torch_formulas
from draws import Draw

TorchLoss = Callable[..., Any]
NumpyLoss = Callable[..., tuple[Any, NDArray[Any]]]
LossOf = Callable[[Any], Any]
"""Given the module of a library's losses, the one that is meant."""


@dataclass(frozen=True)
class Loss:
    """One loss; None where a library does not have it, or has another of this name."""

    name: str
    draw: Draw
    ours: TorchLoss
    theirs: TorchLoss
    ours_numpy: NumpyLoss | None = None
    """Like `formula`: targets and predictions to value and gradient."""
    formula: NumpyLoss | None = None
    keras: LossOf | None = None
    sklearn: LossOf | None = None
    sklearn_share: float = 1.0
    """scikit-learn halves the square."""
    in_place: bool = False
    """Ours writes the gradient over the predictions."""


SMOOTHING = 0.1
DISPERSION = 0.5
QUANTILE = 0.9
CLASS_WEIGHT = torch.linspace(0.5, 1.5, 1000)

WHY_NOT_IN_PLACE = (
    None
    if "inplace" in inspect.signature(FL.cross_entropy).parameters
    else "fusedloss.torch.functional.cross_entropy has no argument inplace"
)

_sparse = partial(fl.sparse_categorical_crossentropy, from_logits=True, axis=1, return_grad=True)


def _class_weighted(y_true: NDArray[Any], y_pred: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
    """torch's mean: a row counts by the weight of its class."""
    weight = CLASS_WEIGHT.numpy()
    result: tuple[Any, NDArray[Any]] = _sparse(
        y_true, y_pred, class_weight=weight, denominator=weight[y_true].sum()
    )
    return result


CROSS_ENTROPY = Loss(
    "cross-entropy",
    draws.logits_and_labels,
    FL.cross_entropy,
    F.cross_entropy,
    _sparse,
    formulas.cross_entropy,
    methodcaller("SparseCategoricalCrossentropy", from_logits=True),
    methodcaller("HalfMultinomialLoss"),
)
CROSS_ENTROPY_IN_PLACE = Loss(
    "cross-entropy in place",
    draws.logits_and_labels,
    partial(FL.cross_entropy, inplace=True),
    F.cross_entropy,
    in_place=True,
)
DENSE_CROSS_ENTROPY = Loss(
    "cross-entropy, dense targets",
    draws.logits_and_distributions,
    FL.cross_entropy,
    F.cross_entropy,
    partial(fl.categorical_crossentropy, from_logits=True, return_grad=True),
    formulas.dense_cross_entropy,
    methodcaller("CategoricalCrossentropy", from_logits=True),
)
SMOOTHED_CROSS_ENTROPY = Loss(
    "cross-entropy, smoothed",
    draws.logits_and_labels,
    partial(FL.cross_entropy, label_smoothing=SMOOTHING),
    partial(F.cross_entropy, label_smoothing=SMOOTHING),
    partial(_sparse, label_smoothing=SMOOTHING),
    partial(formulas.cross_entropy, smoothing=SMOOTHING),
)
WEIGHTED_CROSS_ENTROPY = Loss(
    "cross-entropy, class weights",
    draws.logits_and_labels,
    partial(FL.cross_entropy, weight=CLASS_WEIGHT),
    partial(F.cross_entropy, weight=CLASS_WEIGHT),
    _class_weighted,
    partial(formulas.cross_entropy, class_weight=CLASS_WEIGHT.numpy()),
)
KL_DIVERGENCE = Loss(
    "KL divergence",
    draws.log_probabilities_and_distributions,
    partial(FL.kl_div, reduction="batchmean"),
    partial(F.kl_div, reduction="batchmean"),
)
COSINE_SIMILARITY = Loss(
    "cosine similarity",
    draws.numbers,
    FL.cosine_similarity_loss,
    torch_formulas.cosine_similarity,
    partial(fl.cosine_similarity, return_grad=True),
    formulas.cosine_similarity,
    methodcaller("CosineSimilarity"),
)

HUBER = Loss(
    "Huber",
    draws.numbers,
    FL.huber_loss,
    F.huber_loss,
    partial(fl.huber, return_grad=True),
    formulas.huber,
    methodcaller("Huber"),
    methodcaller("HuberLoss", delta=1.0),
)
POISSON = Loss(
    "Poisson, log input",
    draws.log_rates_and_counts,
    FL.poisson_nll_loss,
    F.poisson_nll_loss,
    partial(fl.poisson, log_input=True, return_grad=True),
    formulas.poisson_log_input,
    sklearn=methodcaller("HalfPoissonLoss"),
)
BCE_FROM_LOGITS = Loss(
    "BCE from logits",
    draws.logits_and_bits,
    FL.binary_cross_entropy_with_logits,
    F.binary_cross_entropy_with_logits,
    partial(fl.binary_crossentropy, from_logits=True, return_grad=True),
    formulas.binary_cross_entropy_with_logits,
    methodcaller("BinaryCrossentropy", from_logits=True),
    methodcaller("HalfBinomialLoss"),
)

ELEMENTWISE = (
    Loss(
        "mean squared error",
        draws.numbers,
        FL.mse_loss,
        F.mse_loss,
        partial(fl.mean_squared_error, return_grad=True),
        formulas.mean_squared_error,
        methodcaller("MeanSquaredError"),
        methodcaller("HalfSquaredError"),
        sklearn_share=0.5,
    ),
    Loss(
        "mean absolute error",
        draws.unequal_numbers,
        FL.l1_loss,
        F.l1_loss,
        partial(fl.mean_absolute_error, return_grad=True),
        formulas.mean_absolute_error,
        methodcaller("MeanAbsoluteError"),
        methodcaller("AbsoluteError"),
    ),
    HUBER,
    Loss(
        "smooth L1",
        draws.numbers,
        FL.smooth_l1_loss,
        F.smooth_l1_loss,
        partial(fl.smooth_l1, return_grad=True),
        formulas.smooth_l1,
    ),
    Loss(
        "log-cosh",
        draws.numbers,
        FL.log_cosh_loss,
        torch_formulas.log_cosh,
        partial(fl.log_cosh, return_grad=True),
        formulas.log_cosh,
        methodcaller("LogCosh"),
    ),
    Loss(
        "pinball",
        draws.unequal_numbers,
        partial(FL.pinball_loss, quantile=QUANTILE),
        partial(torch_formulas.pinball, quantile=QUANTILE),
        partial(fl.pinball, quantile=QUANTILE, return_grad=True),
        partial(formulas.pinball, quantile=QUANTILE),
        sklearn=methodcaller("PinballLoss", quantile=QUANTILE),
    ),
    Loss(
        "hinge",
        draws.scores_and_signs,
        FL.hinge_loss,
        torch_formulas.hinge,
        partial(fl.hinge, return_grad=True),
        formulas.hinge,
        methodcaller("Hinge"),
    ),
    POISSON,
    Loss(
        "negative binomial, log input",
        draws.log_rates_and_counts,
        partial(FL.negative_binomial_nll_loss, dispersion=DISPERSION),
        partial(torch_formulas.negative_binomial_log_input, dispersion=DISPERSION),
        partial(fl.negative_binomial, dispersion=DISPERSION, log_input=True, return_grad=True),
        partial(formulas.negative_binomial_log_input, dispersion=DISPERSION),
    ),
    Loss(
        "gamma, log input",
        draws.log_rates_and_amounts,
        FL.gamma_nll_loss,
        torch_formulas.gamma_log_input,
        partial(fl.gamma, log_input=True, return_grad=True),
        formulas.gamma_log_input,
        sklearn=methodcaller("HalfGammaLoss"),
    ),
    Loss(
        "Tweedie, log input",
        draws.log_rates_and_amounts,
        FL.tweedie_nll_loss,
        torch_formulas.tweedie_log_input,
        partial(fl.tweedie, log_input=True, return_grad=True),
        formulas.tweedie_log_input,
        sklearn=methodcaller("HalfTweedieLoss"),
    ),
    BCE_FROM_LOGITS,
    Loss(
        "BCE",
        draws.probabilities_and_bits,
        FL.binary_cross_entropy,
        F.binary_cross_entropy,
        partial(fl.binary_crossentropy, return_grad=True),
        formulas.binary_cross_entropy,
        methodcaller("BinaryCrossentropy"),
    ),
    Loss(
        "sigmoid focal",
        draws.logits_and_bits,
        partial(FL.sigmoid_focal_loss, reduction="mean"),
        torch_formulas.sigmoid_focal_loss,
        partial(
            fl.binary_focal_crossentropy,
            apply_class_balancing=True,
            from_logits=True,
            return_grad=True,
        ),
        formulas.sigmoid_focal_loss,
        methodcaller("BinaryFocalCrossentropy", apply_class_balancing=True, from_logits=True),
    ),
)
