"""Losses of numbers; `fusedloss.torch.functional` offers them."""

import torch
from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss._registry import BY_NAME
from fusedloss.torch import _originals
from fusedloss.torch._arguments import broadcast, legacy_reduction, overridden
from fusedloss.torch._calls import direct, elementwise
from fusedloss.torch._documentation import documented
from fusedloss.torch._plain import in_one_dtype

_SQUARED = BY_NAME["mean_squared_error"].id
_ABSOLUTE = BY_NAME["mean_absolute_error"].id
_HUBER = BY_NAME["huber"].id
_SMOOTH = BY_NAME["smooth_l1"].id


@documented
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Squared difference.

        loss = (input - target)^2
        gradient = 2 (input - target)

    Equal to `torch.nn.functional.mse_loss`.

    >>> import torch, fusedloss.torch.functional as FL
    >>> input = torch.tensor([1.0, 2.0, 4.0], requires_grad=True)
    >>> loss = FL.mse_loss(input, torch.tensor([1.0, 1.0, 2.0]), reduction="sum")
    >>> loss.backward()
    >>> loss.item(), input.grad
    (5.0, tensor([0., 2., 4.]))

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: targets of any real dtype in the shape of `input`. Where the shapes differ there is a
        warning, and they are broadcast.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
      weight: factors of the losses in the shape of `input`; a mean divides by their sum.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight, mask):
        return overridden(mse_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    if weight is sample_weight is mask is denominator is None and not inplace:
        loss = direct(_SQUARED, (), input, target, reduction)
        if loss is not None:
            return loss
    x, y, w = broadcast(input, target, weight)
    return elementwise(
        _SQUARED,
        (),
        x,
        y,
        reduction,
        lambda: _originals.mse_loss(*in_one_dtype(x, y), reduction=reduction),
        weight=w,
        weight_counts=True,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Absolute difference.

        loss = |input - target|
        gradient = sign(input - target)

    Equal to `torch.nn.functional.l1_loss`.

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1.0, 1.0, 2.0])
    >>> FL.l1_loss(input, target, reduction="none")
    tensor([0., 1., 2.])
    >>> FL.l1_loss(input, target, weight=torch.tensor([1.0, 1.0, 2.0]))
    tensor(1.2500)

    Args:
      input: predictions of any shape; float32, float64, float16, bfloat16, or complex.
      target: targets of any real dtype, or complex as `input`, in the shape of `input`. Where the
        shapes differ there is a warning, and they are broadcast.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
      weight: factors of the losses in the shape of `input`; a mean divides by their sum.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight, mask):
        return overridden(l1_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    if weight is sample_weight is mask is denominator is None and not inplace:
        loss = direct(_ABSOLUTE, (), input, target, reduction)
        if loss is not None:
            return loss
    x, y, w = broadcast(input, target, weight)
    if x.is_complex():
        x = (x - y).abs()
        y = torch.zeros_like(x)
    return elementwise(
        _ABSOLUTE,
        (),
        x,
        y,
        reduction,
        lambda: _originals.l1_loss(*in_one_dtype(x, y), reduction=reduction),
        weight=w,
        weight_counts=True,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Quadratic near zero, linear in the tails.

    With r = input - target:

        loss = 1/2 r^2                   where |r| <= delta
        loss = delta (|r| - 1/2 delta)   elsewhere
        gradient = r, but at most delta in size

    Equal to `torch.nn.functional.huber_loss`.

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1.0, 1.0, 1.0])
    >>> FL.huber_loss(input, target, reduction="none")
    tensor([0.0000, 0.5000, 2.5000])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: targets of any real dtype in the shape of `input`. Where the shapes differ there is a
        warning, and they are broadcast.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
      delta: where the loss becomes linear, > 0.
      weight: factors of the losses in the shape of `input`; a mean divides by the number of
        elements all the same, unlike that of `mse_loss`, as in torch.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight, mask):
        return overridden(huber_loss, locals())
    if weight is sample_weight is mask is denominator is None and not inplace:
        loss = direct(_HUBER, (delta,), input, target, reduction)
        if loss is not None:
            return loss
    x, y, w = broadcast(input, target, weight)
    return elementwise(
        _HUBER,
        (delta,),
        x,
        y,
        reduction,
        lambda: _originals.huber_loss(*in_one_dtype(x, y), reduction=reduction, delta=delta),
        weight=w,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Absolute difference, rounded off near zero.

    With r = input - target:

        loss = 1/2 r^2 / beta   where |r| < beta
        loss = |r| - 1/2 beta   elsewhere
        gradient = r / beta, but at most 1 in size

    Equal to `torch.nn.functional.smooth_l1_loss`.

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1.0, 1.0, 1.0])
    >>> FL.smooth_l1_loss(input, target, reduction="none", beta=2.0)
    tensor([0.0000, 0.2500, 2.0000])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: targets of any real dtype in the shape of `input`. Where the shapes differ there is a
        warning, and they are broadcast.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
      beta: where the loss becomes linear, >= 0; with 0 it is `l1_loss`.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(smooth_l1_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    if sample_weight is mask is denominator is None and not inplace:
        loss = direct(_SMOOTH, (beta,), input, target, reduction)
        if loss is not None:
            return loss
    x, y, _ = broadcast(input, target)
    return elementwise(
        _SMOOTH,
        (beta,),
        x,
        y,
        reduction,
        lambda: _originals.smooth_l1_loss(*in_one_dtype(x, y), reduction=reduction, beta=beta),
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )
