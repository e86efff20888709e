"""What is measured: losses as their users call them, in the shapes in which they are used."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

import formulas
import fusedloss as fl
import fusedloss.torch.functional as FL

Shape = tuple[int, ...]
Draw = Callable[[Shape, torch.Generator], tuple[Tensor, Tensor]]
TorchLoss = Callable[[Tensor, Tensor], Tensor]
NumpyLoss = Callable[[NDArray[Any], NDArray[Any]], tuple[Any, NDArray[Any]]]


@dataclass(frozen=True)
class Loss:
    """One loss as each library offers it; all of them take the mean over the batch."""

    name: str
    draw: Draw
    """Predictions and targets in float32."""
    ours: TorchLoss
    theirs: TorchLoss
    ours_numpy: NumpyLoss | None = None
    """Like `formula`: targets and predictions to value and gradient; None: NumPy's differs."""
    formula: NumpyLoss | None = None


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    loss: Loss
    shape: Shape
    dtype: torch.dtype = torch.float32
    in_quick_run: bool = True

    def __str__(self) -> str:
        shape = self.shape
        size = elements(*shape) if len(shape) == 1 else " x ".join(map(str, shape))
        words = [self.loss.name, size]
        if self.dtype is not torch.float32:
            words.append(str(self.dtype).removeprefix("torch."))
        return " ".join(words)

    def inputs(self) -> tuple[Tensor, Tensor]:
        """Predictions that want a gradient, and targets; floating-point ones in the same dtype."""
        y_pred, y_true = self.loss.draw(self.shape, torch.Generator().manual_seed(0))
        if y_true.is_floating_point():
            y_true = y_true.to(self.dtype)
        return y_pred.to(self.dtype).requires_grad_(), y_true


def elements(number: int) -> str:
    """65536 as "64 Ki"."""
    for prefix, unit in (("Mi", 1 << 20), ("Ki", 1 << 10)):
        if number % unit == 0:
            return f"{number // unit} {prefix}"
    return str(number)


def numbers(shape: Shape, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    return torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)


