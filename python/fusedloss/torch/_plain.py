"""What one call of the core computes, in differentiable torch operations.

For everything the kernels do not cover.
"""

import torch
from torch import Tensor

from fusedloss._formulas import calls
from fusedloss._formulas.calls import Call, Operands, along
from fusedloss.torch import _namespace
from fusedloss.torch._coverage import is_transformed
from fusedloss.torch._namespace import widen

__all__ = ["along", "compute", "in_one_dtype", "loss_dtype", "widen"]


def loss_dtype(tensor: Tensor) -> torch.dtype:
    """The dtype that losses of ``tensor`` are computed in: float32 for what is narrower."""
    return torch.promote_types(tensor.dtype, torch.float32)


def in_one_dtype(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """``input``, widened, and ``target`` in the same dtype."""
    dtype = loss_dtype(input)
    return input.to(dtype), target.to(dtype)


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
    more: tuple[Tensor, ...] = (),
) -> Tensor:
    """The loss that `_core.compute` computes from the same arguments."""
    # The derivative with respect to a weight is the loss, also where the weight is 0. Inside a
    # transform, a tensor does not tell that one around it differentiates by it.
    differentiated = sample_weight is not None and (sample_weight.requires_grad or is_transformed())
    call = Call(loss_id, params, ignore_label, row_axis, reduction, denominator, flags)
    operands = Operands(y_true, y_pred, more, sample_weight, mask, class_weight)
    loss: Tensor = calls.compute(_namespace, call, operands, differentiated)
    return loss
