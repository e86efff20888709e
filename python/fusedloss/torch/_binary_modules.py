"""Modules for losses of two classes; `fusedloss.torch.modules` offers them."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from fusedloss.torch import functional as FL
from fusedloss.torch._module import Loss


class BCELoss(nn.BCELoss):
    """Two classes, from probabilities: `fusedloss.torch.functional.binary_cross_entropy`.

    Takes the place of `torch.nn.BCELoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.BCELoss()
    >>> criterion(torch.tensor([0.5, 0.25]), torch.tensor([1.0, 0.0]))
    tensor(0.4904)

    Args:
      weight: factors of the losses, of a shape that broadcasts to that of the input; a buffer.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
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
    ) -> Tensor:
        """Return the loss of probabilities ``input``."""
        return FL.binary_cross_entropy(
            input,
            target,
            weight=self.weight,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
        )


class BCEWithLogitsLoss(nn.BCEWithLogitsLoss):
    """Two classes, from logits: `fusedloss.torch.functional.binary_cross_entropy_with_logits`.

    Takes the place of `torch.nn.BCEWithLogitsLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0]))
    >>> criterion(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0]))
    tensor(1.0397)

    Args:
      weight: factors of the losses, of a shape that broadcasts to that of the input; a buffer.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
      pos_weight: factors of what the positive class adds, broadcast likewise; a buffer.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction, pos_weight)

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
        return FL.binary_cross_entropy_with_logits(
            input,
            target,
            weight=self.weight,
            reduction=self.reduction,
            pos_weight=self.pos_weight,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class SigmoidFocalLoss(Loss):
    """Two classes, easy examples faded: `fusedloss.torch.functional.sigmoid_focal_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.SigmoidFocalLoss(reduction="sum")
    >>> criterion(torch.tensor([3.0, 0.0]), torch.tensor([1.0, 1.0]))
    tensor(0.0433)

    Args:
      alpha: weight of the positive class in [0, 1], or negative for no balancing; or one weight for
        each label, the last axis of the input. A tensor is a buffer.
      gamma: how strongly easy examples fade, >= 0.
      reduction: "mean", "sum", or "none" (default, as in torchvision) for one loss per element.
    """

    alpha: float | Sequence[float] | Tensor

    def __init__(
        self,
        alpha: float | Sequence[float] | Tensor = 0.25,
        gamma: float = 2.0,
        reduction: str = "none",
    ) -> None:
        super().__init__()
        if isinstance(alpha, Tensor):
            self.register_buffer("alpha", alpha)
        else:
            self.alpha = alpha
        self.gamma = gamma
        self.reduction = reduction

    def forward(
        self,
        inputs: Tensor,
        targets: Tensor,
        *,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        denominator: float | Tensor | Literal["positives"] | None = None,
        inplace: bool = False,
    ) -> Tensor:
        """Return the loss of logits ``inputs``."""
        return FL.sigmoid_focal_loss(
            inputs,
            targets,
            alpha=self.alpha,
            gamma=self.gamma,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )
