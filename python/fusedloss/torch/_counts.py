"""Likelihoods of counts; `fusedloss.torch.functional` offers them."""

from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss._registry import BY_NAME
from fusedloss.torch import _originals
from fusedloss.torch._arguments import (
    broadcast,
    companion,
    legacy_reduction,
    match,
    overridden,
    promote_beside,
    require_at_least_zero,
)
from fusedloss.torch._calls import direct, elementwise
from fusedloss.torch._documentation import documented
from fusedloss.torch._plain import in_one_dtype

_POISSON = BY_NAME["poisson"].id
_POISSON_LOG_INPUT = BY_NAME["poisson_log_input"].id
_INFLATED = BY_NAME["zero_inflated_poisson"].id
_INFLATED_LOG_INPUT = BY_NAME["zero_inflated_poisson_log_input"].id
_NEGATIVE_BINOMIAL = BY_NAME["negative_binomial"].id
_NEGATIVE_BINOMIAL_LOG_INPUT = BY_NAME["negative_binomial_log_input"].id


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
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
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
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(poisson_nll_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    if log_input and sample_weight is mask is denominator is None and not inplace:
        params = (float(bool(full)),)
        loss = direct(_POISSON_LOG_INPUT, params, input, target, reduction)
        if loss is not None:
            return loss
    x, y, _ = broadcast(input, target, warn=False)
    return elementwise(
        _POISSON_LOG_INPUT if log_input else _POISSON,
        (float(bool(full)),) if log_input else (eps, float(bool(full))),
        x,
        y,
        reduction,
        lambda: _originals.poisson_nll_loss(
            *in_one_dtype(x, y),
            log_input=log_input,
            full=full,
            eps=eps,
            reduction=reduction,
        ),
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
        epsilon="eps",
    )


@documented
def zero_inflated_poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    zero_logit: Tensor | float,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
) -> Tensor:
    """Negative log-likelihood of counts with more zeros than a Poisson distribution has.

    A count is 0 with probability p = sigmoid(zero_logit), and otherwise Poisson of the predicted
    rate m:

        loss = -ln(p + (1 - p) exp(-m))        where target = 0
        loss = -ln(1 - p) + m - target ln m    elsewhere
        full=True adds ln target!

    Differentiable with respect to `zero_logit`, too.
    Source: Lambert 1992, Zero-Inflated Poisson Regression, Technometrics 34.

    >>> import torch, fusedloss.torch.functional as FL
    >>> log_rate, counts = torch.tensor([0.0, 0.0, 1.0]), torch.tensor([0, 1, 4])
    >>> FL.zero_inflated_poisson_nll_loss(log_rate, counts, torch.tensor(0.0), reduction="none")
    tensor([ 0.3799,  1.6931, -0.5886])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: counts of any real dtype in the shape of `input`.
      zero_logit: logits of the probability of a surplus zero: a number, or predictions of a shape
        that broadcasts to that of `input`.
      log_input: whether `input` is the logarithm of the rate.
      full: whether to add ln target!, which moves no gradient.
      eps: added to rates to keep their logarithm finite; >= 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, zero_logit, sample_weight, mask):
        return overridden(zero_inflated_poisson_nll_loss, locals())
    x = match("input", input, "target", target)
    z = companion("zero_logit", zero_logit, x)
    return elementwise(
        _INFLATED_LOG_INPUT if log_input else _INFLATED,
        (float(bool(full)),) if log_input else (eps, float(bool(full))),
        promote_beside(x, z),
        target,
        reduction,
        more=(z,),
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        epsilon="eps",
    )


@documented
def negative_binomial_nll_loss(
    input: Tensor,
    target: Tensor,
    dispersion: Tensor | float,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
) -> Tensor:
    """Negative log-likelihood of counts whose variance is larger than their mean.

    With m the predicted mean, a the dispersion, r = 1 / a, and so a variance of m + a m^2:

        loss = (target + r) ln(1 + a m) - target ln(a m) - ln Gamma(target + r) + ln Gamma(r)
        gradient = (m - target) / (1 + a m)   with respect to ln m
        full=True adds ln target!

    Dispersion 0 is `poisson_nll_loss`. Differentiable with respect to `dispersion`, too.
    Source: Hilbe 2011, Negative Binomial Regression.

    >>> import torch, fusedloss.torch.functional as FL
    >>> log_mean, counts = torch.tensor([0.0, 1.0]), torch.tensor([0, 4])
    >>> FL.negative_binomial_nll_loss(log_mean, counts, dispersion=0.5, reduction="none")
    tensor([ 0.8109, -0.8651])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: counts of any real dtype in the shape of `input`.
      dispersion: how much larger the variance is, >= 0: a number, or predictions of a shape that
        broadcasts to that of `input`. A negative prediction makes the loss NaN.
      log_input: whether `input` is the logarithm of the mean.
      full: whether to add ln target!, which moves no gradient.
      eps: added to means to keep their logarithm finite; >= 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, dispersion, sample_weight, mask):
        return overridden(negative_binomial_nll_loss, locals())
    x = match("input", input, "target", target)
    require_at_least_zero("dispersion", dispersion)
    a = companion("dispersion", dispersion, x)
    return elementwise(
        _NEGATIVE_BINOMIAL_LOG_INPUT if log_input else _NEGATIVE_BINOMIAL,
        (float(bool(full)),) if log_input else (eps, float(bool(full))),
        promote_beside(x, a),
        target,
        reduction,
        more=(a,),
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        epsilon="eps",
    )
