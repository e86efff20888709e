"""Losses of a margin, of elements; `fusedloss.torch.functional` offers them."""

from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss._registry import BY_NAME
from fusedloss.torch import _originals
from fusedloss.torch._arguments import (
    broadcast_all,
    expand,
    legacy_reduction,
    match,
    overridden,
    promote,
    promote_beside,
    require_prediction,
    require_tensors,
    signs_of,
)
from fusedloss.torch._calls import direct, elementwise
from fusedloss.torch._documentation import documented
from fusedloss.torch._plain import in_one_dtype, loss_dtype

_HINGE = BY_NAME["hinge"].id
_SQUARED_HINGE = BY_NAME["squared_hinge"].id
_EMBEDDING = BY_NAME["hinge_embedding"].id
_SOFT = BY_NAME["soft_margin"].id
_RANKING = BY_NAME["margin_ranking"].id


@documented
def hinge_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """How far predictions are from being on the right side, by a margin of 1.

        loss = max(0, 1 - target input)
        gradient = -target within the margin, half of that where it is just reached, 0 beyond

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([2.0, 0.5, 0.5]), torch.tensor([1, 1, -1])
    >>> FL.hinge_loss(input, target, reduction="none")
    tensor([0.0000, 0.5000, 1.5000])

    Args:
      input: scores of any shape; float32, float64, float16 or bfloat16.
      target: -1 or 1, or 0 or 1 throughout, of any real dtype, in the shape of `input`.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(hinge_loss, locals())
    return elementwise(
        _HINGE,
        (),
        match("input", input, "target", target),
        signs_of(target),
        reduction,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def squared_hinge_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Squared distance from being on the right side, by a margin of 1.

        loss = max(0, 1 - target input)^2
        gradient = -2 target max(0, 1 - target input)

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([2.0, 0.5, 0.5]), torch.tensor([1, 1, -1])
    >>> FL.squared_hinge_loss(input, target, reduction="none")
    tensor([0.0000, 0.2500, 2.2500])

    Args:
      input: scores of any shape; float32, float64, float16 or bfloat16.
      target: -1 or 1, or 0 or 1 throughout, of any real dtype, in the shape of `input`.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(squared_hinge_loss, locals())
    return elementwise(
        _SQUARED_HINGE,
        (),
        match("input", input, "target", target),
        signs_of(target),
        reduction,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """A smooth hinge: cross-entropy of two classes called -1 and 1.

        loss = ln(1 + exp(-target input))
        gradient = -target sigmoid(-target input)

    Equal to `torch.nn.functional.soft_margin_loss`, but finite for all finite scores.

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([2.0, 0.0, -200.0]), torch.tensor([1, 1, 1])
    >>> FL.soft_margin_loss(input, target, reduction="none")
    tensor([1.2693e-01, 6.9315e-01, 2.0000e+02])

    Args:
      input: scores of any shape; float32, float64, float16 or bfloat16.
      target: -1 or 1, of any real dtype, of a shape that broadcasts to that of `input`.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(soft_margin_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    require_tensors("input", input, "target", target)
    if sample_weight is mask is denominator is None and not inplace:
        loss = direct(_SOFT, (), input, target, reduction)
        if loss is not None:
            return loss
    return elementwise(
        _SOFT,
        (),
        input,
        target if target.shape == input.shape else expand("target", target, input),
        reduction,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """A distance that should be small for pairs alike, and large for others.

        loss = input                    where target = 1
        loss = max(0, margin - input)   where target = -1

    and the sum of both for other targets. Equal to `torch.nn.functional.hinge_embedding_loss`.

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([0.5, 0.5, 2.0]), torch.tensor([1, -1, -1])
    >>> FL.hinge_embedding_loss(input, target, reduction="none")
    tensor([0.5000, 0.5000, 0.0000])

    Args:
      input: distances of any shape; float32, float64, float16 or bfloat16.
      target: -1 or 1, of any real dtype; its shape broadcasts with that of `input`.
      margin: how large the distance of a pair not alike should be.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(hinge_embedding_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    require_tensors("input", input, "target", target)
    x, y = input, target
    if y.shape != x.shape:
        x, y = broadcast_all(input=input, target=target)
    return elementwise(
        _EMBEDDING,
        (margin,),
        x,
        y,
        reduction,
        lambda: _originals.hinge_embedding_loss(
            *in_one_dtype(x, y), margin=margin, reduction=reduction
        ),
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def margin_ranking_loss(
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
    """Two scores that should be in a given order.

        loss = max(0, margin - target (input1 - input2))
        gradient = -target for input1 and target for input2, up to the margin

    Equal to `torch.nn.functional.margin_ranking_loss`.

    >>> import torch, fusedloss.torch.functional as FL
    >>> first, second = torch.tensor([1.0, 1.0]), torch.tensor([3.0, 3.0])
    >>> FL.margin_ranking_loss(first, second, torch.tensor([1, -1]), reduction="none")
    tensor([2., 0.])

    Args:
      input1: scores of any shape; float32, float64, float16 or bfloat16.
      input2: scores they are compared with.
      target: 1 where `input1` should be the larger one, -1 where `input2` should; any real dtype.
        All three have as many axes, and broadcast.
      margin: by how much, at least.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input1, input2, target, sample_weight, mask):
        return overridden(margin_ranking_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    x, other, y = input1, input2, target
    require_prediction("input1", x)
    require_prediction("input2", other)
    if not (isinstance(y, Tensor) and x.shape == other.shape == y.shape):
        x, other, y = broadcast_all(input1=x, input2=other, target=y)
        if not input1.ndim == input2.ndim == target.ndim:
            raise ValueError(
                "input1, input2 and target must have as many axes, got shapes "
                f"{(*input1.shape,)}, {(*input2.shape,)} and {(*target.shape,)}"
            )
    x = promote(promote_beside(x, other), y)
    dtype = loss_dtype(x)
    return elementwise(
        _RANKING,
        (margin,),
        x,
        y,
        reduction,
        lambda: _originals.margin_ranking_loss(
            x.to(dtype), other.to(dtype), y.to(dtype), margin=margin, reduction=reduction
        ),
        more=(other,),
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        y_pred="input1",
        other="input2",
    )
