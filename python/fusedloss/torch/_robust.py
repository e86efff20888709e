"""Losses of numbers that torch has no function for; `fusedloss.torch.functional` offers them."""

from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss._registry import BY_NAME
from fusedloss.torch._arguments import match, overridden
from fusedloss.torch._calls import elementwise
from fusedloss.torch._documentation import documented

_LOG_COSH = BY_NAME["log_cosh"].id
_PINBALL = BY_NAME["pinball"].id
_PERCENTAGE = BY_NAME["mean_absolute_percentage_error"].id
_LOGARITHMIC = BY_NAME["mean_squared_logarithmic_error"].id


@documented
def log_cosh_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Like a squared error near zero, like an absolute one far away.

        loss = ln cosh(input - target)
        gradient = tanh(input - target)

    Smooth everywhere, and accurate where differences are small.

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([1.0, 2.0, 1e-4]), torch.tensor([1.0, 1.0, 0.0])
    >>> FL.log_cosh_loss(input, target, reduction="none")
    tensor([0.0000e+00, 4.3378e-01, 5.0000e-09])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: targets of any real dtype in the shape of `input`.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(log_cosh_loss, locals())
    return elementwise(
        _LOG_COSH,
        (),
        match("input", input, "target", target),
        target,
        reduction,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def pinball_loss(
    input: Tensor,
    target: Tensor,
    quantile: float = 0.5,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Absolute difference whose minimum is a quantile of the target.

    With r = target - input, q the quantile:

        loss = q r          where r > 0
        loss = (q - 1) r    elsewhere
        gradient = -q where r > 0, 1 - q where r < 0, 0 where they are equal

    With q = 0.9 predictions end up above nine of ten targets; two quantiles bound an interval.
    Source: Koenker and Bassett 1978, Regression Quantiles, Econometrica 46.

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([2.0, 2.0, 3.0])
    >>> FL.pinball_loss(input, target, quantile=0.9, reduction="none")
    tensor([0.9000, 0.0000, 0.1000])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: targets of any real dtype in the shape of `input`.
      quantile: the quantile, in [0, 1]; 0.5 is the median, and half of `l1_loss`.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(pinball_loss, locals())
    return elementwise(
        _PINBALL,
        (quantile,),
        match("input", input, "target", target),
        target,
        reduction,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def mape_loss(
    input: Tensor,
    target: Tensor,
    eps: float = 1e-7,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Absolute difference in percent of the target.

        loss = 100 |input - target| / max(|target|, eps)
        gradient = 100 sign(input - target) / max(|target|, eps)

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([1.0, 90.0]), torch.tensor([2.0, 100.0])
    >>> FL.mape_loss(input, target, reduction="none")
    tensor([50., 10.])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: targets of any real dtype in the shape of `input`.
      eps: what a target is at least taken to be in size, > 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(mape_loss, locals())
    return elementwise(
        _PERCENTAGE,
        (eps,),
        match("input", input, "target", target),
        target,
        reduction,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
        epsilon="eps",
    )


@documented
def msle_loss(
    input: Tensor,
    target: Tensor,
    eps: float = 1e-7,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Squared difference of logarithms, for targets over several decades.

        loss = (ln(1 + input) - ln(1 + target))^2
        gradient = 2 (ln(1 + input) - ln(1 + target)) / (1 + input)

    of predictions and targets not below eps. What is predicted too low costs more than what is too
    high by as much.

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([9.0, 99.0]), torch.tensor([99.0, 99.0])
    >>> FL.msle_loss(input, target, reduction="none")
    tensor([5.3019, 0.0000])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: targets of any real dtype in the shape of `input`.
      eps: what predictions and targets are at least taken to be, > 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(msle_loss, locals())
    return elementwise(
        _LOGARITHMIC,
        (eps,),
        match("input", input, "target", target),
        target,
        reduction,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
        epsilon="eps",
    )
