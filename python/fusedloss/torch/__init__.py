"""Losses for PyTorch: value and gradient in one pass, under the names and arguments of torch.

    import fusedloss.torch as flt

    criterion = flt.CrossEntropyLoss(label_smoothing=0.1)  # for torch.nn.CrossEntropyLoss
    loss = flt.functional.huber_loss(input, target)        # for torch.nn.functional.huber_loss

Values and gradients are those of torch. What torch lacks is keyword-only: `sample_weight` and
`denominator`, on every loss. The kernels run on the CPU, on torch's own threads. Elsewhere, and
wherever torch wants more of a loss than its value and first derivative (`torch.compile`,
`torch.func`, forward mode, double backward, derivatives of targets and weights), the same loss is
computed in plain torch.
"""

from fusedloss.torch import functional
from fusedloss.torch.modules import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    PoissonNLLLoss,
    SigmoidFocalLoss,
    SoftmaxFocalLoss,
)

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "L1Loss",
    "MSELoss",
    "PoissonNLLLoss",
    "SigmoidFocalLoss",
    "SoftmaxFocalLoss",
    "functional",
]
