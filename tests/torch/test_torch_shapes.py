"""Which shapes go together: those that torch accepts, with its results, and no others."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import fusedloss.torch.functional as FL

pytestmark = [
    pytest.mark.filterwarnings("ignore:reduction. 'mean' divides"),
    pytest.mark.filterwarnings("ignore:Using a target size"),
]

Shapes = tuple[tuple[int, ...], ...]
BROADCAST: list[Shapes] = [
    ((3, 4), (3, 4)),
    ((3, 1), (1, 4)),
    ((3, 1), (4,)),
    ((3, 4), (4,)),
    ((4,), (3, 4)),
    ((3, 4), ()),
    ((), (3,)),
    ((), ()),
    ((0, 4), (0, 4)),
    ((0, 4), (1,)),
    ((3, 4), (3,)),
    ((3,), (4,)),
]
TRIPLES: list[Shapes] = [
    ((3, 4), (3, 4), (3, 4)),
    ((4,), (4,), (4,)),
    ((), (), ()),
    ((3, 4), (1, 4), (3, 4)),
    ((1, 4), (3, 4), (1, 4)),
    ((3, 4), (3, 1), (3, 4)),
    ((3, 1), (3, 4), (3, 4)),
    ((3, 4), (3, 4), (3, 1)),
    ((2, 1, 4), (1, 3, 4), (1, 1, 4)),
    ((2, 3, 4), (2, 3, 4), (2, 3, 4)),
    ((0, 4), (0, 4), (0, 4)),
    ((3, 4), (4,), (4,)),
    ((3, 4), (3, 4), (4,)),
    ((3, 4), (3, 4), (3, 5)),
    ((3, 4), (2, 4), (3, 4)),
]
SHAPES: dict[str, list[Shapes]] = {
    "mse_loss": BROADCAST,
    "l1_loss": BROADCAST,
    "huber_loss": BROADCAST,
    "smooth_l1_loss": BROADCAST,
    "poisson_nll_loss": BROADCAST,
    "kl_div": BROADCAST,
    "hinge_embedding_loss": BROADCAST,
    "soft_margin_loss": BROADCAST,
    "margin_ranking_loss": TRIPLES,
    "triplet_margin_loss": TRIPLES,
    "triplet_margin_with_distance_loss": TRIPLES,
    "cosine_embedding_loss": [
        ((3, 4), (3, 4), (3,)),
        ((4,), (4,), ()),
        ((1, 4), (3, 4), (3,)),
        ((3, 4), (1, 4), (3,)),
        ((1, 4), (1, 4), (3,)),
        ((3, 4), (3, 4), (1,)),
        ((0, 4), (0, 4), (0,)),
        ((3, 4), (4,), (3,)),
        ((4,), (3, 4), (3,)),
        ((3, 4), (3, 4), ()),
        ((4,), (4,), (1,)),
        ((4,), (4,), (3,)),
        ((3, 4), (3, 4), (4,)),
        ((3, 4), (3, 5), (3,)),
        ((3, 4), (3, 4), (3, 1)),
        ((2, 3, 4), (2, 3, 4), (2, 3)),
        ((), (), ()),
    ],
    "gaussian_nll_loss": [
        ((3, 4), (3, 4), (3, 4)),
        ((3, 4), (3, 4), (3, 1)),
        ((3, 4), (3, 4), (3,)),
        ((3, 4), (3, 4), (1, 4)),
        ((4, 4), (4, 4), (4,)),
        ((4,), (4,), ()),
        ((4,), (4,), (1,)),
        ((), (), ()),
        ((3, 4), (4,), (3, 4)),
        ((3, 4), (3, 1), (3,)),
        ((4,), (3, 4), (4,)),
        ((4,), (3, 4), ()),
        ((3, 4, 5), (3, 4, 5), (3, 1, 5)),
        ((3, 4, 5), (3, 4, 5), (3, 4)),
        ((0, 4), (0, 4), (0, 4)),
        ((3, 4), (3, 4), (4,)),
        ((3, 4), (3, 4), (1, 1)),
        ((3, 4), (3, 4), (1,)),
        ((3, 4), (3, 4), ()),
        ((3, 1), (3, 1), (3, 4)),
        ((3, 1), (3, 4), (3, 2)),
        ((3, 2), (3, 2), (3, 3)),
        ((3, 4, 5), (3, 4, 5), (3, 1, 1)),
        ((), (), (1,)),
        ((1,), (1,), (5,)),
        ((3, 4), (5,), (3, 4)),
    ],
    "nll_loss": [
        ((3, 4), (3,)),
        ((4,), ()),
        ((4,), (1,)),
        ((1,), (1,)),
        ((1,), ()),
        ((3, 4, 5), (3, 5)),
        ((2, 3, 4, 5, 6), (2, 4, 5, 6)),
        ((0, 4), (0,)),
        ((3, 4, 0), (3, 0)),
        ((3, 4), ()),
        ((1, 4), ()),
        ((4,), (4,)),
        ((4,), (2,)),
        ((3, 4), (3, 4)),
        ((3, 4), (3, 1)),
        ((3, 4, 5), (3,)),
        ((), ()),
    ],
    "cross_entropy": [
        ((3, 4), (3,)),
        ((4,), ()),
        ((4,), (1,)),
        ((3, 4, 5), (3, 5)),
        ((2, 3, 4, 5, 6), (2, 4, 5, 6)),
        ((0, 4), (0,)),
        ((3, 4), ()),
        ((3, 4), (3, 1)),
        ((3, 4, 5), (3,)),
    ],
    "multi_margin_loss": [
        ((3, 4), (3,)),
        ((1, 4), (1,)),
        ((1, 4), ()),
        ((4,), ()),
        ((4,), (1,)),
        ((1,), ()),
        ((1,), (1,)),
        ((), ()),
        ((0, 4), (0,)),
        ((3, 4), ()),
        ((3, 4), (3, 1)),
        ((3, 4), (2,)),
        ((4,), (4,)),
        ((2, 3, 4), (2,)),
    ],
    "multilabel_margin_loss": [
        ((3, 4), (3, 4)),
        ((1, 4), (1, 4)),
        ((4,), (4,)),
        ((1,), (1,)),
        ((), ()),
        ((0, 4), (0, 4)),
        ((1, 4), (4,)),
        ((4,), (1, 4)),
        ((3, 4), (3, 2)),
        ((2, 3, 4), (2, 3, 4)),
    ],
    "multilabel_soft_margin_loss": [
        ((3, 4), (3, 4)),
        ((4,), (4,)),
        ((2, 3, 4), (2, 3, 4)),
        ((3, 4), (4,)),
        ((3, 4), (1,)),
        ((0, 4), (0, 4)),
        ((), ()),
        ((3, 4), (3,)),
    ],
}
# Where torch 2.13 raises in the backward only.
NO_BACKWARD = [("nll_loss", ((4,), (1,))), ("cross_entropy", ((4,), (1,)))]
LABELS = ("nll_loss", "cross_entropy", "multi_margin_loss", "multilabel_margin_loss")


def tensors(name: str, shapes: Shapes) -> list[Tensor]:
    torch.manual_seed(0)
    *others, last = shapes
    given = [torch.rand(shape) for shape in others]
    if name in LABELS:
        return [*given, torch.zeros(last, dtype=torch.int64)]
    sign = name in ("hinge_embedding_loss", "soft_margin_loss", "margin_ranking_loss")
    sign = sign or name == "cosine_embedding_loss"
    return [*given, torch.ones(last) if sign else torch.rand(last)]


@pytest.mark.parametrize(
    ("name", "shapes"), [(name, shapes) for name, each in SHAPES.items() for shapes in each]
)
def test_shapes(name: str, shapes: Shapes) -> None:
    given = tensors(name, shapes)
    options: dict[str, Any] = {"reduction": "none"}
    try:
        theirs = getattr(F, name)(*given, **options)
    except (RuntimeError, ValueError, IndexError):
        with pytest.raises(ValueError, match=r"shape|axis|axes"):
            getattr(FL, name)(*given, **options)
        return
    ours = getattr(FL, name)(*given, **options)
    torch.testing.assert_close(ours, theirs)
    # and where a gradient is wanted, which arrives in the shape of each tensor
    if (name, shapes) in NO_BACKWARD:
        return
    leaf = given[0].clone().requires_grad_()
    getattr(FL, name)(leaf, *given[1:], reduction="sum").backward()
    other = given[0].clone().requires_grad_()
    getattr(F, name)(other, *given[1:], reduction="sum").backward()
    torch.testing.assert_close(leaf.grad, other.grad)
