"""Arguments that a function accepts, for tests that spoil one of them."""

import inspect

import torch
from torch import Tensor
from torch_cases import FIRST

import fusedloss.torch.functional as FL

X, Y = torch.zeros(4, 3), torch.zeros(4, 3)
LABELS = torch.zeros(4, dtype=torch.int64)
OF_LABELS = ["cross_entropy", "nll_loss", "softmax_focal_loss", "generalized_cross_entropy"]
OF_LABELS += ["categorical_hinge_loss", "multi_margin_loss"]
IN_PLACE = [
    name for name in FL.__all__ if "inplace" in inspect.signature(getattr(FL, name)).parameters
]


def given(name: str) -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    return FIRST[name].inputs()


def names_of(name: str) -> list[str]:
    return list(inspect.signature(getattr(FL, name)).parameters)[: len(given(name))]
