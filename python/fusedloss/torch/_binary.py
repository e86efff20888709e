"""Losses of two classes; `fusedloss.torch.functional` offers them."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss._arguments import require_positives
from fusedloss._registry import BY_NAME
from fusedloss.torch import _originals
from fusedloss.torch._arguments import (
    expand,
    legacy_reduction,
    match,
    overridden,
    positives,
    require_probabilities,
    spread,
    spread_mask,
)
from fusedloss.torch._calls import direct, elementwise
from fusedloss.torch._coverage import covers
from fusedloss.torch._documentation import documented
from fusedloss.torch._plain import in_one_dtype, loss_dtype

_PROBABILITY = BY_NAME["binary_crossentropy_clamped"].id
_LOGIT = BY_NAME["binary_crossentropy_from_logits"].id
_FOCAL = BY_NAME["binary_focal_crossentropy_from_logits"].id


@documented
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
) -> Tensor:
    """Cross-entropy of two classes, given the probability of the positive one.

        loss = -(target ln input + (1 - target) ln(1 - input))

    Logarithms are kept above -100. Equal to `torch.nn.functional.binary_cross_entropy`. From logits
    `binary_cross_entropy_with_logits` is more accurate.

    >>> import torch, fusedloss.torch.functional as FL
    >>> FL.binary_cross_entropy(torch.tensor([0.5, 0.25]), torch.tensor([1.0, 0.0]))
    tensor(0.4904)

    Args:
      input: probabilities of any shape, in [0, 1]; float32, float64, float16 or bfloat16.
      target: probabilities of the positive class, in [0, 1], in the shape of `input`; any real
        dtype.
      weight: factors of the losses, of a shape that broadcasts to that of `input`; a mean divides
        by the number of elements all the same.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight, mask):
        return overridden(binary_cross_entropy, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    if weight is sample_weight is mask is denominator is None:
        found = direct(_PROBABILITY, (), input, target, reduction)
        if found is not None:
            return found
    x = match("input", input, "target", target)
    loss = elementwise(
        _PROBABILITY,
        (),
        x,
        target,
        reduction,
        lambda: _originals.binary_cross_entropy(*in_one_dtype(x, target), reduction=reduction),
        weight=None if weight is None else expand("weight", weight, x),
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
    )
    # The kernel answers a value outside [0, 1] with NaN, so only a NaN is worth a look at all.
    if covers(False, loss, loss) and _holds_nan(loss):
        require_probabilities("input", input)
        require_probabilities("target", target)
    return loss


@documented
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Cross-entropy of two classes, given the logit of the positive one.

    With p = sigmoid(input):

        loss = -(pos_weight target ln p + (1 - target) ln(1 - p))
        gradient = p - target   without pos_weight

    Equal to `torch.nn.functional.binary_cross_entropy_with_logits`.

    >>> import torch, fusedloss.torch.functional as FL
    >>> logits, labels = torch.tensor([0.0, 2.0, -100.0]), torch.tensor([1, 1, 1])
    >>> FL.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    tensor([  0.6931,   0.1269, 100.0000])

    Args:
      input: logits of any shape; float32, float64, float16 or bfloat16.
      target: probabilities of the positive class in the shape of `input`; any real dtype.
      weight: factors of the losses, of a shape that broadcasts to that of `input`; a mean divides
        by the number of elements all the same.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per element.
      pos_weight: factors of what the positive class adds to the loss, of a shape that broadcasts to
        that of `input`: (C,) for one factor per label of (N, C).
    """
    if has_torch_function_variadic(input, target, weight, pos_weight, sample_weight, mask):
        return overridden(binary_cross_entropy_with_logits, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    if weight is pos_weight is sample_weight is mask is denominator is None and not inplace:
        loss = direct(_LOGIT, (), input, target, reduction)
        if loss is not None:
            return loss
    x = match("input", input, "target", target)
    if pos_weight is not None:
        pos_weight = expand("pos_weight", pos_weight, x)
    return elementwise(
        _LOGIT,
        (),
        x,
        target,
        reduction,
        lambda: _originals.binary_cross_entropy_with_logits(
            *in_one_dtype(x, target), reduction=reduction, pos_weight=pos_weight
        ),
        weight=None if weight is None else expand("weight", weight, x),
        pos_weight=pos_weight,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def sigmoid_focal_loss(
    inputs: Tensor,
    targets: Tensor,
    alpha: float | Sequence[float] | Tensor = 0.25,
    gamma: float = 2.0,
    reduction: str = "none",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | Literal["positives"] | None = None,
    inplace: bool = False,
) -> Tensor:
    """Cross-entropy of two classes that fades easy examples, given logits.

    With p_t the probability given to the true class, and alpha_t = alpha for the positive class and
    1 - alpha for the negative one:

        loss = -alpha_t (1 - p_t)^gamma ln p_t

    Finite, with a finite gradient, for every gamma >= 0. Equal to
    `torchvision.ops.sigmoid_focal_loss`. With denominator="positives" a mean divides by the sum of
    the positive targets of elements that count (weight not 0, not masked), but at least by 1: few
    examples of detection are positive, and all others should not water the loss down.
    Source: Lin et al. 2017, Focal Loss for Dense Object Detection, arXiv:1708.02002.

    >>> import torch, fusedloss.torch.functional as FL
    >>> logits, labels = torch.tensor([3.0, 0.0, -3.0]), torch.tensor([1.0, 1.0, 0.0])
    >>> FL.sigmoid_focal_loss(logits, labels)
    tensor([2.7321e-05, 4.3322e-02, 8.1962e-05])
    >>> FL.sigmoid_focal_loss(logits, labels, reduction="mean", denominator="positives")
    tensor(0.0217)

    Args:
      inputs: logits of any shape; float32, float64, float16 or bfloat16.
      targets: probabilities of the positive class in the shape of `inputs`; any real dtype.
      alpha: weight of the positive class in [0, 1], or negative for alpha_t = 1; or one weight for
        each label, the last axis of `inputs`.
      gamma: how strongly easy examples fade, >= 0; with 0 it is cross-entropy.
      reduction: "mean", "sum", or "none" (default) for one loss per element.
    """
    if has_torch_function_variadic(inputs, targets, alpha, sample_weight, mask, denominator):
        return overridden(sigmoid_focal_loss, locals())
    x = match("inputs", inputs, "targets", targets)
    relative_alpha = None
    if isinstance(alpha, (Sequence, Tensor)) and not isinstance(alpha, str):
        relative_alpha = _alpha_of_labels(alpha, x)
        alpha = 1.0
    if isinstance(denominator, str):
        require_positives(denominator)
        weight = exists = None
        if sample_weight is not None:
            weight = spread("sample_weight", sample_weight, targets.shape, targets.device)
        if mask is not None:
            exists = spread_mask(mask, targets.shape, targets.device)
        denominator = positives(targets, weight, exists)
    return elementwise(
        _FOCAL,
        (alpha, gamma),
        x,
        targets,
        reduction,
        pos_weight=relative_alpha,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=inputs if inplace else None,
        y_true="targets",
        y_pred="inputs",
    )


def _alpha_of_labels(alpha: Sequence[float] | Tensor, input: Tensor) -> Tensor:
    """One alpha for each label, as a view in the shape of ``input``."""
    each = torch.as_tensor(alpha, dtype=loss_dtype(input), device=input.device)
    if each.ndim > 1 or (each.ndim == 1 and each.shape != input.shape[-1:]):
        raise ValueError(
            f"alpha must be a number or have the shape of the last axis of inputs, "
            f"{(*input.shape[-1:],)}, got {(*each.shape,)}"
        )
    if covers(False, each, None):
        require_probabilities("alpha", each)
    return each.expand(input.shape)


def _holds_nan(losses: Tensor) -> bool:
    """Whether there is a NaN among losses, none of which is negative."""
    total = losses if losses.ndim == 0 else losses.detach().sum()
    return math.isnan(total.item())
