"""Losses of two classes; `fusedloss.torch.functional` offers them."""

import math

import torch.nn.functional as F
from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss.torch._arguments import (
    expand,
    legacy_reduction,
    match,
    overridden,
    require_probabilities,
)
from fusedloss.torch._calls import IDS, elementwise
from fusedloss.torch._coverage import covers
from fusedloss.torch._documentation import documented
from fusedloss.torch._plain import in_one_dtype

_PROBABILITY = IDS["binary_crossentropy_clamped"]
_LOGIT = IDS["binary_crossentropy_from_logits"]
_FOCAL = IDS["binary_focal_crossentropy_from_logits"]


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
    denominator: float | None = None,
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
    if has_torch_function_variadic(input, target, weight, sample_weight):
        return overridden(binary_cross_entropy, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    x = match("input", input, "target", target)
    loss = elementwise(
        _PROBABILITY,
        (),
        x,
        target,
        reduction,
        lambda: F.binary_cross_entropy(*in_one_dtype(x, target), reduction=reduction),
        weight=expand("weight", weight, x),
        sample_weight=sample_weight,
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
    denominator: float | None = None,
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
    if has_torch_function_variadic(input, target, weight, pos_weight, sample_weight):
        return overridden(binary_cross_entropy_with_logits, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    x = match("input", input, "target", target)
    pos_weight = expand("pos_weight", pos_weight, x)
    return elementwise(
        _LOGIT,
        (),
        x,
        target,
        reduction,
        lambda: F.binary_cross_entropy_with_logits(
            *in_one_dtype(x, target), reduction=reduction, pos_weight=pos_weight
        ),
        weight=expand("weight", weight, x),
        pos_weight=pos_weight,
        sample_weight=sample_weight,
        denominator=denominator,
    )


@documented
def sigmoid_focal_loss(
    inputs: Tensor,
    targets: Tensor,
    alpha: float = 0.25,
    gamma: float = 2.0,
    reduction: str = "none",
    *,
    sample_weight: Tensor | None = None,
    denominator: float | None = None,
) -> Tensor:
    """Cross-entropy of two classes that fades easy examples, given logits.

    With p_t the probability given to the true class, and alpha_t = alpha for the positive class and
    1 - alpha for the negative one:

        loss = -alpha_t (1 - p_t)^gamma ln p_t

    Finite, with a finite gradient, for every gamma >= 0. Equal to
    `torchvision.ops.sigmoid_focal_loss`.
    Source: Lin et al. 2017, Focal Loss for Dense Object Detection, arXiv:1708.02002.

    >>> import torch, fusedloss.torch.functional as FL
    >>> logits, labels = torch.tensor([3.0, 0.0, -3.0]), torch.tensor([1.0, 1.0, 1.0])
    >>> FL.sigmoid_focal_loss(logits, labels)
    tensor([2.7321e-05, 4.3322e-02, 6.9157e-01])
    >>> positives = 3
    >>> FL.sigmoid_focal_loss(logits, labels, reduction="mean", denominator=positives)
    tensor(0.2450)

    Args:
      inputs: logits of any shape; float32, float64, float16 or bfloat16.
      targets: probabilities of the positive class in the shape of `inputs`; any real dtype.
      alpha: weight of the positive class in [0, 1], or negative for alpha_t = 1.
      gamma: how strongly easy examples fade, >= 0; with 0 it is cross-entropy.
      reduction: "mean", "sum", or "none" (default) for one loss per element.
    """
    if has_torch_function_variadic(inputs, targets, sample_weight):
        return overridden(sigmoid_focal_loss, locals())
    return elementwise(
        _FOCAL,
        (alpha, gamma),
        match("inputs", inputs, "targets", targets),
        targets,
        reduction,
        sample_weight=sample_weight,
        denominator=denominator,
        y_true="targets",
        y_pred="inputs",
    )


def _holds_nan(losses: Tensor) -> bool:
    """Whether there is a NaN among losses, none of which is negative."""
    total = losses if losses.ndim == 0 else losses.detach().sum()
    return math.isnan(total.item())
