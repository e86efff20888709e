"""Modules for losses of a margin between classes; `fusedloss.torch.modules` offers them."""

from torch import Tensor, nn

from fusedloss.torch import functional as FL
from fusedloss.torch._module import Loss


class MultiLabelSoftMarginLoss(nn.MultiLabelSoftMarginLoss):
    """Labels of two classes: `fusedloss.torch.functional.multilabel_soft_margin_loss`.

    Takes the place of `torch.nn.MultiLabelSoftMarginLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.MultiLabelSoftMarginLoss()
    >>> criterion(torch.tensor([[0.0, 2.0]]), torch.tensor([[1, 1]]))
    tensor(0.4100)

    Args:
      weight: factors of the labels, of shape (C,); a buffer.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)

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
        """Return the loss of logits ``input``."""
        return FL.multilabel_soft_margin_loss(
            input,
            target,
            weight=self.weight,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class MultiMarginLoss(nn.MultiMarginLoss):
    """Wrong classes below the right one: `fusedloss.torch.functional.multi_margin_loss`.

    Takes the place of `torch.nn.MultiMarginLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.MultiMarginLoss()
    >>> criterion(torch.tensor([[2.0, 0.0, 1.5]]), torch.tensor([0]))
    tensor(0.1667)

    Args:
      p: 1 or 2.
      margin: how far below, at least.
      weight: factors of the classes, of shape (C,); a buffer.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(p, margin, weight, size_average, reduce, reduction)

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
        return FL.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class MultiLabelMarginLoss(nn.MultiLabelMarginLoss):
    """Other classes below labels: `fusedloss.torch.functional.multilabel_margin_loss`.

    Takes the place of `torch.nn.MultiLabelMarginLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.MultiLabelMarginLoss()
    >>> criterion(torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]]))
    tensor(0.8500)

    Args:
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
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
        return FL.multilabel_margin_loss(
            input,
            target,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class CategoricalHingeLoss(Loss):
    """The best wrong class below: `fusedloss.torch.functional.categorical_hinge_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.CategoricalHingeLoss()
    >>> criterion(torch.tensor([[2.0, 0.0, 1.5]]), torch.tensor([0]))
    tensor(0.5000)

    Args:
      ignore_index: class index of rows that are left out.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
    """

    def __init__(self, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__()
        self.ignore_index = ignore_index
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
        return FL.categorical_hinge_loss(
            input,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )
