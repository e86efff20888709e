"""Modules for losses of two or more classes; `fusedloss.torch.modules` offers them."""

from torch import Tensor, nn

from fusedloss.torch import functional as FL


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
        denominator: float | None = None,
    ) -> Tensor:
        """Return the loss of probabilities ``input``."""
        return FL.binary_cross_entropy(
            input,
            target,
            weight=self.weight,
            reduction=self.reduction,
            sample_weight=sample_weight,
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
        denominator: float | None = None,
    ) -> Tensor:
        """Return the loss of logits ``input``."""
        return FL.binary_cross_entropy_with_logits(
            input,
            target,
            weight=self.weight,
            reduction=self.reduction,
            pos_weight=self.pos_weight,
            sample_weight=sample_weight,
            denominator=denominator,
        )


class CrossEntropyLoss(nn.CrossEntropyLoss):
    """Several classes, from logits: `fusedloss.torch.functional.cross_entropy`.

    Takes the place of `torch.nn.CrossEntropyLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.CrossEntropyLoss(ignore_index=0)
    >>> criterion(torch.tensor([[0.0, 0.0], [5.0, 1.0]]), torch.tensor([1, 0]))
    tensor(0.6931)

    Args:
      weight: factors of the classes, of shape (C,); a buffer.
      size_average: deprecated, as in torch.
      ignore_index: class index of rows that are left out.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
      label_smoothing: how much of the target is spread over all classes, in [0, 1].
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, ignore_index, reduce, reduction, label_smoothing)

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        *,
        sample_weight: Tensor | None = None,
        denominator: float | None = None,
    ) -> Tensor:
        """Return the loss of logits ``input``."""
        return FL.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
            sample_weight=sample_weight,
            denominator=denominator,
        )


class SigmoidFocalLoss(nn.Module):
    """Two classes, easy examples faded: `fusedloss.torch.functional.sigmoid_focal_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.SigmoidFocalLoss(reduction="sum")
    >>> criterion(torch.tensor([3.0, 0.0]), torch.tensor([1.0, 1.0]))
    tensor(0.0433)

    Args:
      alpha: weight of the positive class in [0, 1], or negative for no balancing.
      gamma: how strongly easy examples fade, >= 0.
      reduction: "mean", "sum", or "none" (default, as in torchvision) for one loss per element.
    """

    def __init__(self, alpha: float = 0.25, gamma: float = 2.0, reduction: str = "none") -> None:
        super().__init__()
        self.alpha = alpha
        self.gamma = gamma
        self.reduction = reduction

    def forward(
        self,
        inputs: Tensor,
        targets: Tensor,
        *,
        sample_weight: Tensor | None = None,
        denominator: float | None = None,
    ) -> Tensor:
        """Return the loss of logits ``inputs``."""
        return FL.sigmoid_focal_loss(
            inputs,
            targets,
            alpha=self.alpha,
            gamma=self.gamma,
            reduction=self.reduction,
            sample_weight=sample_weight,
            denominator=denominator,
        )

    def extra_repr(self) -> str:
        """Return the arguments, for printing."""
        return f"alpha={self.alpha}, gamma={self.gamma}, reduction={self.reduction!r}"


class SoftmaxFocalLoss(nn.Module):
    """Several classes, easy examples faded: `fusedloss.torch.functional.softmax_focal_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.SoftmaxFocalLoss(alpha=1.0)
    >>> criterion(torch.tensor([[0.0, 0.0], [0.0, 5.0]]), torch.tensor([1, 1]))
    tensor(0.0866)

    Args:
      weight: factors of the classes, of shape (C,); a buffer.
      ignore_index: class index of rows that are left out.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
      label_smoothing: how much of the target is spread over all classes, in [0, 1].
      alpha: factor of every loss, >= 0.
      gamma: how strongly easy examples fade, >= 0.
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
        alpha: float = 0.25,
        gamma: float = 2.0,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.label_smoothing = label_smoothing
        self.alpha = alpha
        self.gamma = gamma

    def forward(
        self,
        input: Tensor,
        target: Tensor,
        *,
        sample_weight: Tensor | None = None,
        denominator: float | None = None,
    ) -> Tensor:
        """Return the loss of logits ``input``."""
        return FL.softmax_focal_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
            alpha=self.alpha,
            gamma=self.gamma,
            sample_weight=sample_weight,
            denominator=denominator,
        )

    def extra_repr(self) -> str:
        """Return the arguments that are not buffers, for printing."""
        return (
            f"ignore_index={self.ignore_index}, reduction={self.reduction!r}, "
            f"label_smoothing={self.label_smoothing}, alpha={self.alpha}, gamma={self.gamma}"
        )
