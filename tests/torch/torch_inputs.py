"""What the losses are called with in tests: predictions and targets, at random."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

SHAPE = (6, 5)


def numbers() -> tuple[Tensor, Tensor]:
    return torch.randn(SHAPE), torch.randn(SHAPE)


def counts() -> tuple[Tensor, Tensor]:
    return torch.randn(SHAPE), torch.poisson(torch.full(SHAPE, 2.0))


def rates() -> tuple[Tensor, Tensor]:
    return torch.rand(SHAPE) * 3, torch.poisson(torch.full(SHAPE, 2.0))


def probabilities() -> tuple[Tensor, Tensor]:
    return torch.rand(SHAPE), torch.rand(SHAPE)


def logits() -> tuple[Tensor, Tensor]:
    return 3 * torch.randn(SHAPE), torch.rand(SHAPE)


def labels(*shape: int, classes: int = 5, ignored: int = -100) -> Callable[..., Any]:
    def make() -> tuple[Tensor, Tensor]:
        y = torch.randint(classes, shape)
        if y.numel() > 1:
            y.view(-1)[1] = ignored
        input_shape = (*shape[:1], classes, *shape[1:])
        return 3 * torch.randn(input_shape), y

    return make


def distributions(*shape: int) -> Callable[..., Any]:
    axis = 1 if len(shape) > 1 else 0
    return lambda: (3 * torch.randn(shape), torch.randn(shape).softmax(axis))


def log_labels(*shape: int, ignored: int = -100) -> Callable[..., Any]:
    def make() -> tuple[Tensor, Tensor]:
        x, y = labels(*shape, ignored=ignored)()
        return x.log_softmax(1 if shape else 0), y

    return make


def log_probabilities() -> tuple[Tensor, Tensor]:
    return torch.randn(SHAPE).log_softmax(1), torch.randn(SHAPE).softmax(1)


def log_probabilities_of_both() -> tuple[Tensor, Tensor]:
    return torch.randn(SHAPE).log_softmax(1), torch.randn(SHAPE).log_softmax(1)


def amounts() -> tuple[Tensor, Tensor]:
    return torch.rand(SHAPE) * 3, torch.rand(SHAPE) * 3 + 0.1


def log_amounts() -> tuple[Tensor, Tensor]:
    return torch.randn(SHAPE), torch.rand(SHAPE) * 3


def signs() -> tuple[Tensor, Tensor]:
    return torch.randn(SHAPE), torch.randint(2, SHAPE) * 2.0 - 1


def scores() -> tuple[Tensor, ...]:
    return torch.randn(SHAPE), *signs()


def beside(make: Callable[..., Any], shape: tuple[int, ...]) -> Callable[..., Any]:
    """The same with a further prediction > 0 that broadcasts to the first."""
    return lambda: (*make(), torch.rand(shape) + 0.1)


def logits_of_one() -> tuple[Tensor, Tensor]:
    return torch.randn(5), torch.rand(5)


def label_lists() -> tuple[Tensor, Tensor]:
    lists = [
        [3, 0, -1, 1, 0],
        [-1, 2, 2, 2, 2],
        [0, 1, 2, 3, 4],
        [1, 1, 4, -1, -1],
        [2, -1, 0, 0, 0],
    ]
    return torch.randn(SHAPE), torch.tensor([*lists, lists[0]])


def label_list() -> tuple[Tensor, Tensor]:
    return torch.randn(5), torch.tensor([3, 1, -1, 0, 0])


def images() -> tuple[Tensor, Tensor]:
    return torch.randn(6, 5, 2, 2), torch.randn(6, 5, 2, 2)


def pairs() -> tuple[Tensor, ...]:
    return torch.randn(SHAPE), torch.randn(SHAPE), torch.tensor([1.0, -1.0, 1.0, -1.0, -1.0, 0.0])


def one_pair() -> tuple[Tensor, ...]:
    return torch.randn(5), torch.randn(5), torch.tensor(-1)


def triplets() -> tuple[Tensor, ...]:
    return torch.randn(SHAPE), torch.randn(SHAPE), torch.randn(SHAPE)


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).square().sum(-1)


W = torch.rand(SHAPE, generator=torch.Generator().manual_seed(1)) + 0.1
CLASSES = W[0]
