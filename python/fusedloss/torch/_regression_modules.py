"""Modules for losses of numbers and counts; `fusedloss.torch.modules` offers them."""

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
        denominator: float | None = None,
    ) -> Tensor:
        """Return the loss of predictions ``input``."""
        return FL.mse_loss(
            input,
            target,
            reduction=self.reduction,
            sample_weight=sample_weight,
            denominator=denominator,
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
        denominator: float | None = None,
    ) -> Tensor:
        """Return the loss of predictions ``input``."""
        return FL.l1_loss(
            input,
            target,
            reduction=self.reduction,
            sample_weight=sample_weight,
            denominator=denominator,
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
        denominator: float | None = None,
    ) -> Tensor:
        """Return the loss of predictions ``input``."""
        return FL.huber_loss(
            input,
            target,
            reduction=self.reduction,
            delta=self.delta,
            sample_weight=sample_weight,
            denominator=denominator,
        )


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
        denominator: float | None = None,
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
            denominator=denominator,
        )
