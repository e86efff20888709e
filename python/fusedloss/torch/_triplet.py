"""Losses of triplets of vectors; `fusedloss.torch.functional` offers them."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import has_torch_function_variadic

from fusedloss._registry import BY_NAME
from fusedloss.torch import _originals
from fusedloss.torch._arguments import (
    broadcast_all,
    legacy_reduction,
    number,
    overridden,
    promote_beside,
    require_prediction,
)
from fusedloss.torch._calls import elementwise, over_rows
from fusedloss.torch._documentation import documented
from fusedloss.torch._plain import loss_dtype, widen

_TRIPLET = BY_NAME["triplet_margin"].id
_RANKING = BY_NAME["margin_ranking"].id


@documented
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
) -> Tensor:
    """An anchor should be nearer to its like than to another, by a margin.

    With d(a, b) = |a - b + eps|_p:

        loss = max(0, margin + d(anchor, positive) - d(anchor, negative))

    Equal to `torch.nn.functional.triplet_margin_loss`.
    Source: Balntas et al. 2016, Learning local feature descriptors with triplets and shallow
    convolutional neural networks, BMVC.

    >>> import torch, fusedloss.torch.functional as FL
    >>> anchor, positive = torch.zeros(2, 2), torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    >>> FL.triplet_margin_loss(anchor, positive, torch.tensor([[2.0, 2.0]]), reduction="none")
    tensor([0.0000, 3.1716])

    Args:
      anchor: vectors of shape (..., D); float32, float64, float16 or bfloat16.
      positive: vectors that belong to the anchors.
      negative: vectors that do not. All three have as many axes, and broadcast.
      margin: by how much nearer, at least; > 0.
      p: the norm of the distance; 2 is Euclid's.
      eps: added to differences, so that a distance of 0 has a gradient; >= 0.
      swap: whether the distance of `positive` and `negative` counts where that of `anchor` and
        `negative` is larger.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per triplet.
    """
    if has_torch_function_variadic(anchor, positive, negative, sample_weight, mask):
        return overridden(triplet_margin_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    return _triplet(
        anchor,
        positive,
        negative,
        margin,
        p,
        eps,
        swap,
        reduction,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
    )


def _triplet(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float,
    p: float,
    eps: float,
    swap: bool,
    reduction: str,
    **common: Any,
) -> Tensor:
    """The loss of vectors, their distance a norm."""
    _require_triplet(anchor, positive, negative, margin)
    if not 0 < number("p", p) < math.inf:  # no sum of powers, but torch has a distance for it

        def distance(a: Tensor, b: Tensor) -> Tensor:
            return F.pairwise_distance(widen(a), widen(b), p, eps)

        return _of_distances(
            anchor, positive, negative, distance, margin, swap, reduction, **common
        )
    x, y, z = anchor, positive, negative
    if not x.shape == y.shape == z.shape:
        x, y, z = broadcast_all(anchor=x, positive=y, negative=z)
    if x.ndim == 0:
        x, y, z = x.reshape(1), y.reshape(1), z.reshape(1)
    x = promote_beside(promote_beside(x, y), z)
    dtype = loss_dtype(x)
    return over_rows(
        _TRIPLET,
        (margin, p, eps, float(bool(swap))),
        x,
        None,
        reduction,
        lambda: _originals.triplet_margin_loss(
            x.to(dtype),
            y.to(dtype),
            z.to(dtype),
            margin=margin,
            p=p,
            eps=eps,
            swap=swap,
            reduction=reduction,
        ),
        axis=x.ndim - 1,
        more=(y, z),
        y_pred="anchor",
        epsilon="eps",
        **common,
    )


def _require_triplet(anchor: Any, positive: Any, negative: Any, margin: Any) -> None:
    for name, tensor in (("anchor", anchor), ("positive", positive), ("negative", negative)):
        require_prediction(name, tensor)
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ValueError(
            "anchor, positive and negative must have as many axes, got shapes "
            f"{(*anchor.shape,)}, {(*positive.shape,)} and {(*negative.shape,)}"
        )
    if not 0 < number("margin", margin) < math.inf:
        raise ValueError(f"margin must be finite and > 0, got {margin}")


@documented
def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
) -> Tensor:
    """An anchor should be nearer to its like than to another, by a distance of your own.

        loss = max(0, margin + d(anchor, positive) - d(anchor, negative))

    Equal to `torch.nn.functional.triplet_margin_with_distance_loss`. The distance is computed and
    differentiated by torch, unless it is torch's pairwise one, in any of its forms.

    >>> import torch, fusedloss.torch.functional as FL
    >>> anchor, positive = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]])
    >>> FL.triplet_margin_with_distance_loss(
    ...     anchor,
    ...     positive,
    ...     torch.tensor([[2.0, 2.0]]),
    ...     distance_function=lambda a, b: (a - b).abs().amax(-1),
    ... )
    tensor(3.)

    Args:
      anchor: vectors; float32, float64, float16 or bfloat16.
      positive: vectors that belong to the anchors.
      negative: vectors that do not. All three have as many axes, and broadcast.
      distance_function: takes two of the tensors and returns a distance for each pair. Default:
        `torch.nn.functional.pairwise_distance`.
      margin: by how much nearer, at least; > 0.
      swap: whether the distance of `positive` and `negative` counts where that of `anchor` and
        `negative` is larger.
      reduction: "mean" (default), "sum", or "none" for one loss per triplet.
    """
    if has_torch_function_variadic(anchor, positive, negative, sample_weight, mask):
        return overridden(triplet_margin_with_distance_loss, locals())
    common = {"sample_weight": sample_weight, "mask": mask, "denominator": denominator}
    distance: Any = distance_function
    if distance is None or distance is F.pairwise_distance:
        p, eps = 2.0, 1e-6
    elif type(distance) is nn.PairwiseDistance and not distance.keepdim:
        p, eps = distance.norm, distance.eps
    else:
        _require_triplet(anchor, positive, negative, margin)
        return _of_distances(
            anchor, positive, negative, distance, margin, swap, reduction, **common
        )
    return _triplet(anchor, positive, negative, margin, p, eps, swap, reduction, **common)


def _of_distances(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    distance: Callable[[Tensor, Tensor], Tensor],
    margin: float,
    swap: bool,
    reduction: str,
    **common: Any,
) -> Tensor:
    """The margin between two distances, which are ranked, the far one first."""
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = torch.minimum(far, distance(positive, negative))
    if near.shape != far.shape:
        near, far = broadcast_all(positive=near, negative=far)
    return elementwise(
        _RANKING,
        (margin,),
        promote_beside(near, far),
        near.new_full((), -1).expand(near.shape),
        reduction,
        more=(far,),
        y_pred="distance_function",
        other="distance_function",
        **common,
    )
