"""Losses as modules, with the names and arguments of `torch.nn`.

Each is a subclass of the module of torch whose place it takes, with the same state, and computes
the function of `fusedloss.torch.functional` that its docstring names. What varies from batch to
batch is given to the call: `criterion(input, target, sample_weight=..., denominator=...)`.
"""

from fusedloss.torch._classification_modules import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    SigmoidFocalLoss,
    SoftmaxFocalLoss,
)
from fusedloss.torch._regression_modules import HuberLoss, L1Loss, MSELoss, PoissonNLLLoss

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
]
