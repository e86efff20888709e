"""Tensors for the kernels to write, on the device of the predictions, whatever torch's default."""

import torch
from torch import Tensor

from fusedloss import _core

# What a loss of predictions of each dtype looks like. empty_like is the cheapest way to another.
TEMPLATES = {
    dtype: torch.empty((), dtype=torch.promote_types(dtype, torch.float32), device="cpu")
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16)
}


def empty_loss(y_pred: Tensor) -> Tensor:
    """An uninitialised loss of ``y_pred``."""
    template = TEMPLATES[y_pred.dtype]
    return (
        torch.empty_like(template) if y_pred.is_cpu else y_pred.new_empty((), dtype=template.dtype)
    )


def empty_losses(y_pred: Tensor, row_axis: int | None) -> Tensor:
    """An uninitialised loss for each row of ``y_pred``."""
    loss = TEMPLATES[y_pred.dtype]
    if row_axis is None and loss.dtype is y_pred.dtype and y_pred.is_contiguous():
        return empty_like(y_pred)
    rows = y_pred.shape
    if row_axis is not None:
        rows = rows[:row_axis] + rows[row_axis + 1 :]
    if not y_pred.is_cpu:
        return y_pred.new_empty(rows, dtype=loss.dtype)
    return empty(rows, loss.dtype)


def empty_statistics(
    y_true: Tensor | None, y_pred: Tensor, row_axis: int | None
) -> list[Tensor | None]:
    """An uninitialised tensor for each of the statistics, where labels are asked for or not."""
    log_sum_exp, entropy = (empty_losses(y_pred, row_axis) for _ in range(2))
    labels = y_true is not None and y_true.shape != y_pred.shape
    label_log_prob = torch.empty_like(log_sum_exp) if labels else None
    return [log_sum_exp, label_log_prob, entropy, torch.empty_like(entropy, dtype=torch.int64)]


def empty(shape: torch.Size, dtype: torch.dtype) -> Tensor:
    """An uninitialised tensor."""
    if shape.numel() * dtype.itemsize < _core.REUSE_BYTES:
        return torch.empty(shape, dtype=dtype, device="cpu")
    return _reused(shape, dtype)


def empty_like(tensor: Tensor) -> Tensor:
    """An uninitialised tensor in the shape, dtype and memory format of ``tensor``."""
    if tensor.nbytes < _core.REUSE_BYTES or not tensor.is_cpu:
        return torch.empty_like(tensor)
    contiguous = _reused(tensor.shape, tensor.dtype)
    if tensor.is_contiguous():
        return contiguous
    strides = torch.empty_like(tensor, device="meta").stride()
    return contiguous.as_strided(tensor.shape, strides).detach()


def _reused(shape: torch.Size, dtype: torch.dtype) -> Tensor:
    memory = torch.frombuffer(_core.Buffer(shape.numel() * dtype.itemsize), dtype=dtype)
    # Views have rules of their own about changes in place; detached it is a tensor like any other.
    return memory.view(shape).detach()
