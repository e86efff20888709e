"""Losses as a formula says, for what torch has no function of: independent of the package."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import NegativeBinomial, Poisson


def reduce(loss: Tensor, reduction: str) -> Tensor:
    return loss if reduction == "none" else getattr(loss, reduction)()


def reduced(losses: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function with `reduction` from one that gives the loss of each element or row."""

    def loss(*arguments: Tensor, reduction: str = "mean", **options: Any) -> Tensor:
        return reduce(losses(*arguments, **options), reduction)

    return loss


def sigmoid_focal_loss(
    inputs: Tensor,
    targets: Tensor,
    alpha: float | Tensor = 0.25,
    gamma: float = 2.0,
    reduction: str = "none",
) -> Tensor:
    """The formula of torchvision.ops.sigmoid_focal_loss, which takes no tensor as alpha."""
    p = torch.sigmoid(inputs)
    cost = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    loss = cost * (1 - p_t) ** gamma
    if isinstance(alpha, Tensor) or alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return reduce(loss, reduction)


def softmax_focal_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    alpha: float = 0.25,
    gamma: float = 2.0,
) -> Tensor:
    """alpha w_y (1 - p_y)^gamma times the smoothed cross-entropy, for class indices."""
    exists = target != ignore_index
    labels = target.where(exists, 0).long().unsqueeze(1)
    log_p = input.log_softmax(1)
    own = log_p.gather(1, labels).squeeze(1)
    smooth = -(1 - label_smoothing) * own - label_smoothing * log_p.mean(1)
    w = torch.ones_like(own) if weight is None else weight[labels.squeeze(1)]
    loss = (alpha * w * (1 - own.exp()) ** gamma * smooth).where(exists, 0)
    if reduction == "mean":
        return loss.sum() / w.where(exists, 0).sum()
    return reduce(loss, reduction)


@reduced
def log_cosh_loss(input: Tensor, target: Tensor) -> Tensor:
    return (input - target).cosh().log()


@reduced
def pinball_loss(input: Tensor, target: Tensor, quantile: float = 0.5) -> Tensor:
    excess = target - input
    return torch.where(excess > 0, quantile * excess, (quantile - 1) * excess)


@reduced
def mape_loss(input: Tensor, target: Tensor, eps: float = 1e-7) -> Tensor:
    return 100 * ((input - target) / target.abs().clamp(min=eps)).abs()


@reduced
def msle_loss(input: Tensor, target: Tensor, eps: float = 1e-7) -> Tensor:
    return ((1 + input.clamp(min=eps)).log() - (1 + target.clamp(min=eps)).log()) ** 2


@reduced
def hinge_loss(input: Tensor, target: Tensor) -> Tensor:
    return (1 - target * input).clamp(min=0)


@reduced
def squared_hinge_loss(input: Tensor, target: Tensor) -> Tensor:
    return (1 - target * input).clamp(min=0) ** 2


@reduced
def soft_margin_loss(input: Tensor, target: Tensor) -> Tensor:
    return torch.logaddexp(torch.zeros_like(input), -target * input)


@reduced
def gamma_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, eps: float = 1e-8
) -> Tensor:
    mean = input.exp() if log_input else input + eps
    return target / mean + mean.log()


@reduced
def tweedie_nll_loss(
    input: Tensor, target: Tensor, power: float = 1.5, log_input: bool = True, eps: float = 1e-8
) -> Tensor:
    mean = input.exp() if log_input else input + eps
    if power == 1:
        return mean - target * mean.log()
    if power == 2:
        return mean.log() + target / mean
    return mean ** (2 - power) / (2 - power) - target * mean ** (1 - power) / (1 - power)


@reduced
def negative_binomial_nll_loss(
    input: Tensor,
    target: Tensor,
    dispersion: Tensor,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
) -> Tensor:
    log_mean = input if log_input else (input + eps).log()
    dispersion = torch.as_tensor(dispersion, dtype=input.dtype)
    law = NegativeBinomial(1 / dispersion, logits=log_mean + dispersion.log(), validate_args=False)
    loss = -law.log_prob(target)
    return loss if full else loss - (target + 1).lgamma()


@reduced
def zero_inflated_poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    zero_logit: Tensor,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
) -> Tensor:
    rate = input.exp() if log_input else input + eps
    surplus = torch.as_tensor(zero_logit, dtype=input.dtype).sigmoid()
    count = Poisson(rate, validate_args=False).log_prob(target)
    both = (1 - surplus) * count.exp() + surplus * (target == 0)
    loss = -both.log()
    return loss if full else loss - (target + 1).lgamma()


@reduced
def cosine_similarity_loss(
    input: Tensor, target: Tensor, dim: int = -1, eps: float = 1e-8
) -> Tensor:
    return -F.cosine_similarity(input, target, dim=dim, eps=eps)


def _one_hot(input: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Targets in the shape of ``input``, and which rows count."""
    axis = 1 if input.ndim > 1 else 0
    if target.shape == input.shape:
        return target, torch.ones_like(input.sum(axis))
    exists = target != ignore_index
    labels = target.where(exists, 0).long().unsqueeze(axis)
    return torch.zeros_like(input).scatter(axis, labels, 1.0), exists.to(input.dtype)


def _mean_of_rows(loss: Tensor, counts: Tensor, reduction: str) -> Tensor:
    return loss.sum() / counts.sum() if reduction == "mean" else reduce(loss, reduction)


def categorical_hinge_loss(
    input: Tensor, target: Tensor, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    axis = 1 if input.ndim > 1 else 0
    dense, exists = _one_hot(input, target, ignore_index)
    best_wrong = ((1 - dense) * input).amax(axis)
    loss = (best_wrong - (dense * input).sum(axis) + 1).clamp(min=0) * exists
    return _mean_of_rows(loss, exists, reduction)


def generalized_cross_entropy(
    input: Tensor,
    target: Tensor,
    q: float = 0.5,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    axis = 1 if input.ndim > 1 else 0
    dense, exists = _one_hot(input, target, ignore_index)
    weights = torch.ones(input.shape[axis]) if weight is None else weight
    shape = [1] * input.ndim
    shape[axis] = -1
    own = dense * weights.reshape(shape)
    loss = (own * (1 - input.softmax(axis) ** q) / q).sum(axis) * exists
    counts = exists if target.shape == input.shape else own.sum(axis) * exists
    return _mean_of_rows(loss, counts, reduction)


def scaled_cross_entropy(
    input: Tensor,
    target: Tensor,
    temperature: float = 1.0,
    softcap: float = 0.0,
    z_loss: float = 0.0,
    reduction: str = "mean",
    **options: Any,
) -> Tensor:
    """Cross-entropy of capped and scaled logits, with a penalty on their size."""
    logits = (softcap * (input / softcap).tanh() if softcap else input) / temperature
    penalty = z_loss * logits.logsumexp(1) ** 2
    loss = F.cross_entropy(logits, target, reduction="none", **options)
    if target.shape == input.shape:
        return reduce(loss + penalty, reduction)
    exists = target != options.get("ignore_index", -100)
    loss = loss + penalty * exists
    weight = options.get("weight")
    counts = exists if weight is None else weight[target.where(exists, 0)] * exists
    return _mean_of_rows(loss, counts, reduction)
