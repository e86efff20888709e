"""What a cross-entropy finds out about each row beside its loss."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Statistics(NamedTuple):
    """Arrays in the shape of the rows, found in the pass that computes the loss.

    They describe the distribution whose cross-entropy is taken: the softmax of the logits after
    softcap and temperature, without class weights and label smoothing. A row that does not count
    (weight 0, outside the mask, label ignored) has 0, argmax -1 and is not correct.
    """

    log_sum_exp: Any
    """ln(sum(exp(logits))) in the dtype of the loss."""
    label_log_prob: Any
    """ln(p[label]) in the dtype of the loss; None without integer labels."""
    entropy: Any
    """-sum(p ln(p)) in the dtype of the loss."""
    argmax: Any
    """The class of the largest logit, the first of equals, as int64; -1 in a row with NaN."""
    correct: Any
    """Whether the largest logit is that of the label, as bool; None without integer labels."""


def complete(found: Sequence[Any], labels: Any) -> Statistics:
    """What the core has found out, in its order, and whether it is right: arrays, or tensors."""
    log_sum_exp, label_log_prob, entropy, argmax = found
    correct = None
    if label_log_prob is not None:
        correct = (argmax == labels) & (argmax >= 0)  # -1, where there is none, may be a label
    return Statistics(log_sum_exp, label_log_prob, entropy, argmax, correct)
