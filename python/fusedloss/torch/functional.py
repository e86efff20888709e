"""Losses with the names, arguments and defaults of `torch.nn.functional`.

    import fusedloss.torch.functional as FL

    loss = FL.cross_entropy(logits, labels)

Values and gradients are torch's, computed in one pass over the input. `sigmoid_focal_loss` is that
of torchvision; `softmax_focal_loss` takes the arguments of `cross_entropy`.
"""

from fusedloss.torch._binary import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    sigmoid_focal_loss,
)
from fusedloss.torch._categorical import cross_entropy, softmax_focal_loss
from fusedloss.torch._regression import huber_loss, l1_loss, mse_loss, poisson_nll_loss

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "l1_loss",
    "mse_loss",
    "poisson_nll_loss",
    "sigmoid_focal_loss",
    "softmax_focal_loss",
]
