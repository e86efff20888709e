"""Modules for losses of numbers that torch has none for; `fusedloss.torch.modules` offers them."""

from torch import Tensor

from fusedloss.torch import functional as FL
from fusedloss.torch._module import Loss


class LogCoshLoss(Loss):
    """Squared near zero, absolute far away: `fusedloss.torch.functional.log_cosh_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.LogCoshLoss()
    >>> criterion(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]))
    tensor(0.2169)

    Args:
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
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
        return FL.log_cosh_loss(
            input,
            target,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class PinballLoss(Loss):
    """Minimal at a quantile: `fusedloss.torch.functional.pinball_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.PinballLoss(quantile=0.9)
    >>> criterion(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0]))
    tensor(0.5000)

    Args:
      quantile: the quantile, in [0, 1]; 0.5 is the median.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(self, quantile: float = 0.5, reduction: str = "mean") -> None:
        super().__init__()
        self.quantile = quantile
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
        return FL.pinball_loss(
            input,
            target,
            quantile=self.quantile,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class MAPELoss(Loss):
    """Difference in percent of the target: `fusedloss.torch.functional.mape_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.MAPELoss()
    >>> criterion(torch.tensor([1.0, 90.0]), torch.tensor([2.0, 100.0]))
    tensor(30.)

    Args:
      eps: what a target is at least taken to be in size, > 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(self, eps: float = 1e-7, reduction: str = "mean") -> None:
        super().__init__()
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
        return FL.mape_loss(
            input,
            target,
            eps=self.eps,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class MSLELoss(Loss):
    """Squared difference of logarithms: `fusedloss.torch.functional.msle_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.MSLELoss()
    >>> criterion(torch.tensor([9.0, 99.0]), torch.tensor([99.0, 99.0]))
    tensor(2.6509)

    Args:
      eps: what predictions and targets are at least taken to be, > 0.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(self, eps: float = 1e-7, reduction: str = "mean") -> None:
        super().__init__()
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
        return FL.msle_loss(
            input,
            target,
            eps=self.eps,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )
