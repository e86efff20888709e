"""Modules for losses of a margin, of elements; `fusedloss.torch.modules` offers them."""

from torch import Tensor, nn

from fusedloss.torch import functional as FL
from fusedloss.torch._module import Loss


class HingeLoss(Loss):
    """Distance from the right side, by a margin: `fusedloss.torch.functional.hinge_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.HingeLoss()
    >>> criterion(torch.tensor([0.5, 0.5]), torch.tensor([1, -1]))
    tensor(1.)

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
        """Return the loss of scores ``input``."""
        return FL.hinge_loss(
            input,
            target,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class SquaredHingeLoss(Loss):
    """Squared hinge: `fusedloss.torch.functional.squared_hinge_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.SquaredHingeLoss()
    >>> criterion(torch.tensor([0.5, 0.5]), torch.tensor([1, -1]))
    tensor(1.2500)

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
        """Return the loss of scores ``input``."""
        return FL.squared_hinge_loss(
            input,
            target,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class SoftMarginLoss(nn.SoftMarginLoss):
    """A smooth hinge: `fusedloss.torch.functional.soft_margin_loss`.

    Takes the place of `torch.nn.SoftMarginLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.SoftMarginLoss()
    >>> criterion(torch.tensor([2.0, 0.0]), torch.tensor([1, 1]))
    tensor(0.4100)

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
        """Return the loss of scores ``input``."""
        return FL.soft_margin_loss(
            input,
            target,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class HingeEmbeddingLoss(nn.HingeEmbeddingLoss):
    """Distances of pairs: `fusedloss.torch.functional.hinge_embedding_loss`.

    Takes the place of `torch.nn.HingeEmbeddingLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.HingeEmbeddingLoss()
    >>> criterion(torch.tensor([0.5, 0.5]), torch.tensor([1, -1]))
    tensor(0.5000)

    Args:
      margin: how large the distance of a pair not alike should be.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, size_average, reduce, reduction)

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
        """Return the loss of distances ``input``."""
        return FL.hinge_embedding_loss(
            input,
            target,
            margin=self.margin,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class MarginRankingLoss(nn.MarginRankingLoss):
    """Two scores in order: `fusedloss.torch.functional.margin_ranking_loss`.

    Takes the place of `torch.nn.MarginRankingLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.MarginRankingLoss()
    >>> criterion(torch.tensor([1.0, 1.0]), torch.tensor([3.0, 3.0]), torch.tensor([1, -1]))
    tensor(1.)

    Args:
      margin: by how much one score should be larger, at least.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, size_average, reduce, reduction)

    def forward(
        self,
        input1: Tensor,
        input2: Tensor,
        target: Tensor,
        *,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        denominator: float | Tensor | None = None,
    ) -> Tensor:
        """Return the loss of scores ``input1``, compared with ``input2``."""
        return FL.margin_ranking_loss(
            input1,
            input2,
            target,
            margin=self.margin,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
        )
