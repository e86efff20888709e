"""What a case of a loss is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch_checks import DTYPES


@dataclass
class Case:
    id: str
    ours: Callable[..., Tensor]
    theirs: Callable[..., Tensor]
    inputs: Callable[[], tuple[Tensor, ...]]  # what is given by position
    options: dict[str, Any] = field(default_factory=dict)
    wrt: tuple[int, ...] = (0,)  # positions of the predictions
    units: float = 8  # of the last place, that value and gradient may be off
    dtypes: tuple[torch.dtype, ...] = DTYPES


def cases(
    ours: Callable[..., Tensor],
    theirs: Callable[..., Tensor],
    given: dict[str, tuple[Callable[..., Any], dict[str, Any]]],
    wrt: tuple[int, ...] = (0,),
    **tolerance: Any,
) -> list[Case]:
    """A case for each name, of what makes the arguments, and of the options."""
    return [
        Case(name, ours, theirs, make, options, wrt, **tolerance)
        for name, (make, options) in given.items()
    ]
