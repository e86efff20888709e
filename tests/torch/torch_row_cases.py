"""Losses of rows against torch's own: what is called, with what, and what it is equal to."""

import torch
import torch.nn.functional as F
import torch_inputs as given
import torch_references as references
from torch import nn
from torch_case import cases
from torch_inputs import CLASSES, W

import fusedloss.torch.functional as FL

ROWS = [
    *cases(
        FL.cross_entropy,
        F.cross_entropy,
        {
            "ce": (given.labels(6), {}),
            "ce-1-row": (given.labels(1, ignored=2), {}),
            "ce-2d": (given.labels(6, 4), {}),
            "ce-4d": (given.labels(2, 3, 2, 2), {}),
            "ce-unbatched": (given.labels(), {}),
            "ce-ignore": (given.labels(6, ignored=3), {"ignore_index": 3}),
            "ce-weight": (given.labels(6), {"weight": CLASSES}),
            "ce-weight-2d": (given.labels(6, 4), {"weight": CLASSES}),
            "ce-smooth": (given.labels(6), {"label_smoothing": 0.1}),
            "ce-smooth-2d": (given.labels(6, 4), {"label_smoothing": 0.1}),
            "ce-smooth-1": (given.labels(6), {"label_smoothing": 1.0}),
            "ce-smooth-weight": (given.labels(6, 4), {"label_smoothing": 0.1, "weight": CLASSES}),
            "ce-many-classes": (given.labels(7, classes=3000), {}),
            "ce-prob": (given.distributions(6, 5), {}),
            "ce-prob-2d": (given.distributions(6, 5, 4), {}),
            "ce-prob-unbatched": (given.distributions(5), {}),
            "ce-prob-weight": (given.distributions(6, 5), {"weight": CLASSES}),
            "ce-prob-smooth": (given.distributions(6, 5, 4), {"label_smoothing": 0.1}),
            "ce-prob-smooth-weight": (
                given.distributions(6, 5),
                {"label_smoothing": 0.1, "weight": CLASSES},
            ),
        },
    ),
    *cases(
        FL.cross_entropy,
        references.scaled_cross_entropy,
        {
            "ce-temperature": (given.labels(6), {"temperature": 2.5}),
            "ce-softcap": (given.labels(6, 4), {"softcap": 1.5, "weight": CLASSES}),
            "ce-z": (given.labels(6), {"z_loss": 0.1, "label_smoothing": 0.1}),
            "ce-scaled": (
                given.labels(6, classes=100, ignored=2),
                {"z_loss": 0.01, "softcap": 3.0, "temperature": 0.7, "ignore_index": 2},
            ),
            "ce-scaled-prob": (given.distributions(6, 5), {"z_loss": 0.1, "softcap": 3.0}),
        },
    ),
    *cases(
        FL.nll_loss,
        F.nll_loss,
        {
            "nll": (given.log_labels(6), {}),
            "nll-2d": (given.log_labels(6, 4), {}),
            "nll-unbatched": (given.log_labels(), {}),
            "nll-ignore": (given.log_labels(6, ignored=3), {"ignore_index": 3}),
            "nll-weight": (given.log_labels(6, 4), {"weight": CLASSES}),
        },
    ),
    *cases(
        FL.softmax_focal_loss,
        references.softmax_focal_loss,
        {
            "softmax-focal": (given.labels(6), {}),
            "softmax-focal-2d": (given.labels(6, 4), {"gamma": 0.5, "alpha": 1.0}),
            "softmax-focal-weight": (
                given.labels(6, ignored=2),
                {"weight": CLASSES, "ignore_index": 2},
            ),
            "softmax-focal-smooth": (given.labels(6), {"label_smoothing": 0.1, "gamma": 0.0}),
        },
    ),
    *cases(
        FL.generalized_cross_entropy,
        references.generalized_cross_entropy,
        {
            "gce": (given.labels(6), {}),
            "gce-2d": (given.labels(6, 4), {"q": 1.0}),
            "gce-weight": (
                given.labels(6, ignored=2),
                {"weight": CLASSES, "ignore_index": 2, "q": 0.3},
            ),
            "gce-prob": (given.distributions(6, 5), {"weight": CLASSES}),
        },
    ),
    *cases(
        FL.multilabel_soft_margin_loss,
        F.multilabel_soft_margin_loss,
        {
            "multilabel-soft": (given.logits, {}),
            "multilabel-soft-weight": (given.logits, {"weight": CLASSES}),
            "multilabel-soft-weights": (given.logits, {"weight": W}),
            "multilabel-soft-unbatched": (given.logits_of_one, {"weight": CLASSES}),
        },
    ),
    *cases(
        FL.multi_margin_loss,
        F.multi_margin_loss,
        {
            "multi-margin": (given.labels(6, ignored=1), {}),
            "multi-margin-unbatched": (given.labels(), {}),
            "multi-margin-2": (given.labels(6, ignored=1), {"p": 2, "margin": 0.3}),
            "multi-margin-weight": (given.labels(6, ignored=1), {"weight": CLASSES}),
        },
    ),
    *cases(
        FL.multilabel_margin_loss,
        F.multilabel_margin_loss,
        {
            "multilabel": (given.label_lists, {}),
            "multilabel-unbatched": (given.label_list, {}),
        },
    ),
    *cases(
        FL.categorical_hinge_loss,
        references.categorical_hinge_loss,
        {
            "categorical-hinge": (given.labels(6), {}),
            "categorical-hinge-2d": (given.labels(6, 4, ignored=2), {"ignore_index": 2}),
            "categorical-hinge-prob": (given.distributions(6, 5), {}),
        },
    ),
    *cases(
        FL.cosine_similarity_loss,
        references.cosine_similarity_loss,
        {"cosine": (given.numbers, {}), "cosine-0": (given.images, {"dim": 1})},
    ),
    *cases(
        FL.cosine_embedding_loss,
        F.cosine_embedding_loss,
        {
            "cosine-embedding": (given.pairs, {}),
            "cosine-embedding-margin": (given.pairs, {"margin": 0.2}),
            "cosine-embedding-unbatched": (given.one_pair, {"margin": -0.5}),
        },
        (0, 1),
    ),
    *cases(
        FL.triplet_margin_loss,
        F.triplet_margin_loss,
        {
            "triplet": (given.triplets, {}),
            "triplet-swap": (given.triplets, {"swap": True, "margin": 2.0}),
            "triplet-1": (given.triplets, {"p": 1.0, "margin": 3.0}),
            "triplet-3": (given.triplets, {"p": 3.0, "eps": 1e-3}),
            "triplet-largest": (given.triplets, {"p": torch.inf}),
        },
        (0, 1, 2),
    ),
    *cases(
        FL.triplet_margin_with_distance_loss,
        F.triplet_margin_with_distance_loss,
        {
            "distance": (given.triplets, {"margin": 2.0}),
            "distance-module": (given.triplets, {"distance_function": nn.PairwiseDistance(3.0)}),
        },
        (0, 1, 2),
    ),
    *cases(
        FL.triplet_margin_with_distance_loss,
        F.triplet_margin_with_distance_loss,
        {
            "distance-own": (
                given.triplets,
                {"distance_function": given.squared_distance, "swap": True},
            ),
        },
        (0, 1, 2),
        dtypes=(torch.float32, torch.float64),  # its own function rounds to the dtype it is given
    ),
]
