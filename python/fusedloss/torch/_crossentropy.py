"""Cross-entropy of several classes, from logits; `fusedloss.torch.functional` offers it."""

from typing import Literal, overload

import torch
from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss import _crossentropy
from fusedloss._statistics import Statistics, complete
from fusedloss.torch import _originals
from fusedloss.torch._arguments import legacy_reduction, match_classes, overridden
from fusedloss.torch._calls import class_axis, direct, over_rows
from fusedloss.torch._documentation import documented
from fusedloss.torch._plain import loss_dtype, widen
from fusedloss.torch._statistics import of_formula


@overload
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
    temperature: float = 1.0,
    softcap: float = 0.0,
    z_loss: float = 0.0,
    return_statistics: Literal[True],
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> tuple[Tensor, Statistics]: ...


@overload
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
    temperature: float = 1.0,
    softcap: float = 0.0,
    z_loss: float = 0.0,
    return_statistics: Literal[False] = False,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor: ...


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
    temperature: float = 1.0,
    softcap: float = 0.0,
    z_loss: float = 0.0,
    return_statistics: bool = False,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor | tuple[Tensor, Statistics]:
    """Cross-entropy of several classes, given logits.

    With p = softmax(input) along the class axis, and t the target as probabilities, smoothed by s:

        t = (1 - s) target + s / classes
        loss = -sum_c weight_c t_c ln p_c
        gradient = p - t   without weights

    Equal to `torch.nn.functional.cross_entropy`. A mean over class indices divides by the sum of
    the weights of their classes, one over probabilities by the number of rows.

    Logits may be capped and scaled before, and kept small:

        logits = softcap tanh(input / softcap) / temperature
        loss = cross-entropy of the logits + z_loss (ln sum exp(logits))^2

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
    >>> loss, statistics = FL.cross_entropy(logits, labels, return_statistics=True)
    >>> statistics.correct, statistics.entropy
    (tensor([ True, False]), tensor([0.6657, 0.0000]))

    Args:
      input: logits of shape (N, C), (N, C, d1, ...) or (C,); float32, float64, float16 or bfloat16.
      target: class indices of shape (N,), (N, d1, ...) or (), any integer dtype; or class
        probabilities in the shape of `input`, floating point.
      weight: factors of the classes, of shape (C,).
      size_average: deprecated, as in torch.
      ignore_index: class index of rows that are left out; it need not be one of the classes.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "sum", or "none" for one loss per row.
      label_smoothing: how much of the target is spread over all classes, in [0, 1].
      temperature: what logits are divided by, > 0: large ones make the distribution flat.
      softcap: what no logit comes to exceed in size; 0 (default) for no such bound.
      z_loss: factor of the square of ln sum exp(logits), >= 0; 1e-4 keeps logits from drifting.
      return_statistics: whether to return what the same pass finds out about each row, too: loss
        and a `fusedloss.Statistics` of tensors that are not part of the graph.
    """
    if has_torch_function_variadic(input, target, weight, sample_weight, mask):
        return overridden(cross_entropy, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    info, params = _crossentropy.cross_entropy(
        True, label_smoothing, temperature, softcap, z_loss, return_statistics
    )
    ordinary = weight is sample_weight is mask is denominator is None
    if ordinary and not (inplace or return_statistics or ignore_index is None):
        plain = direct(info.id, params, input, target, reduction, 1, ignore_index)
        if plain is not None:
            return plain
    x, y, ignored = match_classes(input, target, ignore_index)
    found: list[Tensor | None] | None = [] if return_statistics else None
    loss = over_rows(
        info.id,
        params,
        x,
        y,
        reduction,
        None
        if info.id != _crossentropy.OF_LOGITS.id
        else lambda: _originals.cross_entropy(
            widen(x),
            y.to(loss_dtype(x) if y.is_floating_point() else torch.int64),
            None if weight is None else weight.to(loss_dtype(x)),
            ignore_index=ignore_index,
            reduction=reduction,
            label_smoothing=label_smoothing,
        ),
        axis=class_axis(x),
        weight=weight,
        ignore_label=ignored,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
        statistics=found,
    )
    if found is None:
        return loss
    if found:
        return loss, complete(found, y)
    return loss, of_formula(x, y, temperature, softcap, ignore_index, sample_weight, mask)
