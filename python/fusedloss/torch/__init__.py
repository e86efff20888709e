"""Losses for PyTorch: value and gradient in one pass, under the names and arguments of torch.

    import fusedloss.torch as flt

    criterion = flt.CrossEntropyLoss(label_smoothing=0.1)  # for torch.nn.CrossEntropyLoss
    loss = flt.functional.huber_loss(input, target)        # for torch.nn.functional.huber_loss

Values and gradients are those of torch. What torch lacks is keyword-only: `sample_weight`, `mask`
and `denominator`, on every loss. The kernels run on the CPU, on torch's own threads, and on CUDA
devices if the package was built with them; in graphs of `torch.compile` and `torch.export` a loss
is one operation, `torch.ops.fusedloss.huber` and so on. On other devices, and wherever torch wants
more than a value and its first derivative (`torch.func`, forward mode, double backward, derivatives
of targets and weights), the same loss is computed in plain torch. On the CPU a label that is no
class raises an error; elsewhere nobody looks, and kernels make its row NaN. `patch` lets code that
is not to be changed compute these losses.
"""

from fusedloss.torch import functional
from fusedloss.torch._patch import patch
from fusedloss.torch.modules import (
    BCELoss,
    BCEWithLogitsLoss,
    CategoricalHingeLoss,
    CosineEmbeddingLoss,
    CosineSimilarityLoss,
    CrossEntropyLoss,
    GammaNLLLoss,
    GaussianNLLLoss,
    GeneralizedCrossEntropyLoss,
    HingeEmbeddingLoss,
    HingeLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    LogCoshLoss,
    MAPELoss,
    MarginRankingLoss,
    MSELoss,
    MSLELoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    NegativeBinomialNLLLoss,
    NLLLoss,
    PinballLoss,
    PoissonNLLLoss,
    SigmoidFocalLoss,
    SmoothL1Loss,
    SoftMarginLoss,
    SoftmaxFocalLoss,
    SquaredHingeLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
    TweedieNLLLoss,
    ZeroInflatedPoissonNLLLoss,
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
    "functional",
    "patch",
]
