"""What a cross-entropy finds out about each row, in plain torch."""

import torch
from torch import Tensor

from fusedloss._formulas.categorical import scaled_logits
from fusedloss._statistics import Statistics, complete
from fusedloss.torch import _namespace
from fusedloss.torch._arguments import spread, spread_mask
from fusedloss.torch._calls import class_axis
from fusedloss.torch._plain import widen


def of_formula(
    input: Tensor,
    target: Tensor,
    temperature: float,
    softcap: float,
    ignore_index: int,
    sample_weight: Tensor | None,
    mask: Tensor | None,
) -> Statistics:
    """What the kernel would find out, from the arguments of the public function."""
    axis = class_axis(input)
    logits = scaled_logits(_namespace, widen(input.detach()), temperature, softcap)
    log_prob = logits.log_softmax(axis)
    prob = log_prob.exp()
    log_sum_exp = logits.logsumexp(axis)
    counts = torch.ones_like(log_sum_exp, dtype=torch.bool)
    if mask is not None:
        counts = counts & spread_mask(mask, counts.shape, counts.device)
    if sample_weight is not None:
        weight = spread("sample_weight", sample_weight, counts.shape, counts.device)
        counts = counts & (weight != 0)
    label_log_prob = None
    argmax = logits.argmax(axis).where(~logits.isnan().any(axis), -1)
    if target.shape != input.shape:
        counts = counts & (target != ignore_index)
        labels = target.where(counts, 0).long()
        own = log_prob.gather(axis, labels.unsqueeze(axis)).squeeze(axis)
        label_log_prob = own.where(counts, 0)
    # 0 ln 0 is 0.
    entropy = -(prob * log_prob.where(prob != 0, 0)).sum(axis)
    found = log_sum_exp.where(counts, 0), label_log_prob, entropy.where(counts, 0)
    return complete((*found, argmax.where(counts, -1)), target)