def log_rates_and_counts(shape: Shape, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    counts = torch.poisson(torch.ones(shape), generator=generator)
    return torch.randn(shape, generator=generator), counts


def scores_and_signs(shape: Shape, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    signs = torch.randint(2, shape, generator=generator) * 2 - 1
    scores = torch.randn(shape, generator=generator)
    scores[scores.abs() == 1] = 0  # where the margin is just reached, providers have other slopes
    return scores, signs.float()


def logits_and_bits(shape: Shape, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    bits = torch.rand(shape, generator=generator) < 0.3
    return 2 * torch.randn(shape, generator=generator), bits.float()


def probabilities_and_bits(shape: Shape, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    # Away from 0 and 1, where the libraries clip in different ways and differ by intention.
    bits = torch.rand(shape, generator=generator) < 0.3
    return torch.rand(shape, generator=generator) * 0.9 + 0.05, bits.float()


def logits_and_labels(shape: Shape, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    labels = torch.randint(shape[1], shape[:1] + shape[2:], generator=generator)
    return 2 * torch.randn(shape, generator=generator), labels


def logits_and_distributions(shape: Shape, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    logits = 2 * torch.randn(shape, generator=generator)
    return logits, torch.randn(shape, generator=generator).softmax(dim=1)


def log_probabilities_and_distributions(
    shape: Shape, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    logits, distributions = logits_and_distributions(shape, generator)
    return logits.log_softmax(dim=1), distributions


SMOOTHING = 0.1
DISPERSION = 0.5
CLASS_WEIGHT = torch.linspace(0.5, 1.5, 1000)

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
    logits_and_labels,
    FL.cross_entropy,
    F.cross_entropy,
    _sparse,
    formulas.cross_entropy,
)
DENSE_CROSS_ENTROPY = Loss(
    "cross-entropy, dense targets",
    logits_and_distributions,
    FL.cross_entropy,
    F.cross_entropy,
    partial(fl.categorical_crossentropy, from_logits=True, return_grad=True),
    formulas.dense_cross_entropy,
)
SMOOTHED_CROSS_ENTROPY = Loss(
    "cross-entropy, smoothed",
    logits_and_labels,
    partial(FL.cross_entropy, label_smoothing=SMOOTHING),
    partial(F.cross_entropy, label_smoothing=SMOOTHING),
    partial(_sparse, label_smoothing=SMOOTHING),
    partial(formulas.cross_entropy, smoothing=SMOOTHING),
)
WEIGHTED_CROSS_ENTROPY = Loss(
    "cross-entropy, class weights",
    logits_and_labels,
    partial(FL.cross_entropy, weight=CLASS_WEIGHT),
    partial(F.cross_entropy, weight=CLASS_WEIGHT),
    _class_weighted,
    partial(formulas.cross_entropy, class_weight=CLASS_WEIGHT.numpy()),
)
KL_DIVERGENCE = Loss(
    "KL divergence",
    log_probabilities_and_distributions,
    partial(FL.kl_div, reduction="batchmean"),
    partial(F.kl_div, reduction="batchmean"),
)
COSINE_SIMILARITY = Loss(
    "cosine similarity",
    numbers,
    FL.cosine_similarity_loss,
    formulas.torch_cosine_similarity,
    partial(fl.cosine_similarity, return_grad=True),
    formulas.cosine_similarity,
)

ELEMENTWISE = (
    Loss(
        "mean squared error",
        numbers,
        FL.mse_loss,
        F.mse_loss,
        partial(fl.mean_squared_error, return_grad=True),
        formulas.mean_squared_error,
    ),
    Loss(
        "mean absolute error",
        numbers,
        FL.l1_loss,
        F.l1_loss,
        partial(fl.mean_absolute_error, return_grad=True),
        formulas.mean_absolute_error,
    ),
    Loss(
        "Huber",
        numbers,
        FL.huber_loss,
        F.huber_loss,
        partial(fl.huber, return_grad=True),
        formulas.huber,
    ),
    Loss(
        "smooth L1",
        numbers,
        FL.smooth_l1_loss,
        F.smooth_l1_loss,
        partial(fl.smooth_l1, return_grad=True),
        formulas.smooth_l1,
    ),
    Loss(
        "log-cosh",
        numbers,
        FL.log_cosh_loss,
        formulas.torch_log_cosh,
        partial(fl.log_cosh, return_grad=True),
        formulas.log_cosh,
    ),
    Loss(
        "hinge",
        scores_and_signs,
        FL.hinge_loss,
        formulas.torch_hinge,
        partial(fl.hinge, return_grad=True),
        formulas.hinge,
    ),
    Loss(
        "negative binomial, log input",
        log_rates_and_counts,
        partial(FL.negative_binomial_nll_loss, dispersion=DISPERSION),
        partial(formulas.torch_negative_binomial, dispersion=DISPERSION),
        partial(fl.negative_binomial, dispersion=DISPERSION, log_input=True, return_grad=True),
        partial(formulas.negative_binomial_log_input, dispersion=DISPERSION),
    ),
    Loss(
        "Poisson, log input",
        log_rates_and_counts,
        FL.poisson_nll_loss,
        F.poisson_nll_loss,
        partial(fl.poisson, log_input=True, return_grad=True),
        formulas.poisson_log_input,
    ),
    Loss(
        "BCE from logits",
        logits_and_bits,
        FL.binary_cross_entropy_with_logits,
        F.binary_cross_entropy_with_logits,
        partial(fl.binary_crossentropy, from_logits=True, return_grad=True),
        formulas.binary_cross_entropy_with_logits,
    ),
    Loss(
        "BCE",
        probabilities_and_bits,
        FL.binary_cross_entropy,
        F.binary_cross_entropy,
        partial(fl.binary_crossentropy, return_grad=True),
        formulas.binary_cross_entropy,
    ),
    Loss(
        "sigmoid focal",
        logits_and_bits,
        partial(FL.sigmoid_focal_loss, reduction="mean"),
        formulas.torch_sigmoid_focal_loss,
        partial(
            fl.binary_focal_crossentropy,
            apply_class_balancing=True,
            from_logits=True,
            return_grad=True,
        ),
        formulas.sigmoid_focal_loss,
    ),
)

LARGE = 16 << 20

CASES = (
    Case(CROSS_ENTROPY, (256, 10)),
    Case(CROSS_ENTROPY, (8192, 10)),
    Case(CROSS_ENTROPY, (4096, 1000)),
    Case(CROSS_ENTROPY, (512, 32000)),
    Case(CROSS_ENTROPY, (512, 128256), in_quick_run=False),
    Case(CROSS_ENTROPY, (1 << 20, 8)),
    Case(CROSS_ENTROPY, (8, 21, 512, 512)),
    Case(DENSE_CROSS_ENTROPY, (4096, 1000)),
    Case(SMOOTHED_CROSS_ENTROPY, (4096, 1000)),
    Case(WEIGHTED_CROSS_ENTROPY, (4096, 1000)),
    Case(KL_DIVERGENCE, (4096, 1000)),
    Case(COSINE_SIMILARITY, (4096, 1000)),
    Case(COSINE_SIMILARITY, (1 << 16, 64)),
    *(Case(loss, (size,)) for loss in ELEMENTWISE for size in (1 << 10, 1 << 16, LARGE)),
    *(
        Case(CROSS_ENTROPY, shape, torch.bfloat16, in_quick_run=False)
        for shape in ((4096, 1000), (512, 32000), (512, 128256), (1 << 20, 8), (8, 21, 512, 512))
    ),
    *(Case(loss, (LARGE,), torch.bfloat16, in_quick_run=False) for loss in ELEMENTWISE),
)
