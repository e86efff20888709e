"""Losses of a margin between classes; `fusedloss.torch.functional` offers them."""

import torch
from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss import _core
from fusedloss._registry import BY_NAME
from fusedloss.torch import _originals
from fusedloss.torch._arguments import (
    expand,
    legacy_reduction,
    match_classes,
    number,
    overridden,
    promote,
    require_tensors,
)
from fusedloss.torch._calls import class_axis, direct, elementwise, over_rows
from fusedloss.torch._coverage import covers
from fusedloss.torch._documentation import documented
from fusedloss.torch._memory import empty
from fusedloss.torch._plain import in_one_dtype

_SOFT = BY_NAME["binary_crossentropy_from_logits"].id
_MULTI = BY_NAME["multi_margin"].id
_HINGE = BY_NAME["categorical_hinge"].id


@documented
def multilabel_soft_margin_loss(
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
    inplace: bool = False,
) -> Tensor:
    """Cross-entropy of two classes for each label, averaged over the labels of a row.

    With p = sigmoid(input) and C labels:

        loss = -1 / C sum_c weight_c (target_c ln p_c + (1 - target_c) ln(1 - p_c))

    Equal to `torch.nn.functional.multilabel_soft_margin_loss`.

    >>> import torch, fusedloss.torch.functional as FL
    >>> logits, labels = torch.tensor([[0.0, 2.0], [0.0, 0.0]]), torch.tensor([[1, 1], [0, 1]])
    >>> FL.multilabel_soft_margin_loss(logits, labels, reduction="none")
    tensor([0.4100, 0.6931])

    Args:
      input: logits of shape (N, C), (..., C) or (C,); float32, float64, float16 or bfloat16.
      target: probabilities of the labels, of a shape that broadcasts to that of `input`; any real
        dtype.
      weight: factors of the labels, of a shape that broadcasts to that of `input`: (C,).
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight, mask):
        return overridden(multilabel_soft_margin_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    require_tensors("input", input, "target", target)
    if input.ndim == 0:
        raise ValueError("input must have a label axis, got a 0-d tensor")
    y = target if target.shape == input.shape else expand("target", target, input)
    x = promote(input, target)
    if weight is not None:
        x = promote(x, weight)
    return elementwise(
        _SOFT,
        (),
        x,
        y,
        reduction,
        lambda: _originals.multilabel_soft_margin_loss(*in_one_dtype(x, y), reduction=reduction),
        row_axis=x.ndim - 1,
        weight=None if weight is None else expand("weight", weight, x),
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


@documented
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Every wrong class should be a margin below the right one.

    With y the label and C classes:

        loss = weight_y / C sum_{c != y} max(0, margin - input_y + input_c)^p

    Equal to `torch.nn.functional.multi_margin_loss`.
    Source: Crammer and Singer 2001, On the Algorithmic Implementation of Multiclass Kernel-based
    Vector Machines, JMLR 2.

    >>> import torch, fusedloss.torch.functional as FL
    >>> scores = torch.tensor([[2.0, 0.0, 1.5], [0.0, 0.0, 0.0]])
    >>> FL.multi_margin_loss(scores, torch.tensor([0, 1]), reduction="none")
    tensor([0.1667, 0.6667])

    Args:
      input: scores of shape (N, C) or (C,); float32, float64, float16 or bfloat16.
      target: class indices of shape (N,) or (), any integer dtype.
      p: 1 or 2.
      margin: how far below, at least.
      weight: factors of the classes, of shape (C,); a mean divides by the number of rows all the
        same.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight, mask):
        return overridden(multi_margin_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    require_tensors("input", input, "target", target)
    power = number("p", p)
    if power not in (1, 2):
        raise ValueError(f"p must be 1 or 2, got {p}")
    ordinary = weight is sample_weight is mask is denominator is None and not inplace
    if ordinary and input.ndim == 2 and target.ndim == 1:
        loss = direct(_MULTI, (power, margin), input, target, reduction, 1)
        if loss is not None:
            return loss
    x, y = _one_or_many_rows(input, target)
    return over_rows(
        _MULTI,
        (power, margin),
        x,
        y,
        reduction,
        axis=x.ndim - 1,
        weight=weight,
        weight_counts=False,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


def _one_or_many_rows(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Scores and labels as rows; torch lets those of a single one have an axis or none."""
    one_row = input.ndim < 2 and target.numel() == 1
    if input.ndim > 2 or target.ndim > 1 or (input.ndim < 2 and not one_row):
        raise ValueError(
            "input must have shape (N, C) and target (N,), or (C,) and (), got shapes "
            f"{(*input.shape,)} and {(*target.shape,)}"
        )
    if input.ndim == 2 and len(input) == 1 and target.ndim == 0:
        return input[0], target
    return (input.reshape(*target.shape, -1) if one_row else input), target


