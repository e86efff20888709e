"""Losses as modules, with the names and arguments of `torch.nn`.

Each is a subclass of the module of torch whose place it takes, if there is one, with the same
state, and computes the function of `fusedloss.torch.functional` that its docstring names. What
varies from batch to batch is given to the call:
`criterion(input, target, sample_weight=..., mask=..., denominator=...)`.
"""

from fusedloss.torch._binary_modules import (
    BCELoss,
    BCEWithLogitsLoss,
    SigmoidFocalLoss,
)
from fusedloss.torch._categorical_modules import (
    CrossEntropyLoss,
    GeneralizedCrossEntropyLoss,
    NLLLoss,
    SoftmaxFocalLoss,
)
from fusedloss.torch._class_margin_modules import (
    CategoricalHingeLoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
)
from fusedloss.torch._count_modules import (
    NegativeBinomialNLLLoss,
    ZeroInflatedPoissonNLLLoss,
)
from fusedloss.torch._likelihood_modules import (
    GammaNLLLoss,
    GaussianNLLLoss,
    KLDivLoss,
    PoissonNLLLoss,
    TweedieNLLLoss,
)
from fusedloss.torch._margin_modules import (
    HingeEmbeddingLoss,
    HingeLoss,
    MarginRankingLoss,
    SoftMarginLoss,
    SquaredHingeLoss,
)
from fusedloss.torch._regression_modules import (
    HuberLoss,
    L1Loss,
    MSELoss,
    SmoothL1Loss,
)
from fusedloss.torch._robust_modules import (
    LogCoshLoss,
    MAPELoss,
    MSLELoss,
    PinballLoss,
)
from fusedloss.torch._vector_modules import (
    CosineEmbeddingLoss,
    CosineSimilarityLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CategoricalHingeLoss",
    "CosineEmbeddingLoss",
    "CosineSimilarityLoss",
    "CrossEntropyLoss",
    "GammaNLLLoss",
    "GaussianNLLLoss",
    "GeneralizedCrossEntropyLoss",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LogCoshLoss",
    "MAPELoss",
    "MSELoss",
    "MSLELoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "NegativeBinomialNLLLoss",
    "PinballLoss",
    "PoissonNLLLoss",
    "SigmoidFocalLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "SoftmaxFocalLoss",
    "SquaredHingeLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "TweedieNLLLoss",
    "ZeroInflatedPoissonNLLLoss",
]
