"""What only the sweep measures: the rest of fusedloss.torch.functional."""

import torch.nn.functional as F

import draws
import fusedloss.torch.functional as FL
import torch_formulas
from losses import Loss

MORE_ELEMENTWISE = (
    Loss("MAPE", draws.positive_numbers, FL.mape_loss, torch_formulas.mape),
    Loss("MSLE", draws.positive_numbers, FL.msle_loss, torch_formulas.msle),
    Loss("Gaussian", draws.numbers_and_variances, FL.gaussian_nll_loss, F.gaussian_nll_loss),
    Loss(
        "zero-inflated Poisson",
        draws.counts_with_zeros,
        FL.zero_inflated_poisson_nll_loss,
        torch_formulas.zero_inflated_poisson_log_input,
    ),
    Loss(
        "squared hinge",
        draws.scores_and_signs,
        FL.squared_hinge_loss,
        torch_formulas.squared_hinge,
    ),
    Loss("soft margin", draws.scores_and_signs, FL.soft_margin_loss, F.soft_margin_loss),
    Loss(
        "hinge embedding",
        draws.scores_and_signs,
        FL.hinge_embedding_loss,
        F.hinge_embedding_loss,
    ),
    Loss("margin ranking", draws.pairs_of_scores, FL.margin_ranking_loss, F.margin_ranking_loss),
)
MORE_ROWS = (
    Loss("NLL", draws.log_probabilities_and_labels, FL.nll_loss, F.nll_loss),
    Loss(
        "softmax focal",
        draws.logits_and_labels,
        FL.softmax_focal_loss,
        torch_formulas.softmax_focal_loss,
    ),
    Loss(
        "generalized cross-entropy",
        draws.logits_and_labels,
        FL.generalized_cross_entropy,
        torch_formulas.generalized_cross_entropy,
    ),
    Loss(
        "categorical hinge",
        draws.logits_with_a_winner,
        FL.categorical_hinge_loss,
        torch_formulas.categorical_hinge,
    ),
    Loss("multi margin", draws.logits_and_labels, FL.multi_margin_loss, F.multi_margin_loss),
    Loss(
        "multilabel margin",
        draws.logits_and_sets_of_labels,
        FL.multilabel_margin_loss,
        F.multilabel_margin_loss,
    ),
    Loss(
        "multilabel soft margin",
        draws.logits_and_bits,
        FL.multilabel_soft_margin_loss,
        F.multilabel_soft_margin_loss,
    ),
    Loss(
        "cosine embedding",
        draws.pairs_of_vectors,
        FL.cosine_embedding_loss,
        F.cosine_embedding_loss,
    ),
    Loss("triplet", draws.triplets_of_vectors, FL.triplet_margin_loss, F.triplet_margin_loss),
    Loss(
        "triplet with distance",
        draws.triplets_of_vectors,
        FL.triplet_margin_with_distance_loss,
        F.triplet_margin_with_distance_loss,
    ),
)
