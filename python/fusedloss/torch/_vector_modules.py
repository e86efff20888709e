"""Modules for losses of vectors; `fusedloss.torch.modules` offers them."""

from collections.abc import Callable

from torch import Tensor, nn

from fusedloss.torch import functional as FL
from fusedloss.torch._module import Loss


class CosineSimilarityLoss(Loss):
    """Negative cosine of the angle: `fusedloss.torch.functional.cosine_similarity_loss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.CosineSimilarityLoss()
    >>> criterion(torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0, 0.0]]))
    tensor(-0.7071)

    Args:
      dim: the axis of the vectors.
      eps: what a length is at least taken to be, > 0.
      reduction: "mean" (default), "sum", or "none" for one loss per vector.
    """

    def __init__(
        self,
        dim: int = -1,
        eps: float = 1e-8,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.dim = dim
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
        return FL.cosine_similarity_loss(
            input,
            target,
            dim=self.dim,
            eps=self.eps,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
            inplace=inplace,
        )


class CosineEmbeddingLoss(nn.CosineEmbeddingLoss):
    """Directions of pairs: `fusedloss.torch.functional.cosine_embedding_loss`.

    Takes the place of `torch.nn.CosineEmbeddingLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.CosineEmbeddingLoss()
    >>> criterion(torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0, 0.0]]), torch.tensor([-1]))
    tensor(0.7071)

    Args:
      margin: how large a cosine may be without cost for pairs that are not alike.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per pair.
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
        """Return the loss of vectors ``input1``, compared with ``input2``."""
        return FL.cosine_embedding_loss(
            input1,
            input2,
            target,
            margin=self.margin,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
        )


class TripletMarginLoss(nn.TripletMarginLoss):
    """Nearer to like than to other: `fusedloss.torch.functional.triplet_margin_loss`.

    Takes the place of `torch.nn.TripletMarginLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.TripletMarginLoss()
    >>> criterion(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 2.0]]))
    tensor(3.1716)

    Args:
      margin: by how much nearer, at least; > 0.
      p: the norm of the distance.
      eps: added to differences; >= 0.
      swap: whether the distance of positive and negative counts where it is smaller.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per triplet.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, p, eps, swap, size_average, reduce, reduction)

    def forward(
        self,
        anchor: Tensor,
        positive: Tensor,
        negative: Tensor,
        *,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        denominator: float | Tensor | None = None,
    ) -> Tensor:
        """Return the loss of these triplets."""
        return FL.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
        )


class TripletMarginWithDistanceLoss(nn.TripletMarginWithDistanceLoss):
    """The same with any distance: `fusedloss.torch.functional.triplet_margin_with_distance_loss`.

    Takes the place of `torch.nn.TripletMarginWithDistanceLoss`.

    >>> import torch, fusedloss.torch as flt
    >>> criterion = flt.TripletMarginWithDistanceLoss()
    >>> criterion(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 2.0]]))
    tensor(3.1716)

    Args:
      distance_function: takes two tensors and returns the distances; default:
        `torch.nn.PairwiseDistance()`.
      margin: by how much nearer, at least; > 0.
      swap: whether the distance of positive and negative counts where it is smaller.
      reduction: "mean" (default), "sum", or "none" for one loss per triplet.
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(
            distance_function=distance_function, margin=margin, swap=swap, reduction=reduction
        )

    def forward(
        self,
        anchor: Tensor,
        positive: Tensor,
        negative: Tensor,
        *,
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        denominator: float | Tensor | None = None,
    ) -> Tensor:
        """Return the loss of these triplets."""
        return FL.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
            sample_weight=sample_weight,
            mask=mask,
            denominator=denominator,
        )
