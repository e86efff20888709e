"""Losses of directions; `fusedloss.torch.functional` offers them."""

import torch
from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss._registry import BY_NAME
from fusedloss.torch import _originals
from fusedloss.torch._arguments import (
    broadcast_all,
    legacy_reduction,
    match,
    overridden,
    promote_beside,
    require_prediction,
    require_tensor,
)
from fusedloss.torch._calls import over_rows
from fusedloss.torch._documentation import documented
from fusedloss.torch._plain import loss_dtype

_SIMILARITY = BY_NAME["cosine_similarity"].id
_EMBEDDING = BY_NAME["cosine_embedding"].id


@documented
def cosine_similarity_loss(
    input: Tensor,
    target: Tensor,
    dim: int = -1,
    eps: float = 1e-8,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Negative cosine of the angle between prediction and target.

    With x' = x / max(|x|, eps):

        loss = -sum input' target'

    -1 for the same direction, 1 for the opposite one. A prediction of length 0 has no direction:
    its gradient is 0.

    >>> import torch, fusedloss.torch.functional as FL
    >>> input = torch.tensor([[1.0, 1.0], [0.0, 2.0]])
    >>> target = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> FL.cosine_similarity_loss(input, target, reduction="none")
    tensor([-0.7071, -1.0000])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: targets of any real dtype in the shape of `input`.
      dim: the axis of the vectors.
      eps: what a length is at least taken to be, > 0.
      reduction: "mean" (default), "sum", or "none" for one loss per vector.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(cosine_similarity_loss, locals())
    x = match("input", input, "target", target)
    if not (isinstance(dim, int) and -x.ndim <= dim < x.ndim):
        raise ValueError(f"dim must be an axis of input, which has {x.ndim}, got {dim!r}")
    return over_rows(
        _SIMILARITY,
        (eps,),
        x,
        target,
        reduction,
        axis=dim % x.ndim,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
        epsilon="eps",
    )


@documented
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
) -> Tensor:
    """Directions that should agree for pairs alike, and not for others.

    With cos the cosine of the angle between input1 and input2:

        loss = 1 - cos                where target = 1
        loss = max(0, cos - margin)   where target = -1

    and 0 for other targets. Equal to `torch.nn.functional.cosine_embedding_loss`.

    >>> import torch, fusedloss.torch.functional as FL
    >>> first = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    >>> second = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    >>> FL.cosine_embedding_loss(first, second, torch.tensor([1, -1]), reduction="none")
    tensor([0.2929, 0.7071])

    Args:
      input1: vectors of shape (N, D) or (D,); float32, float64, float16 or bfloat16.
      input2: vectors they are compared with; the first axes broadcast.
      target: 1 or -1, of shape (N,) or (), of any real dtype.
      margin: how large a cosine may be without cost for pairs that are not alike.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per pair.
    """
    if has_torch_function_variadic(input1, input2, target, sample_weight, mask):
        return overridden(cosine_embedding_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    require_prediction("input1", input1)
    require_prediction("input2", input2)
    require_tensor("target", target)
    if not (target.ndim < 2 and input1.ndim == input2.ndim == target.ndim + 1):
        raise ValueError(
            "input1 and input2 must have shape (N, D) and target (N,), or (D,) and (), got shapes "
            f"{(*input1.shape,)}, {(*input2.shape,)} and {(*target.shape,)}"
        )
    if input1.shape[-1] != input2.shape[-1]:
        raise ValueError(
            "input1 and input2 must hold vectors of the same length, got shapes "
            f"{(*input1.shape,)} and {(*input2.shape,)}"
        )
    x, other, y = input1, input2, target
    if not (x.shape == other.shape and x.shape[:-1] == y.shape):
        x, other, rows = broadcast_all(input1=x, input2=other, target=y.unsqueeze(-1))
        y = rows[..., 0]
    x = promote_beside(x, other)
    dtype = loss_dtype(x)
    return over_rows(
        _EMBEDDING,
        (margin,),
        x,
        _signs(y),
        reduction,
        lambda: _originals.cosine_embedding_loss(
            x.to(dtype), other.to(dtype), y, margin=margin, reduction=reduction
        ),
        axis=x.ndim - 1,
        more=(other,),
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        y_pred="input1",
        other="input2",
    )


def _signs(target: Tensor) -> Tensor:
    """The targets 1 and -1 as integers, any other as 0."""
    if target.is_floating_point():
        return (target == 1).to(torch.int8) - (target == -1).to(torch.int8)
    return target.to(torch.uint8) if target.dtype is torch.bool else target
