"""The compiled core: a thin layer over the C interface in ``fusedloss.h``."""

from collections.abc import Sequence
from typing import Any, NamedTuple

class Parameter(NamedTuple):
    name: str
    default: float
    low: float
    high: float
    low_excluded: bool

class LossInfo(NamedTuple):
    id: int
    name: str
    summary: str
    kind: str  # "pointwise" or "row"
    takes_class_weight: bool
    parameters: tuple[Parameter, ...]
    more: tuple[str, ...]  # names of the predictions beside y_pred
    targets: str  # y_true is of "elements", of "rows" (one integer each), or there is "none"

class LabelError(ValueError, IndexError):
    """An integer label outside ``[0, classes)``."""

class Buffer:
    """``nbytes`` of reusable memory, offered through the buffer protocol."""

    def __init__(self, nbytes: int) -> None: ...

__version__: str
__compiler__: str
NONE: int
SUM: int
MEAN: int
WEIGHTED_MEAN: int
UNSCALED_GRAD: int
EMPTY_IS_NAN: int
CLASS_WEIGHTED_MEAN: int
REUSE_BYTES: int

def compute(
    loss: int,
    params: tuple[float, ...],
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    mask: Any,
    class_weight: Any,
    ignore_label: int | None,
    row_axis: int | None,
    reduction: int,
    denominator: float,
    flags: int,
    loss_out: Any,
    grad_out: Any,
    more: tuple[Any, ...] = (),
    more_grads: tuple[Any, ...] = (),
    statistics: tuple[Any, ...] | None = None,
    upstream: float = 1.0,
) -> float: ...
def scale(input: Any, factor: float, output: Any) -> None: ...
def losses() -> Sequence[LossInfo]: ...
def isas() -> list[str]: ...
def get_isa() -> str: ...
def set_isa(name: str) -> None: ...
def get_num_threads() -> int: ...
def set_num_threads(threads: int) -> None: ...
def release_memory() -> None: ...
def reserved_bytes() -> int: ...
