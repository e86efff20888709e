"""Modules for losses of numbers; `fusedloss.torch.modules` offers them."""

from torch import Tensor, nn

from fusedloss.torch import functional as FL


class MSELoss(nn.MSELoss):
    """Squared difference: `fusedloss.torch.functional.mse_loss`, in place of `torch.nn.MSELoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.MSELoss()
    >>> criterion(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)

    Args:
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)

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
        return FL.mse_loss(
            input,
            target,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class L1Loss(nn.L1Loss):
    """Absolute difference: `fusedloss.torch.functional.l1_loss`, in place of `torch.nn.L1Loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.L1Loss(reduction="sum")
    >>> criterion(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)

    Args:
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)

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
        return FL.l1_loss(
            input,
            target,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class HuberLoss(nn.HuberLoss):
    """Quadratic, then linear: `fusedloss.torch.functional.huber_loss`, for `torch.nn.HuberLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.HuberLoss(delta=0.5)
    >>> criterion(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(0.4375)

    Args:
      reduction: "mean" (default), "sum", or "none" for one loss per element.
      delta: where the loss becomes linear, > 0.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction, delta)

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
        return FL.huber_loss(
            input,
            target,
            reduction=self.reduction,
            delta=self.delta,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class SmoothL1Loss(nn.SmoothL1Loss):
    """Absolute difference, rounded off near zero: `fusedloss.torch.functional.smooth_l1_loss`.

    Takes the place of `torch.nn.SmoothL1Loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.SmoothL1Loss(beta=2.0)
    >>> criterion(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]))
    tensor(1.)

    Args:
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
      beta: where the loss becomes linear, >= 0.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction, beta)

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
        return FL.smooth_l1_loss(
            input,
            target,
            beta=self.beta,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )
