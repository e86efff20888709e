"""Divergence of distributions; `fusedloss.torch.functional` offers it."""

from torch import Tensor
from torch.overrides import has_torch_function_variadic

from fusedloss._registry import BY_NAME
from fusedloss.torch._arguments import broadcast, caution, legacy_reduction, overridden
from fusedloss.torch._calls import elementwise
from fusedloss.torch._documentation import documented

_DIVERGENCE = BY_NAME["kl_divergence_from_log_probs"].id


@documented
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
    *,
    sample_weight: Tensor | None = None,
    mask: Tensor | None = None,
    denominator: float | Tensor | None = None,
    inplace: bool = False,
) -> Tensor:
    """Kullback-Leibler divergence of the predicted distribution from the target, by elements.

        loss = target (ln target - input)
        loss = exp(target) (target - input)   log_target=True
        gradient = -target

    What has probability 0 costs nothing, whatever was predicted for it. Equal to
    `torch.nn.functional.kl_div`. The divergence of its definition is the sum over classes, which
    "batchmean" averages over the batch; "mean" divides by the number of classes, too, with a
    warning.

    >>> import torch, fusedloss.torch.functional as FL
    >>> log_prob = torch.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
    >>> FL.kl_div(log_prob, torch.tensor([[1.0, 0.0], [0.25, 0.75]]), reduction="batchmean")
    tensor(0.3466)

    Args:
      input: log-probabilities of any shape; float32, float64, float16 or bfloat16.
      target: probabilities of any real dtype; its shape broadcasts with that of `input`.
      size_average: deprecated, as in torch.
      reduce: deprecated, as in torch.
      reduction: "mean" (default), "batchmean" for the sum over the size of the first axis, "sum",
        or "none" for one loss per element.
      log_target: whether `target` holds logarithms.
    """
    if has_torch_function_variadic(input, target, sample_weight, mask):
        return overridden(kl_div, locals())
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    elif reduction == "mean":
        caution(
            "reduction: 'mean' divides the total loss by the size of the batch and by the number "
            "of classes; 'batchmean' divides by the first alone, as the divergence is defined",
            stacklevel=3,
        )
    x, y, _ = broadcast(input, target, warn=False)
    samples = 0
    if reduction == "batchmean":
        reduction = "mean" if input.ndim > 0 else "sum"
        if denominator is None and input.ndim > 0 and len(input) > 0:
            if sample_weight is None and mask is None:
                denominator = len(input)
            else:  # the mean of what is there, times the number of losses that a sample has
                samples = len(input)
    loss = elementwise(
        _DIVERGENCE,
        (float(bool(log_target)),),
        x,
        y,
        reduction,
        sample_weight=sample_weight,
        mask=mask,
        denominator=denominator,
        over=input if inplace else None,
    )
    return loss * (x.numel() / samples) if samples else loss
