"""Losses with the names, arguments and defaults of `torch.nn.functional`.

    import fusedloss.torch.functional as FL

    loss = FL.cross_entropy(logits, labels)

Values and gradients are torch's, computed in one pass over the input. `sigmoid_focal_loss` is that
of torchvision. What torch has no function for follows the same style: predictions first, reduction
"mean".
"""

from fusedloss.torch._binary import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    sigmoid_focal_loss,
)
from fusedloss.torch._categorical import (
    generalized_cross_entropy,
    nll_loss,
    softmax_focal_loss,
)
from fusedloss.torch._class_margin import (
    categorical_hinge_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
)
from fusedloss.torch._counts import (
    negative_binomial_nll_loss,
    poisson_nll_loss,
    zero_inflated_poisson_nll_loss,
)
from fusedloss.torch._crossentropy import cross_entropy
from fusedloss.torch._direction import (
    cosine_embedding_loss,
    cosine_similarity_loss,
)
from fusedloss.torch._divergence import kl_div
from fusedloss.torch._likelihoods import (
    gamma_nll_loss,
    gaussian_nll_loss,
    tweedie_nll_loss,
)
from fusedloss.torch._margin import (
    hinge_embedding_loss,
    hinge_loss,
    margin_ranking_loss,
    soft_margin_loss,
    squared_hinge_loss,
)
from fusedloss.torch._regression import (
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from fusedloss.torch._robust import (
    log_cosh_loss,
    mape_loss,
    msle_loss,
    pinball_loss,
)
from fusedloss.torch._triplet import (
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "categorical_hinge_loss",
    "cosine_embedding_loss",
    "cosine_similarity_loss",
    "cross_entropy",
    "gamma_nll_loss",
    "gaussian_nll_loss",
    "generalized_cross_entropy",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "log_cosh_loss",
    "mape_loss",
    "margin_ranking_loss",
    "mse_loss",
    "msle_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "negative_binomial_nll_loss",
    "nll_loss",
    "pinball_loss",
    "poisson_nll_loss",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax_focal_loss",
    "squared_hinge_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
    "tweedie_nll_loss",
    "zero_inflated_poisson_nll_loss",
]
