"""Losses of several classes; `fusedloss.torch.functional` offers them."""

from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss._registry import BY_NAME
from fusedloss.torch._arguments import (
    label,
    legacy_reduction,
    match_classes,
    overridden,
    require_tensors,
)
from fusedloss.torch._calls import class_axis, direct, over_rows
from fusedloss.torch._documentation import documented

_LOG_PROBABILITY = BY_NAME["categorical_crossentropy_from_log_probs"].id
_FOCAL = BY_NAME["categorical_focal_crossentropy_from_logits"].id
_GENERALIZED = BY_NAME["categorical_generalized_crossentropy_from_logits"].id


@documented
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Cross-entropy of several classes, given the logarithms of their probabilities.

        loss = -weight_y input_y   of the label y

    Equal to `torch.nn.functional.nll_loss`. From logits `cross_entropy` needs one pass, not two. A
    mean divides by the sum of the weights of the labels.

    >>> import torch, fusedloss.torch.functional as FL
    >>> log_prob = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]).log()
    >>> FL.nll_loss(log_prob, torch.tensor([0, 1]), reduction="none")
    tensor([0.6931, 0.2231])

    Args:
      input: log-probabilities of shape (N, C), (N, C, d1, ...) or (C,); float32, float64, float16
        or bfloat16.
      target: class indices of shape (N,), (N, d1, ...) or (), any integer dtype.
      weight: factors of the classes, of shape (C,).
      size_average: deprecated, as in torch.
      ignore_index: class index of rows that are left out; it need not be one of the classes.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight, mask):
        return overridden(nll_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    require_tensors("input", input, "target", target)
    ordinary = weight is sample_weight is mask is denominator is None and not inplace
    if ordinary and target.ndim < input.ndim and ignore_index is not None:
        loss = direct(_LOG_PROBABILITY, (), input, target, reduction, 1, ignore_index)
        if loss is not None:
            return loss
    x, y = input, target
    if x.ndim == 1 and y.shape == (1,):
        y = y.reshape(())  # torch lets the label of a single row have an axis
    if x.ndim == 0 or y.shape == x.shape:
        rows = (*x.shape[:1], *x.shape[2:]) if x.ndim > 1 else ()
        raise ValueError(
            f"target must hold class indices of shape {rows} for input of shape {(*x.shape,)}, "
            f"got {(*y.shape,)}"
        )
    return over_rows(
        _LOG_PROBABILITY,
        (),
        x,
        y,
        reduction,
        axis=class_axis(x),
        weight=weight,
        ignore_label=label("ignore_index", ignore_index),
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
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
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
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
      target: class indices of shape (N,), (N, d1, ...) or (), any integer dtype; or class
        probabilities in the shape of `input`, floating point.
      weight: factors of the classes, of shape (C,).
      ignore_index: class index of rows that are left out; it need not be one of the classes.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
      label_smoothing: how much of the target is spread over all classes, in [0, 1].
      alpha: factor of every loss, >= 0; `weight` balances the classes.
      gamma: how strongly easy examples fade, >= 0.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight, mask):
        return overridden(softmax_focal_loss, locals())
    x, y, ignored = match_classes(input, target, ignore_index)
    return over_rows(
        _FOCAL,
        (alpha, gamma, label_smoothing),
        x,
        y,
        reduction,
        axis=class_axis(x),
        weight=weight,
        ignore_label=ignored,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def generalized_cross_entropy(
    input: Tensor,
    target: Tensor,
    q: float = 0.5,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Cross-entropy of several classes that mislabelled rows move less, given logits.

    With p = softmax(input) along the class axis, and y the label:

        loss = weight_y (1 - p_y^q) / q

    Cross-entropy as q goes to 0, the probability of an error at q = 1. For class indices a mean
    divides by the sum of the weights of the labels.
    Source: Zhang and Sabuncu 2018, Generalized Cross Entropy Loss for Training Deep Neural Networks
    with Noisy Labels, arXiv:1805.07836.

    >>> import torch, fusedloss.torch.functional as FL
    >>> logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    >>> FL.generalized_cross_entropy(logits, torch.tensor([0, 0]), reduction="none")
    tensor([0.2258, 1.0793])

    Args:
      input: logits of shape (N, C), (N, C, d1, ...) or (C,); float32, float64, float16 or bfloat16.
      target: class indices of shape (N,), (N, d1, ...) or (), any integer dtype; or class
        probabilities in the shape of `input`, floating point.
      q: how little rows count that are far from their label, in (0, 1].
      weight: factors of the classes, of shape (C,).
      ignore_index: class index of rows that are left out; it need not be one of the classes.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight, mask):
        return overridden(generalized_cross_entropy, locals())
    x, y, ignored = match_classes(input, target, ignore_index)
    return over_rows(
        _GENERALIZED,
        (q,),
        x,
        y,
        reduction,
        axis=class_axis(x),
        weight=weight,
        ignore_label=ignored,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )
