"""Which losses are measured in which shapes and dtypes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from draws import Shape
from losses import (
    BCE_FROM_LOGITS,
    COSINE_SIMILARITY,
    CROSS_ENTROPY,
    CROSS_ENTROPY_IN_PLACE,
    DENSE_CROSS_ENTROPY,
    ELEMENTWISE,
    HUBER,
    KL_DIVERGENCE,
    POISSON,
    SMOOTHED_CROSS_ENTROPY,
    WEIGHTED_CROSS_ENTROPY,
    WHY_NOT_IN_PLACE,
    Loss,
)
from more_losses import MORE_ELEMENTWISE, MORE_ROWS


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    loss: Loss
    shape: Shape
    dtype: torch.dtype = torch.float32

    def __str__(self) -> str:
        shape = self.shape
        size = elements(*shape) if len(shape) == 1 else " x ".join(map(str, shape))
        words = [self.loss.name, size]
        if self.dtype is not torch.float32:
            words.append(str(self.dtype).removeprefix("torch."))
        return " ".join(words)

    @property
    def why_not(self) -> str | None:
        """What keeps it from being measured."""
        return WHY_NOT_IN_PLACE if self.loss.in_place else None

    def inputs(self) -> tuple[Tensor, ...]:
        """The arguments in torch's order: predictions want a gradient; numbers are in the dtype."""
        y_pred, *others = self.loss.draw(self.shape, torch.Generator().manual_seed(0))
        return (
            y_pred.to(self.dtype).requires_grad_(),
            *(
                other.detach().to(self.dtype).requires_grad_(other.requires_grad)
                if other.is_floating_point()
                else other
                for other in others
            ),
        )


def elements(number: int) -> str:
    """65536 as "64 Ki"."""
    for prefix, unit in (("Mi", 1 << 20), ("Ki", 1 << 10)):
        if number % unit == 0:
            return f"{number // unit} {prefix}"
    return str(number)


LARGE = 16 << 20
DRAWN = (HUBER, POISSON, BCE_FROM_LOGITS)
"""Losses of which the figure shows the time over the size, beside cross-entropy."""

_LARGE_ROWS: tuple[Shape, ...] = (
    (4096, 1000),
    (512, 32000),
    (512, 128256),
    (1 << 20, 8),
    (8, 21, 512, 512),
)

HEADLINE = (
    Case(CROSS_ENTROPY, (256, 10)),
    Case(CROSS_ENTROPY, (8192, 10)),
    *(Case(CROSS_ENTROPY, shape) for shape in _LARGE_ROWS),
    Case(CROSS_ENTROPY_IN_PLACE, (512, 32000)),
    *(Case(loss, (size,)) for loss in DRAWN for size in (LARGE, 1 << 16, 1 << 10)),
    *(Case(CROSS_ENTROPY, shape, torch.bfloat16) for shape in _LARGE_ROWS),
    *(Case(loss, (LARGE,), torch.bfloat16) for loss in DRAWN),
)
"""What the README shows, and a quick run measures."""

MORE = (
    Case(DENSE_CROSS_ENTROPY, (4096, 1000)),
    Case(SMOOTHED_CROSS_ENTROPY, (4096, 1000)),
    Case(WEIGHTED_CROSS_ENTROPY, (4096, 1000)),
    Case(KL_DIVERGENCE, (4096, 1000)),
    Case(COSINE_SIMILARITY, (4096, 1000)),
    Case(COSINE_SIMILARITY, (1 << 16, 64)),
    *(
        Case(loss, (size,))
        for loss in ELEMENTWISE
        for size in (1 << 10, 1 << 16, LARGE)
        if loss not in DRAWN
    ),
)

SIZES = (
    *(Case(CROSS_ENTROPY, (rows, 1000)) for rows in (1, 8, 64, 512)),
    *(Case(loss, (size,)) for loss in DRAWN for size in (1 << 13, 1 << 19, 4 << 20)),
)
"""Between those of the table, for the lines of the figure."""

CASES = HEADLINE + MORE + SIZES

_ROWS = (
    CROSS_ENTROPY,
    DENSE_CROSS_ENTROPY,
    SMOOTHED_CROSS_ENTROPY,
    KL_DIVERGENCE,
    COSINE_SIMILARITY,
    *MORE_ROWS,
)
SWEEP = tuple(
    Case(loss, shape, dtype)
    for losses, shapes in (
        (ELEMENTWISE + MORE_ELEMENTWISE, ((1 << 10,), (1 << 16,), (4 << 20,))),
        (_ROWS, ((32, 32), (512, 128), (4096, 1000))),
    )
    for loss in losses
    for shape in shapes
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16)
)
"""Every function of fusedloss.torch.functional, small, middle and large, in every dtype."""
