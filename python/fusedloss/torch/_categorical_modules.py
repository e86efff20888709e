"""Modules for losses of several classes; `fusedloss.torch.modules` offers them."""

from torch import Tensor, nn

from fusedloss.torch import functional as FL
from fusedloss.torch._module import Loss


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
      temperature: what logits are divided by, > 0.
      softcap: what no logit comes to exceed in size; 0 (default) for no such bound.
      z_loss: factor of the square of ln sum exp(logits), >= 0.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
        *,
        temperature: float = 1.0,
        softcap: float = 0.0,
        z_loss: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, ignore_index, reduce, reduction, label_smoothing)
        self.temperature = temperature
        self.softcap = softcap
        self.z_loss = z_loss

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
        return FL.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
            temperature=self.temperature,
            softcap=self.softcap,
            z_loss=self.z_loss,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )

    def extra_repr(self) -> str:
        """Return the arguments that torch's module does not have, where they are set."""
        defaults = {"temperature": 1.0, "softcap": 0.0, "z_loss": 0.0}
        given = {name: getattr(self, name) for name in defaults}
        return ", ".join(f"{k}={v}" for k, v in given.items() if v != defaults[k])


class NLLLoss(nn.NLLLoss):
    """Several classes, from log-probabilities: `fusedloss.torch.functional.nll_loss`.

    Takes the place of `torch.nn.NLLLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.NLLLoss()
    >>> criterion(torch.tensor([[0.5, 0.25, 0.25]]).log(), torch.tensor([0]))
    tensor(0.6931)

    Args:
      weight: factors of the classes, of shape (C,); a buffer.
      size_average: deprecated, as in torch.
      ignore_index: class index of rows that are left out.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, ignore_index, reduce, reduction)

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
        return FL.nll_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class SoftmaxFocalLoss(Loss):
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
        mask: Tensor | None = None,
        denominator: float | Tensor | None = None,
        inplace: bool = False,
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
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class GeneralizedCrossEntropyLoss(Loss):
    """Several classes, labels in doubt: `fusedloss.torch.functional.generalized_cross_entropy`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.GeneralizedCrossEntropyLoss(q=1.0)
    >>> criterion(torch.tensor([[0.0, 0.0], [0.0, 0.0]]), torch.tensor([1, 0]))
    tensor(0.5000)

    Args:
      q: how little rows count that are far from their label, in (0, 1].
      weight: factors of the classes, of shape (C,); a buffer.
      ignore_index: class index of rows that are left out.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
    """

    weight: Tensor | None

    def __init__(
        self,
        q: float = 0.5,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.q = q
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
        """Return the loss of logits ``input``."""
        return FL.generalized_cross_entropy(
            input,
            target,
            q=self.q,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )
