"""What torch.nn.functional lacks, as one writes it with torch: straight but not careless."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def log_cosh(y_pred: Tensor, y_true: Tensor) -> Tensor:
    residual = y_pred - y_true
    return (residual + F.softplus(-2 * residual) - math.log(2)).mean()


def mape(y_pred: Tensor, y_true: Tensor) -> Tensor:
    return 100 * ((y_pred - y_true) / y_true).abs().mean()


def msle(y_pred: Tensor, y_true: Tensor) -> Tensor:
    return F.mse_loss(y_pred.log1p(), y_true.log1p())


def pinball(y_pred: Tensor, y_true: Tensor, quantile: float) -> Tensor:
    residual = y_pred - y_true
    return torch.where(residual > 0, (1 - quantile) * residual, -quantile * residual).mean()


def hinge(y_pred: Tensor, y_true: Tensor) -> Tensor:
    return F.relu(1 - y_true * y_pred).mean()


def squared_hinge(y_pred: Tensor, y_true: Tensor) -> Tensor:
    return F.relu(1 - y_true * y_pred).square().mean()


def categorical_hinge(logits: Tensor, labels: Tensor) -> Tensor:
    labels = labels[:, None]
    others = logits.scatter(1, labels, -math.inf)
    return F.relu(1 + others.max(dim=1).values - logits.gather(1, labels)[:, 0]).mean()


def cosine_similarity(y_pred: Tensor, y_true: Tensor) -> Tensor:
    return -F.cosine_similarity(y_pred, y_true, dim=-1).mean()


def gamma_log_input(y_pred: Tensor, y_true: Tensor) -> Tensor:
    return (y_true * torch.exp(-y_pred) + y_pred).mean()


def tweedie_log_input(y_pred: Tensor, y_true: Tensor) -> Tensor:
    """For power = 1.5."""
    root = torch.exp(y_pred / 2)
    return 2 * (root + y_true / root).mean()


def negative_binomial_log_input(y_pred: Tensor, y_true: Tensor, dispersion: float) -> Tensor:
    r = 1 / dispersion
    spread = F.softplus(y_pred + math.log(dispersion))
    losses = (y_true + r) * spread - y_true * (y_pred + math.log(dispersion))
    return (losses - torch.lgamma(y_true + r) + math.lgamma(r)).mean()


def zero_inflated_poisson_log_input(y_pred: Tensor, y_true: Tensor, zero_logits: Tensor) -> Tensor:
    rate = y_pred.exp()
    counted = F.poisson_nll_loss(y_pred, y_true, reduction="none")
    losses = torch.where(y_true == 0, -torch.logaddexp(zero_logits, -rate), counted)
    return (losses + F.softplus(zero_logits)).mean()


def sigmoid_focal_loss(
    inputs: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2.0
) -> Tensor:
    """The formula of `torchvision.ops.sigmoid_focal_loss`, which is not a dependency."""
    p = torch.sigmoid(inputs)
    losses = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    alpha_t = alpha * targets + (1 - alpha) * (1 - targets)
    return (alpha_t * losses * (1 - p_t) ** gamma).mean()


def softmax_focal_loss(
    logits: Tensor, labels: Tensor, alpha: float = 0.25, gamma: float = 2.0
) -> Tensor:
    losses = F.cross_entropy(logits, labels, reduction="none")
    return (alpha * (1 - torch.exp(-losses)) ** gamma * losses).mean()


def generalized_cross_entropy(logits: Tensor, labels: Tensor, q: float = 0.5) -> Tensor:
    losses = F.cross_entropy(logits, labels, reduction="none")
    return (1 - torch.exp(-q * losses)).mean() / q
