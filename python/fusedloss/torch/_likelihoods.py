"""Likelihoods of numbers and amounts; `fusedloss.torch.functional` offers them."""

from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss._registry import BY_NAME
from fusedloss.torch._arguments import (
    broadcast_all,
    companion,
    match,
    overridden,
    promote,
    promote_beside,
    require_at_least_zero,
    require_prediction,
    require_tensors,
)
from fusedloss.torch._calls import elementwise
from fusedloss.torch._coverage import covers
from fusedloss.torch._documentation import documented

_GAUSSIAN = BY_NAME["gaussian_nll"].id
_GAMMA = BY_NAME["gamma"].id
_GAMMA_LOG_INPUT = BY_NAME["gamma_log_input"].id
_TWEEDIE = BY_NAME["tweedie"].id
_TWEEDIE_LOG_INPUT = BY_NAME["tweedie_log_input"].id


@documented
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
) -> Tensor:
    """Negative log-likelihood of numbers under a normal distribution with predicted variance.

    With v = var, but at least eps, a bound that gradients ignore:

        loss = 1/2 (ln v + (input - target)^2 / v)
        full=True adds 1/2 ln(2 pi)

    Equal to `torch.nn.functional.gaussian_nll_loss`.
    Source: Nix and Weigend 1994, Estimating the mean and variance of the target probability
    distribution, ICNN.

    >>> import torch, fusedloss.torch.functional as FL
    >>> input, target = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0])
    >>> FL.gaussian_nll_loss(input, target, torch.tensor([1.0, 4.0]), reduction="none")
    tensor([0.0000, 1.1931])

    Args:
      input: predicted means of any shape; float32, float64, float16 or bfloat16.
      target: targets of any real dtype; its shape broadcasts with that of `input`.
      var: predicted variances, >= 0: a number, or a tensor in the shape of `input`, which may lack
        the last axis or have size 1 in one axis.
      full: whether to add the constant.
      eps: what a variance is at least; >= 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, var, sample_weight, mask):
        return overridden(gaussian_nll_loss, locals())
    require_tensors("input", input, "target", target)
    if isinstance(var, Tensor):
        require_prediction("var", var)
        # Looked at where that takes no synchronisation with a device and is no branch in a graph.
        if covers(False, var, None) and (var < 0).any():
            raise ValueError("var must be >= 0, but has a negative entry")
        v = _spread_variance(var, input)
        x = promote_beside(promote(input, target), v)
    else:
        require_at_least_zero("var", var)
        v = companion("var", var, input)
        x = promote(input, target)
    x, y, v = (
        (x, target, v)
        if target.shape == x.shape == v.shape
        else broadcast_all(input=x, target=target, var=v)
    )
    return elementwise(
        _GAUSSIAN,
        (eps, float(bool(full))),
        x,
        y,
        reduction,
        more=(v,),
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        epsilon="eps",
        variance="var",
    )


def _spread_variance(var: Tensor, input: Tensor) -> Tensor:
    """Variances that broadcast to ``input``, by torch's rule for which may."""
    if var.shape == input.shape:
        return var
    if var.shape == input.shape[:-1]:
        return var.unsqueeze(-1)
    if var.ndim == input.ndim:
        differ = [v for v, x in zip(var.shape, input.shape, strict=True) if v != x]
        if differ == [1]:
            return var
    raise ValueError(
        f"var must have the shape of input, {(*input.shape,)}, without the last axis or with size "
        f"1 in one axis, got {(*var.shape,)}"
    )


@documented
def gamma_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    eps: float = 1e-8,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Negative log-likelihood of positive amounts, whose spread grows with their mean.

        loss = target exp(-input) + input                  log_input=True: input is ln of the mean
        loss = target / (input + eps) + ln(input + eps)    log_input=False: input is the mean

    That of a gamma distribution, times the shape of the latter and but for what predictions do not
    change: errors count relative to the mean.

    >>> import torch, fusedloss.torch.functional as FL
    >>> FL.gamma_nll_loss(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 3.0]), reduction="none")
    tensor([1.0000, 2.1036])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: amounts > 0 of any real dtype in the shape of `input`.
      log_input: whether `input` is the logarithm of the mean.
      eps: added to means to keep the loss finite; >= 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(gamma_nll_loss, locals())
    return elementwise(
        _GAMMA_LOG_INPUT if log_input else _GAMMA,
        () if log_input else (eps,),
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
def tweedie_nll_loss(
    input: Tensor,
    target: Tensor,
    power: float = 1.5,
    log_input: bool = True,
    eps: float = 1e-8,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Negative log-likelihood of amounts of which some are zero, such as claims or rain.

    With m the predicted mean, p the power, and so a variance that grows as m^p:

        loss = m^(2 - p) / (2 - p) - target m^(1 - p) / (1 - p)
        gradient = m^(2 - p) - target m^(1 - p)   with respect to ln m

    That of a Tweedie distribution, but for its dispersion and what predictions do not change.
    Power 1 is `poisson_nll_loss`, power 2 `gamma_nll_loss`; between them amounts may be 0.
    Source: Jorgensen 1987, Exponential Dispersion Models, JRSS B 49.

    >>> import torch, fusedloss.torch.functional as FL
    >>> FL.tweedie_nll_loss(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 3.0]), reduction="none")
    tensor([2.0000, 6.9366])

    Args:
      input: predictions of any shape; float32, float64, float16 or bfloat16.
      target: amounts >= 0 of any real dtype in the shape of `input`; > 0 for a power of 2 or more.
      power: the power, in [1, 3].
      log_input: whether `input` is the logarithm of the mean.
      eps: added to means to keep the loss finite; >= 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(tweedie_nll_loss, locals())
    return elementwise(
        _TWEEDIE_LOG_INPUT if log_input else _TWEEDIE,
        (power,) if log_input else (power, eps),
        match("input", input, "target", target),
        target,
        reduction,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
        epsilon="eps",
    )