@documented
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Every class that is no label of a row should be 1 below each one that is.

    With C classes:

        loss = 1 / C sum_{y in labels} sum_{c not in labels} max(0, 1 - input_y + input_c)

    Equal to `torch.nn.functional.multilabel_margin_loss`.

    >>> import torch, fusedloss.torch.functional as FL
    >>> scores = torch.tensor([[0.1, 0.2, 0.4, 0.8]])
    >>> FL.multilabel_margin_loss(scores, torch.tensor([[3, 0, -1, 1]]))
    tensor(0.8500)

    Args:
      input: scores of shape (N, C) or (C,); float32, float64, float16 or bfloat16.
      target: the labels of each row, in the shape of `input`, int8 to int64 or uint8: class
        indices up to the first -1. What follows it does not matter, but must be an index or -1. A
        label that is there twice counts twice.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(multilabel_margin_loss, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    require_tensors("input", input, "target", target)
    if target.shape != input.shape or input.ndim > 2:
        raise ValueError(
            "input and target must both have shape (N, C) or (C,), got shapes "
            f"{(*input.shape,)} and {(*target.shape,)}"
        )
    if target.is_floating_point() or target.is_complex() or target.dtype is torch.bool:
        raise TypeError(f"target must be an integer tensor, got {target.dtype}")
    x, labels = (input, target) if input.ndim > 0 else (input.reshape(1), target.reshape(1))
    counts = _count_labels(labels, x)
    axis = x.ndim - 1
    if sample_weight is mask is denominator is None and not inplace:
        loss = direct(_MULTI, (), x, counts, reduction, axis)
        if loss is not None:
            return loss
    return over_rows(
        _MULTI,
        (),
        x,
        counts,
        reduction,
        axis=axis,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )


def _count_labels(labels: Tensor, input: Tensor) -> Tensor:
    """How often each class is listed in its row before the first -1."""
    if input.is_cpu and covers(False, labels, None):  # where its values can be looked at
        counts = empty(labels.shape, torch.float32)
        _core.count_labels(labels, counts)
        return counts
    listed = (labels < 0).cumsum(-1) == 0
    counts = torch.zeros(labels.shape, device=input.device)
    return counts.scatter_add(-1, labels.clamp_min(0).long(), listed.to(counts.dtype))


@documented
def categorical_hinge_loss(
    input: Tensor,
    target: Tensor,
    ignore_index: int = -100,
    reduction: str = "mean",
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """The best wrong class should be 1 below the right one.

    With y the label, or target probabilities t:

        loss = max(0, 1 + max_{c != y} input_c - input_y)
        loss = max(0, 1 + max_c (1 - t_c) input_c - sum_c t_c input_c)

    The maximum over wrong classes is not below 0, that of the right one multiplied by 0, as in
    Keras. Wrong classes that are equally good share the gradient.

    >>> import torch, fusedloss.torch.functional as FL
    >>> scores = torch.tensor([[2.0, 0.0, 1.5], [0.0, 0.0, 0.0]])
    >>> FL.categorical_hinge_loss(scores, torch.tensor([0, 1]), reduction="none")
    tensor([0.5000, 1.0000])

    Args:
      input: scores of shape (N, C), (N, C, d1, ...) or (C,); float32, float64, float16 or bfloat16.
      target: class indices of shape (N,), (N, d1, ...) or (), any integer dtype; or class
        probabilities in the shape of `input`, floating point.
      ignore_index: class index of rows that are left out; it need not be one of the classes.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(categorical_hinge_loss, locals())
    x, y, ignored = match_classes(input, target, ignore_index)
    return over_rows(
        _HINGE,
        (),
        x,
        y,
        reduction,
        axis=class_axis(x),
        ignore_label=ignored,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )
