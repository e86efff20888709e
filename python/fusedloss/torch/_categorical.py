"""Losses of several classes; `fusedloss.torch.functional` offers them."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss.torch._arguments import legacy_reduction, match_classes, overridden
from fusedloss.torch._calls import IDS, over_classes
from fusedloss.torch._documentation import documented
from fusedloss.torch._plain import loss_dtype, widen

_CROSSENTROPY = IDS["categorical_crossentropy_from_logits"]
_FOCAL = IDS["categorical_focal_crossentropy_from_logits"]


@documented
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    *,
    sample_weight: Tensor | None = None,
    denominator: float | None = None,
) -> Tensor:
    """Cross-entropy of several classes, given logits.

    With p = softmax(input) along the class axis, and t the target as probabilities, smoothed by s:

        t = (1 - s) target + s / classes
        loss = -sum_c weight_c t_c ln p_c
        gradient = p - t   without weights

    Equal to `torch.nn.functional.cross_entropy`. A mean over class indices divides by the sum of
    the weights of their classes, one over probabilities by the number of rows.

    >>> import torch, fusedloss.torch.functional as FL
    >>> logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]], requires_grad=True)
    >>> labels = torch.tensor([0, -100], dtype=torch.int16)
    >>> loss = FL.cross_entropy(logits, labels)
    >>> loss.backward()
    >>> loss
    tensor(0.2395, grad_fn=<FusedLossBackward>)
    >>> logits.grad
    tensor([[-0.2130,  0.1065,  0.1065],
            [ 0.0000,  0.0000,  0.0000]])

    Args:
      input: logits of shape (N, C), (N, C, d1, ...) or (C,); float32, float64, float16 or bfloat16.
      target: class indices of shape (N,), (N, d1, ...) or (), int8 to int64 or uint8; or class
        probabilities in the shape of `input`, floating point.
      weight: factors of the classes, of shape (C,).
      size_average: deprecated, as in torch.
      ignore_index: class index of rows that are left out; it need not be one of the classes.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
      label_smoothing: how much of the target is spread over all classes, in [0, 1].
    """
    if has_torch_function_variadic(input, target, weight, sample_weight):
        return overridden(cross_entropy, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    x = match_classes(input, target, ignore_index)
    return over_classes(
        _CROSSENTROPY,
        (label_smoothing,),
        x,
        target,
        reduction,
        lambda: F.cross_entropy(
            widen(x),
            target.to(loss_dtype(x) if target.is_floating_point() else torch.int64),
            None if weight is None else weight.to(loss_dtype(x)),
            ignore_index=ignore_index,
            reduction=reduction,
            label_smoothing=label_smoothing,
        ),
        weight=weight,
        ignore_index=ignore_index,
        sample_weight=sample_weight,
        denominator=denominator,
    )


@documented
def softmax_focal_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    alpha: float = 0.25,
    gamma: float = 2.0,
    *,
    sample_weight: Tensor | None = None,
    denominator: float | None = None,
) -> Tensor:
    """Cross-entropy of several classes that fades easy examples, given logits.

    With p = softmax(input) along the class axis, y the label and s the label smoothing:

        loss = alpha weight_y (1 - p_y)^gamma (-(1 - s) ln p_y - s / classes sum_c ln p_c)

    Smoothing enters the cross-entropy only. Class probabilities as targets weigh the losses of the
    labels. Finite with a finite gradient for every gamma >= 0; with gamma = 0 and alpha = 1 it is
    `cross_entropy`, but for the weights of smoothed classes. For sparse labels a mean divides by
    the sum of the weights of their classes.
    Source: Lin et al. 2017, Focal Loss for Dense Object Detection, arXiv:1708.02002.

    >>> import torch, fusedloss.torch.functional as FL
    >>> logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    >>> FL.softmax_focal_loss(logits, torch.tensor([0, 0]), reduction="none")
    tensor([0.0027, 0.2409])

    Args:
      input: logits of shape (N, C), (N, C, d1, ...) or (C,); float32, float64, float16 or bfloat16.
      target: class indices of shape (N,), (N, d1, ...) or (), int8 to int64 or uint8; or class
        probabilities in the shape of `input`, floating point.
      weight: factors of the classes, of shape (C,).
      ignore_index: class index of rows that are left out; it need not be one of the classes.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
      label_smoothing: how much of the target is spread over all classes, in [0, 1].
      alpha: factor of every loss, >= 0; `weight` balances the classes.
      gamma: how strongly easy examples fade, >= 0.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight):
        return overridden(softmax_focal_loss, locals())
    return over_classes(
        _FOCAL,
        (alpha, gamma, label_smoothing),
        match_classes(input, target, ignore_index),
        target,
        reduction,
        weight=weight,
        ignore_index=ignore_index,
        sample_weight=sample_weight,
        denominator=denominator,
    )
