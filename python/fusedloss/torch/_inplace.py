"""Which predictions may give their memory to their gradient."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from torch import Tensor

from fusedloss.torch._coverage import covers, covers_on_gpu, is_compiling, is_transformed


def require_replaceable(y_pred: Tensor, **inputs: Tensor | None) -> None:
    """Raise an error if a gradient written over ``y_pred`` would spoil anything but that.

    ``inputs`` are the other tensors of the loss. Autograd is recording; asked before it is known
    whether the kernels cover the call, so that the answer depends on neither that nor the
    reduction.

    Raises:
      RuntimeError: ``y_pred`` is a leaf that requires grad, or a view of one.
      ValueError: its elements share memory, or an input does with it.
    """
    if not y_pred.requires_grad or is_transformed():
        return
    owner = y_pred
    if not is_compiling() and y_pred._base is not None:
        owner = y_pred._base
    if owner.is_leaf and owner.requires_grad:
        raise RuntimeError(
            f"y_pred is {'' if owner is y_pred else 'a view of '}a leaf that requires grad, whose "
            "values are not to be lost: inplace=True is for predictions that were computed from "
            "such tensors"
        )
    others = inputs.values()
    if y_pred.numel() == 0 or not (
        covers(False, y_pred, *others) or covers_on_gpu(False, y_pred, *others)
    ):
        return
    if _may_overlap_itself(y_pred):
        raise ValueError(
            "y_pred must have memory for each element if inplace=True, got a view with shape "
            f"{(*y_pred.shape,)} and strides {y_pred.stride()}"
        )
    for name, tensor in inputs.items():
        if tensor is not None and tensor.numel() and _share_memory(y_pred, tensor):
            raise ValueError(
                f"{name} must not share memory with y_pred if inplace=True: it would be "
                "overwritten while it is read"
            )


def _may_overlap_itself(tensor: Tensor) -> bool:
    """Whether any step, from the smallest, is shorter than what the axes below it span.

    Views made by slices and permutations have none such, and `as_strided` is not worth an exact
    answer.
    """
    span = 0
    for step, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size > 1:
            if step <= span:
                return True
            span += step * (size - 1)
    return False


def _share_memory(one: Tensor, other: Tensor) -> bool:
    """Whether they share an element: halves of one tensor, side by side, do not."""
    return np.shares_memory(_elements(one), _elements(other))


def _elements(tensor: Tensor) -> Any:
    """``tensor`` for NumPy, of no dtype in particular: it has no bfloat16."""
    size = tensor.element_size()
    interface = {
        "version": 3,
        "data": (tensor.data_ptr(), True),
        "typestr": f"|V{size}",
        "shape": (*tensor.shape,),
        "strides": tuple(size * stride for stride in tensor.stride()),
    }
    return np.asarray(SimpleNamespace(__array_interface__=interface))
