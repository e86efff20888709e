"""The core on GPUs: whether its kernels can be used, and calls of it on the current stream.

Nothing here waits for a GPU. Numbers that depend on what it computes stay there, as tensors.
"""

import warnings
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import torch
from torch import Tensor

from fusedloss import _core
from fusedloss._gpus import outdated
from fusedloss._registry import BY_ID

_told = False  # why there are no kernels


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def available(device: torch.device) -> bool:
    """Whether there are kernels for ``device``. Says once why not, if there are none."""
    global _told
    problem = _core.cuda_problem() or _outdated(device)
    if problem is not None and not _told:
        _told = True
        warnings.warn(
            "losses of CUDA tensors are computed in plain torch, which is correct but slower: "
            + problem,
            RuntimeWarning,
            stacklevel=2,
        )
    return problem is None


@cache
def _outdated(device: torch.device) -> str | None:
    if device.type != "cuda":
        return None
    name, capability = torch.cuda.get_device_name(device), torch.cuda.get_device_capability(device)
    return outdated(name, capability)


def is_emulated() -> bool:
    """Whether tensors on the CPU stand for those of a GPU, as in tests."""
    return _core.cuda_is_emulated()


def on_gpu(tensor: Tensor) -> bool:
    """Whether kernels for GPUs compute the losses of ``tensor``."""
    return tensor.is_cuda or is_emulated()


def lacks_kernels(tensor: Tensor) -> bool:
    """Whether plain torch has to compute the losses of ``tensor``, which is on a GPU."""
    return on_gpu(tensor) and not available(tensor.device)


def compute(
    loss_id: int,
    params: tuple[float, ...],
    y_true: Tensor | None,
    y_pred: Tensor,
    sample_weight: Tensor | None,
    mask: Tensor | None,
    class_weight: Tensor | None,
    ignore_label: int | None,
    row_axis: int | None,
    reduction: int,
    denominator: float,
    flags: int,
    loss: Tensor | None,
    gradient: Tensor | None,
    more: tuple[Tensor, ...] = (),
    more_gradients: tuple[Tensor | None, ...] = (),
    statistics: tuple[Tensor | None, ...] | None = None,
    upstream: Tensor | None = None,
) -> Tensor | float:
    """`_core.compute` on a GPU, where ``upstream`` is a 0-d tensor there.

    Returns:
      What the sum of w * loss was multiplied with: a 0-d tensor if flags say UNSCALED_GRAD,
      otherwise 1, which nobody asks for.
    """
    device = y_pred.device
    if class_weight is not None and BY_ID[loss_id].kind == "row":
        # The kernels read them as they are.
        dtype = torch.float64 if y_pred.dtype is torch.float64 else torch.float32
        class_weight = class_weight.to(dtype).contiguous()
    scale = y_pred.new_empty((), dtype=torch.float64) if flags & _core.UNSCALED_GRAD else None

    def allocate(nbytes: int) -> Tensor:
        return torch.empty(nbytes, dtype=torch.uint8, device=device)

    with _guard(device):
        # fmt: off
        _core.cuda_compute(
            loss_id, params, y_true, y_pred, sample_weight, mask, class_weight, ignore_label,
            row_axis, reduction, denominator, flags, loss, gradient, more, more_gradients,
            statistics, upstream, device.index or 0, _stream(device), allocate, scale,
        )
        # fmt: on
    return 1.0 if scale is None else scale


def scale(gradient: Tensor, upstream: Tensor, factor: Tensor | float, output: Tensor) -> None:
    """Write ``gradient`` times a number on the GPU, and ``factor`` if that is one, rounded once."""
    device = gradient.device
    number = factor if isinstance(factor, Tensor) else None
    with _guard(device):
        index = device.index or 0
        _core.cuda_scale(gradient, upstream, number, output, index, _stream(device))


def capture_of(tensor: Tensor) -> int:
    """Which capture into a graph what is done to ``tensor`` now would be part of; 0: none."""
    if not tensor.is_cuda or not torch.cuda.is_current_stream_capturing():
        return 0
    return _core.cuda_capture_id(_stream(tensor.device))


def _guard(device: torch.device) -> AbstractContextManager[Any]:
    """Makes ``device`` the current one for torch too: the library has a CUDA runtime of its own."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _stream(device: torch.device) -> int:
    return torch.cuda.current_stream(device).cuda_stream if device.type == "cuda" else 0
