"""Losses of elements against torch's own: what is called, with what, and what it is equal to."""

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
import torch_inputs as given
import torch_references as references
from torch import Tensor
from torch_case import Case, cases
from torch_inputs import SHAPE, W
from torch_references import reduce

import fusedloss.torch.functional as FL


def weighted(function: Callable[..., Tensor], counts: bool) -> Callable[..., Tensor]:
    """A function with `weight` as in torch 2.13; older versions have none."""

    def loss(
        input: Tensor, target: Tensor, *, weight: Tensor, reduction: str, **options: Any
    ) -> Tensor:
        losses = function(input, target, reduction="none", **options) * weight
        if reduction == "mean" and counts:
            return losses.sum() / weight.sum()
        return reduce(losses, reduction)

    return loss


ELEMENTS = [
    Case("mse", FL.mse_loss, F.mse_loss, given.numbers),
    Case("mse-weight", FL.mse_loss, weighted(F.mse_loss, True), given.numbers, {"weight": W}),
    Case("l1", FL.l1_loss, F.l1_loss, given.numbers),
    Case("l1-weight", FL.l1_loss, weighted(F.l1_loss, True), given.numbers, {"weight": W}),
    Case("huber", FL.huber_loss, F.huber_loss, given.numbers),
    Case("huber-delta", FL.huber_loss, F.huber_loss, given.numbers, {"delta": 0.3}),
    Case(
        "huber-weight", FL.huber_loss, weighted(F.huber_loss, False), given.numbers, {"weight": W}
    ),
    *cases(
        FL.smooth_l1_loss,
        F.smooth_l1_loss,
        {
            "smooth-l1": (given.numbers, {}),
            "smooth-l1-beta": (given.numbers, {"beta": 0.3}),
            "smooth-l1-0": (given.numbers, {"beta": 0.0}),
        },
    ),
    *cases(
        FL.poisson_nll_loss,
        F.poisson_nll_loss,
        {
            "poisson": (given.counts, {}),
            "poisson-full": (given.counts, {"full": True}),
            "poisson-rate": (given.rates, {"log_input": False}),
            "poisson-rate-full": (given.rates, {"log_input": False, "full": True, "eps": 1e-3}),
        },
    ),
    *cases(
        FL.gaussian_nll_loss,
        F.gaussian_nll_loss,
        {
            "gaussian": (given.beside(given.numbers, SHAPE), {}),
            "gaussian-full": (given.beside(given.numbers, SHAPE), {"full": True, "eps": 0.1}),
            "gaussian-row": (given.beside(given.numbers, SHAPE[:1]), {}),
            "gaussian-column": (given.beside(given.numbers, (1, SHAPE[1])), {}),
        },
        (0, 2),
    ),
    *cases(
        FL.kl_div,
        F.kl_div,
        {
            "kl": (given.log_probabilities, {}),
            "kl-log": (given.log_probabilities_of_both, {"log_target": True}),
        },
    ),
    *cases(
        FL.binary_cross_entropy,
        F.binary_cross_entropy,
        {
            "bce": (given.probabilities, {}),
            "bce-w": (given.probabilities, {"weight": W}),
            "bce-row": (given.probabilities, {"weight": W[0]}),
        },
    ),
    *cases(
        FL.binary_cross_entropy_with_logits,
        F.binary_cross_entropy_with_logits,
        {
            "bce-logits": (given.logits, {}),
            "bce-logits-weight": (given.logits, {"weight": W}),
            "bce-logits-column": (given.logits, {"weight": W[:, :1]}),
            "bce-logits-pos": (given.logits, {"pos_weight": W[0] * 3}),
            "bce-logits-pos-weight": (given.logits, {"pos_weight": W, "weight": W[1]}),
        },
    ),
    *cases(
        FL.sigmoid_focal_loss,
        references.sigmoid_focal_loss,
        {
            "sigmoid-focal": (given.logits, {}),
            "sigmoid-focal-unbalanced": (given.logits, {"alpha": -1.0}),
            "sigmoid-focal-0": (given.logits, {"alpha": 0.6, "gamma": 0.0}),
            "sigmoid-focal-half": (given.logits, {"gamma": 0.5}),
            "sigmoid-focal-alphas": (given.logits, {"alpha": W[0] / 2}),
        },
    ),
    *cases(FL.log_cosh_loss, references.log_cosh_loss, {"log-cosh": (given.numbers, {})}),
    *cases(
        FL.pinball_loss,
        references.pinball_loss,
        {"pinball": (given.numbers, {}), "pinball-90": (given.numbers, {"quantile": 0.9})},
    ),
    *cases(
        FL.mape_loss,
        references.mape_loss,
        {"mape": (given.amounts, {}), "mape-eps": (given.numbers, {"eps": 0.5})},
    ),
    *cases(
        FL.msle_loss,
        references.msle_loss,
        {"msle": (given.amounts, {}), "msle-negative": (given.numbers, {"eps": 0.1})},
    ),
    *cases(FL.hinge_loss, references.hinge_loss, {"hinge": (given.signs, {})}),
    *cases(
        FL.squared_hinge_loss, references.squared_hinge_loss, {"squared-hinge": (given.signs, {})}
    ),
    *cases(FL.soft_margin_loss, F.soft_margin_loss, {"soft-margin": (given.signs, {})}),
    *cases(
        FL.hinge_embedding_loss,
        F.hinge_embedding_loss,
        {
            "hinge-embedding": (given.signs, {}),
            "hinge-embedding-margin": (given.signs, {"margin": 0.3}),
        },
    ),
    *cases(
        FL.margin_ranking_loss,
        F.margin_ranking_loss,
        {"ranking": (given.scores, {}), "ranking-margin": (given.scores, {"margin": 0.3})},
        (0, 1),
    ),
    *cases(
        FL.gamma_nll_loss,
        references.gamma_nll_loss,
        {
            "gamma": (given.log_amounts, {}),
            "gamma-mean": (given.amounts, {"log_input": False, "eps": 0.1}),
        },
    ),
    *cases(
        FL.tweedie_nll_loss,
        references.tweedie_nll_loss,
        {
            "tweedie": (given.log_amounts, {}),
            "tweedie-1": (given.log_amounts, {"power": 1.0}),
            "tweedie-2": (given.log_amounts, {"power": 2.0}),
            "tweedie-mean": (given.amounts, {"log_input": False, "power": 1.2, "eps": 0.1}),
        },
    ),
    *cases(
        FL.negative_binomial_nll_loss,
        references.negative_binomial_nll_loss,
        {
            "negative-binomial": (given.beside(given.counts, SHAPE), {}),
            "negative-binomial-full": (given.beside(given.counts, SHAPE[1:]), {"full": True}),
            "negative-binomial-mean": (
                given.beside(given.rates, SHAPE),
                {"log_input": False, "eps": 0.1},
            ),
        },
        (0, 2),
        units=64,  # what the reference loses, which subtracts logarithms of the gamma function
    ),
    *cases(
        FL.zero_inflated_poisson_nll_loss,
        references.zero_inflated_poisson_nll_loss,
        {
            "zero-inflated": (given.beside(given.counts, SHAPE), {}),
            "zero-inflated-full": (given.beside(given.counts, SHAPE[1:]), {"full": True}),
            "zero-inflated-rate": (
                given.beside(given.rates, SHAPE),
                {"log_input": False, "eps": 0.1},
            ),
        },
        (0, 2),
    ),
]
