"""Modules for likelihoods and divergence; `fusedloss.torch.modules` offers them."""

from torch import Tensor, nn

from fusedloss.torch import functional as FL
from fusedloss.torch._module import Loss


class PoissonNLLLoss(nn.PoissonNLLLoss):
    """Likelihood of counts: `fusedloss.torch.functional.poisson_nll_loss`.

    Takes the place of `torch.nn.PoissonNLLLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.PoissonNLLLoss()
    >>> criterion(torch.tensor([0.0, 1.0]), torch.tensor([1, 1]))
    tensor(1.3591)

    Args:
      log_input: whether the predictions are logarithms of rates.
      full: whether to add Stirling's approximation of ln target!.
      size_average: deprecated, as in torch.
      eps: keeps the logarithm finite where a rate is 0; >= 0.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(log_input, full, size_average, eps, reduce, reduction)

    def forward(
        self,
        log_input: Tensor,
        target: Tensor,
        *,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        denominator: float | Tensor | None = None,
        inplace: bool = False,
    ) -> Tensor:
        """Return the loss of predictions ``log_input``: rates, or their logarithms."""
        return FL.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class GaussianNLLLoss(nn.GaussianNLLLoss):
    """Likelihood of numbers: `fusedloss.torch.functional.gaussian_nll_loss`.

    Takes the place of `torch.nn.GaussianNLLLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.GaussianNLLLoss()
    >>> criterion(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]), torch.tensor([1.0, 4.0]))
    tensor(0.5966)

    Args:
      full: whether to add the constant.
      eps: what a variance is at least; >= 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(
        self,
        *,
        full: bool = False,
        eps: float = 1e-6,
        reduction: str = "mean",
    ) -> None:
        super().__init__(full=full, eps=eps, reduction=reduction)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        var: Tensor | float,
        *,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        denominator: float | Tensor | None = None,
    ) -> Tensor:
        """Return the loss of means ``input`` with variances ``var``."""
        return FL.gaussian_nll_loss(
            input,
            target,
            var,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
        )


class KLDivLoss(nn.KLDivLoss):
    """Divergence of distributions: `fusedloss.torch.functional.kl_div`.

    Takes the place of `torch.nn.KLDivLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.KLDivLoss(reduction="batchmean")
    >>> criterion(torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[1.0, 0.0]]))
    tensor(0.6931)

    Args:
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "batchmean" for the sum over the size of the first axis, "sum",
        or "none" for one loss per element.
      log_target: whether targets are logarithms.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction, log_target)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        *,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        denominator: float | Tensor | None = None,
        inplace: bool = False,
    ) -> Tensor:
        """Return the loss of log-probabilities ``input``."""
        return FL.kl_div(
            input,
            target,
            log_target=self.log_target,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class GammaNLLLoss(Loss):
    """Likelihood of positive amounts: `fusedloss.torch.functional.gamma_nll_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.GammaNLLLoss()
    >>> criterion(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 3.0]))
    tensor(1.5518)

    Args:
      log_input: whether predictions are logarithms of means.
      eps: added to means to keep the loss finite; >= 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(
        self,
        log_input: bool = True,
        eps: float = 1e-8,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.log_input = log_input
        self.eps = eps
        self.reduction = reduction

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        *,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        denominator: float | Tensor | None = None,
        inplace: bool = False,
    ) -> Tensor:
        """Return the loss of predictions ``input``."""
        return FL.gamma_nll_loss(
            input,
            target,
            log_input=self.log_input,
            eps=self.eps,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class TweedieNLLLoss(Loss):
    """Likelihood of amounts with zeros: `fusedloss.torch.functional.tweedie_nll_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.TweedieNLLLoss(power=1.5)
    >>> criterion(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 3.0]))
    tensor(4.4683)

    Args:
      power: how the variance grows with the mean, in [1, 3].
      log_input: whether predictions are logarithms of means.
      eps: added to means to keep the loss finite; >= 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(
        self,
        power: float = 1.5,
        log_input: bool = True,
        eps: float = 1e-8,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.power = power
        self.log_input = log_input
        self.eps = eps
        self.reduction = reduction

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        *,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        denominator: float | Tensor | None = None,
        inplace: bool = False,
    ) -> Tensor:
        """Return the loss of predictions ``input``."""
        return FL.tweedie_nll_loss(
            input,
            target,
            power=self.power,
            log_input=self.log_input,
            eps=self.eps,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )
