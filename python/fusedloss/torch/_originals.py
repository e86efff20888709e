"""torch's own losses, bound when this is imported: what `patch` puts in their place calls them."""

import torch.nn.functional as F

binary_cross_entropy = F.binary_cross_entropy
binary_cross_entropy_with_logits = F.binary_cross_entropy_with_logits
cosine_embedding_loss = F.cosine_embedding_loss
cross_entropy = F.cross_entropy
gaussian_nll_loss = F.gaussian_nll_loss
hinge_embedding_loss = F.hinge_embedding_loss
huber_loss = F.huber_loss
kl_div = F.kl_div
l1_loss = F.l1_loss
margin_ranking_loss = F.margin_ranking_loss
mse_loss = F.mse_loss
multi_margin_loss = F.multi_margin_loss
multilabel_margin_loss = F.multilabel_margin_loss
multilabel_soft_margin_loss = F.multilabel_soft_margin_loss
nll_loss = F.nll_loss
poisson_nll_loss = F.poisson_nll_loss
smooth_l1_loss = F.smooth_l1_loss
soft_margin_loss = F.soft_margin_loss
triplet_margin_loss = F.triplet_margin_loss
triplet_margin_with_distance_loss = F.triplet_margin_with_distance_loss
