"""Losses of numbers and counts; `fusedloss.torch.functional` offers them."""

import torch.nn.functional as F
from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss.torch._arguments import broadcast, legacy_reduction, overridden
from fusedloss.torch._calls import IDS, elementwise
from fusedloss.torch._documentation import documented
from fusedloss.torch._plain import in_one_dtype

_SQUARED = IDS["mean_squared_error"]
_ABSOLUTE = IDS["mean_absolute_error"]
_HUBER = IDS["huber"]
_POISSON = IDS["poisson"]
_POISSON_LOG_INPUT = IDS["poisson_log_input"]


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
    denominator: float | None = None,
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
    if has_torch_function_variadic(input, target, weight, sample_weight):
        return overridden(mse_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    x, y, w = broadcast(input, target, weight)
    return elementwise(
        _SQUARED,
        (),
        x,
        y,
        reduction,
        lambda: F.mse_loss(*in_one_dtype(x, y), reduction=reduction),
        weight=w,
        weight_counts=True,
        sample_weight=sample_weight,
        denominator=denominator,
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
    denominator: float | None = None,
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
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: targets of any real dtype in the shape of `input`. Where the shapes differ there is a
        warning, and they are broadcast.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
      weight: factors of the losses in the shape of `input`; a mean divides by their sum.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight):
        return overridden(l1_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    x, y, w = broadcast(input, target, weight)
    return elementwise(
        _ABSOLUTE,
        (),
        x,
        y,
        reduction,
        lambda: F.l1_loss(*in_one_dtype(x, y), reduction=reduction),
        weight=w,
        weight_counts=True,
        sample_weight=sample_weight,
        denominator=denominator,
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
    denominator: float | None = None,
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
    if has_torch_function_variadic(input, target, weight, sample_weight):
        return overridden(huber_loss, locals())
    x, y, w = broadcast(input, target, weight)
    return elementwise(
        _HUBER,
        (delta,),
        x,
        y,
        reduction,
        lambda: F.huber_loss(*in_one_dtype(x, y), reduction=reduction, delta=delta),
        weight=w,
        sample_weight=sample_weight,
        denominator=denominator,
    )


@documented
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    denominator: float | None = None,
) -> Tensor:
    """Negative log-likelihood of counts under a Poisson distribution.

        loss = exp(input) - target input          log_input=True: input is the log of the rate
        loss = input - target ln(input + eps)     log_input=False: input is the rate
        full=True adds target ln target - target + 1/2 ln(2 pi target) where target > 1

    Equal to `torch.nn.functional.poisson_nll_loss`.

    >>> import torch, fusedloss.torch.functional as FL
    >>> log_rate = torch.tensor([0.0, 1.0], requires_grad=True)
    >>> FL.poisson_nll_loss(log_rate, torch.tensor([3, 2]), reduction="sum").backward()
    >>> log_rate.grad
    tensor([-2.0000,  0.7183])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: counts of any real dtype; its shape broadcasts with that of `input`.
      log_input: whether `input` is the logarithm of the rate.
      full: whether to add Stirling's approximation of ln target!, which moves no gradient.
      size_average: deprecated, as in torch.
      eps: keeps the logarithm finite where `input` is a rate of 0; >= 0.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, sample_weight):
        return overridden(poisson_nll_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    x, y, _ = broadcast(input, target, warn=False)
    return elementwise(
        _POISSON_LOG_INPUT if log_input else _POISSON,
        (float(bool(full)),) if log_input else (eps, float(bool(full))),
        x,
        y,
        reduction,
        lambda: F.poisson_nll_loss(
            *in_one_dtype(x, y),
            log_input=log_input,
            full=full,
            eps=eps,
            reduction=reduction,
        ),
        sample_weight=sample_weight,
        denominator=denominator,
        epsilon="eps",
    )
