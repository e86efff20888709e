"""The compiled core: a thin layer over the C interface in ``fusedloss.h``."""

from collections.abc import Callable, Mapping, Sequence
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
    /,
) -> float: ...
def scale(input: Any, factor: float, output: Any, /) -> None: ...
def count_labels(target: Any, counts: Any, /) -> None: ...

# Calls that ask for nothing special; None is the answer to those that do, and to wrong ones.

def numpy_loss(
    loss: int,
    params: tuple[float, ...],
    y_true: Any,
    y_pred: Any,
    options: tuple[Any, ...],
    reductions: Mapping[Any, int],
    axis: int,
    labels: bool,
    ignore_label: int | None,
    highest: float | None,
    /,
) -> Any: ...
def numpy_signs(y_true: Any, /) -> Any: ...
def torch_loss(
    codes: Mapping[str, int],
    loss: int,
    params: tuple[Any, ...],
    y_pred: Any,
    y_true: Any,
    reduction: str,
    row_axis: int | None,
    ignore_label: int | None,
    /,
) -> Any: ...
def torch_covers(recording: bool, y_pred: Any, /, *constants: Any) -> bool: ...
def torch_covers_cuda(recording: bool, y_pred: Any, /, *constants: Any) -> bool: ...
def last_upstream(upstream: Any, /) -> float | None: ...
def know_torch(
    kinds: tuple[type, ...],
    at_operations: tuple[Callable[[], Any], ...],
    transforms: Callable[[], Any],
    forward_mode: Mapping[str, Any],
    level: str,
    is_grad_enabled: Callable[[], bool],
    keeps_graph: Callable[[], bool],
    is_batched: Callable[[Any], bool],
    empty_like: Callable[[Any], Any],
    template: Any,
    wide_template: Any,
    /,
) -> None: ...

# The library for GPUs.

def cuda_problem() -> str | None: ...
def cuda_is_emulated() -> bool: ...
def cuda_compute(
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
    more: tuple[Any, ...],
    more_grads: tuple[Any, ...],
    statistics: tuple[Any, ...] | None,
    upstream: Any,
    device: int,
    stream: int,
    allocate: Callable[[int], Any],
    scale_out: Any,
    /,
) -> None: ...
def cuda_scale(
    input: Any, upstream: Any, factor: Any, output: Any, device: int, stream: int, /
) -> None: ...
def cuda_capture_id(stream: int, /) -> int: ...
def open_emulated_cuda(path: str | None, /) -> None: ...

# The losses as an operation of XLA: see cpp/bindings/xla.cpp.

XLA_TARGET: str
XLA_OPERANDS: tuple[str, ...]
XLA_RESULTS: tuple[str, ...]

def xla_handlers() -> dict[str, object]: ...
def losses() -> Sequence[LossInfo]: ...
def isas() -> list[str]: ...
def get_isa() -> str: ...
def set_isa(name: str) -> None: ...
def get_num_threads() -> int: ...
def set_num_threads(threads: int) -> None: ...
def release_memory() -> None: ...
def reserved_bytes() -> int: ...
