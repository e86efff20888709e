"""Modules for likelihoods of counts; `fusedloss.torch.modules` offers them."""

from torch import Tensor

from fusedloss.torch import functional as FL
from fusedloss.torch._module import Loss


class NegativeBinomialNLLLoss(Loss):
    """Overdispersed counts: `fusedloss.torch.functional.negative_binomial_nll_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.NegativeBinomialNLLLoss()
    >>> criterion(torch.tensor([0.0, 1.0]), torch.tensor([0, 4]), dispersion=0.5)
    tensor(-0.0271)

    Args:
      log_input: whether predictions are logarithms of means.
      full: whether to add ln target!.
      eps: added to means to keep their logarithm finite; >= 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        eps: float = 1e-8,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.log_input = log_input
        self.full = full
        self.eps = eps
        self.reduction = reduction

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        dispersion: Tensor | float,
        *,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        denominator: float | Tensor | None = None,
    ) -> Tensor:
        """Return the loss of predictions ``input`` with these dispersions."""
        return FL.negative_binomial_nll_loss(
            input,
            target,
            dispersion,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
        )


class ZeroInflatedPoissonNLLLoss(Loss):
    """Counts with many zeros: `fusedloss.torch.functional.zero_inflated_poisson_nll_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.ZeroInflatedPoissonNLLLoss()
    >>> criterion(torch.tensor([0.0, 1.0]), torch.tensor([0, 4]), zero_logit=torch.tensor(0.0))
    tensor(-0.1043)

    Args:
      log_input: whether predictions are logarithms of rates.
      full: whether to add ln target!.
      eps: added to rates to keep their logarithm finite; >= 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        eps: float = 1e-8,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.log_input = log_input
        self.full = full
        self.eps = eps
        self.reduction = reduction

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        zero_logit: Tensor | float,
        *,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        denominator: float | Tensor | None = None,
    ) -> Tensor:
        """Return the loss of predictions ``input`` with logits of surplus zeros."""
        return FL.zero_inflated_poisson_nll_loss(
            input,
            target,
            zero_logit,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
        )
