"""Arguments of losses, drawn at random: predictions, targets, and what else a loss takes.

Each function returns them in float32 and in the order in which torch takes them. The first is a
prediction; further ones are marked by `requires_grad`. None has values where providers choose
different slopes, also after rounding to 16 bits.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

Shape = tuple[int, ...]
Draw = Callable[[Shape, Generator], tuple[Tensor, ...]]


def numbers(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    return torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)


def unequal_numbers(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    y_pred, y_true = numbers(shape, generator)
    y_pred[(y_pred - y_true).abs() < 0.05] += 0.1  # where an absolute error has its kink
    return y_pred, y_true


def positive_numbers(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    y_pred, y_true = numbers(shape, generator)
    return y_pred.abs() + 0.1, y_true.abs() + 0.1


def numbers_and_variances(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    variance = torch.rand(shape, generator=generator) + 0.5
    return *numbers(shape, generator), variance.requires_grad_()


def log_rates_and_amounts(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    log_rates, amounts = numbers(shape, generator)
    return log_rates, amounts.abs() + 0.1


def log_rates_and_counts(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    counts = torch.poisson(torch.ones(shape), generator=generator)
    return torch.randn(shape, generator=generator), counts


def counts_with_zeros(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    zero_logits = torch.randn(shape, generator=generator)
    return *log_rates_and_counts(shape, generator), zero_logits.requires_grad_()


def scores_and_signs(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    scores = torch.randn(shape, generator=generator)
    scores[(scores.abs() - 1).abs() < 0.01] = 0  # where a margin of 1 is just reached
    return scores, _signs(shape, generator)


def pairs_of_scores(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    better, worse = numbers(shape, generator)
    worse[(better - worse).abs() < 0.01] += 1  # where a margin of 0 is just reached
    return better, worse.requires_grad_(), _signs(shape, generator)


def pairs_of_vectors(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    one, other = numbers(shape, generator)
    return one, other.requires_grad_(), _signs(shape[:1], generator)


def triplets_of_vectors(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    anchor, positive = numbers(shape, generator)
    negative = torch.randn(shape, generator=generator)
    return anchor, positive.requires_grad_(), negative.requires_grad_()


def logits_and_bits(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    bits = torch.rand(shape, generator=generator) < 0.3
    return 2 * torch.randn(shape, generator=generator), bits.float()


def probabilities_and_bits(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    # Away from 0 and 1, where the libraries clip in different ways and differ by intention.
    bits = torch.rand(shape, generator=generator) < 0.3
    return torch.rand(shape, generator=generator) * 0.9 + 0.05, bits.float()


def logits_and_labels(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    labels = torch.randint(shape[1], shape[:1] + shape[2:], generator=generator)
    return 2 * torch.randn(shape, generator=generator), labels


def logits_with_a_winner(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    """One class far ahead: in 16 bits two of a thousand would often share the first place."""
    logits, labels = logits_and_labels(shape, generator)
    winners = torch.randint(shape[1], (shape[0], 1), generator=generator)
    return logits.scatter(1, winners, 12.0), labels


def logits_and_sets_of_labels(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    """Four labels a row, and -1 where they end."""
    labels = torch.full(shape, -1)
    labels[:, :4] = torch.rand(shape, generator=generator).topk(4, dim=1).indices
    return torch.randn(shape, generator=generator), labels


def logits_and_distributions(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    logits = 2 * torch.randn(shape, generator=generator)
    return logits, torch.randn(shape, generator=generator).softmax(dim=1)


def log_probabilities_and_labels(shape: Shape, generator: Generator) -> tuple[Tensor, Tensor]:
    logits, labels = logits_and_labels(shape, generator)
    return logits.log_softmax(dim=1), labels


def log_probabilities_and_distributions(
    shape: Shape, generator: Generator
) -> tuple[Tensor, Tensor]:
    logits, distributions = logits_and_distributions(shape, generator)
    return logits.log_softmax(dim=1), distributions


def _signs(shape: Shape, generator: Generator) -> Tensor:
    return torch.randint(2, shape, generator=generator).float() * 2 - 1
