"""What the pictures show: which loss over which range, with which options."""

import math
from typing import Any

from pictures import Curve, Picture, Place
from places import angle, between, label, number, one_hot, probability

ERROR = "y_pred - y_true"
PREDICTION = "y_pred"
LOGARITHM = "y_pred, the logarithm of the mean"
SCORE = "y_pred, a score"
LABELLED_LOGIT = "logit of the labelled one of three classes"
LABELLED_SCORE = "score of the labelled one of three classes"
ANGLE = "angle between the two, radians"
FOCUS = (0.0, 0.5, 2.0, 5.0)


def by_option(loss: str, place: Place, name: str, *values: float, **options: Any) -> list[Curve]:
    """A curve for every value of an option."""
    return [Curve(f"{name} = {value:g}", loss, place, options | {name: value}) for value in values]


def by_target(loss: str, *targets: float, **options: Any) -> list[Curve]:
    """A curve for every target."""
    return [Curve(f"y_true = {target:g}", loss, number(target), options) for target in targets]


def by_further(loss: str, target: float, name: str, *values: float, **options: Any) -> list[Curve]:
    """A curve for every value of a further prediction."""
    return [Curve(f"{name} = {value:g}", loss, number(target, value), options) for value in values]


# Name of the file -> picture. A loss without one here shows that of PICTURE_OF.
PICTURES: dict[str, Picture] = {
    "numbers": Picture(
        ERROR,
        -3,
        3,
        [
            Curve("mean_squared_error", "mean_squared_error", number(0)),
            Curve("mean_absolute_error", "mean_absolute_error", number(0)),
            Curve("huber, delta = 1", "huber", number(0)),
            Curve("log_cosh", "log_cosh", number(0)),
            Curve("pinball, quantile = 0.9", "pinball", number(0), {"quantile": 0.9}),
        ],
    ),
    "mean_squared_error": Picture(ERROR, -3, 3, by_target("mean_squared_error", 0)),
    "mean_absolute_error": Picture(ERROR, -3, 3, by_target("mean_absolute_error", 0)),
    "huber": Picture(ERROR, -3, 3, by_option("huber", number(0), "delta", 0.5, 1, 2)),
    "smooth_l1": Picture(ERROR, -3, 3, by_option("smooth_l1", number(0), "beta", 0, 1, 2)),
    "log_cosh": Picture(ERROR, -3, 3, by_target("log_cosh", 0)),
    "mean_absolute_percentage_error": Picture(
        PREDICTION, 0, 6, by_target("mean_absolute_percentage_error", 1, 2, 4)
    ),
    "mean_squared_logarithmic_error": Picture(
        PREDICTION, 0, 12, by_target("mean_squared_logarithmic_error", 1, 3, 9)
    ),
    "pinball": Picture(ERROR, -3, 3, by_option("pinball", number(0), "quantile", 0.1, 0.5, 0.9)),
    "gaussian_nll": Picture(ERROR, -3, 3, by_further("gaussian_nll", 0, "variance", 0.25, 1, 4)),
    "poisson": Picture(LOGARITHM, -2, 3, by_target("poisson", 0, 1, 5, log_input=True)),
    "negative_binomial": Picture(
        LOGARITHM,
        -2,
        5,
        by_further("negative_binomial", 5, "dispersion", 0.1, 1, 5, log_input=True),
        "y_true = 5",
    ),
    "zero_inflated_poisson": Picture(
        LOGARITHM,
        -3,
        3,
        by_further("zero_inflated_poisson", 0, "zero_logit", -4, 0, 2, log_input=True),
        "y_true = 0",
    ),
    "gamma": Picture(LOGARITHM, -2, 3, by_target("gamma", 0.5, 1, 3, log_input=True)),
    "tweedie": Picture(
        LOGARITHM,
        -2,
        3,
        by_option("tweedie", number(2), "power", 1, 1.5, 2, log_input=True),
        "y_true = 2",
    ),
    "binary_crossentropy": Picture(
        "y_pred, a logit", -5, 5, by_target("binary_crossentropy", 0, 0.5, 1, from_logits=True)
    ),
    "binary_focal_crossentropy": Picture(
        "y_pred, a logit",
        -5,
        5,
        by_option("binary_focal_crossentropy", number(1), "gamma", *FOCUS, from_logits=True),
        "y_true = 1",
    ),
    "hinge": Picture(SCORE, -3, 3, by_target("hinge", -1, 1)),
    "squared_hinge": Picture(SCORE, -3, 3, by_target("squared_hinge", -1, 1)),
    "soft_margin": Picture(SCORE, -3, 3, by_target("soft_margin", -1, 1)),
    "categorical_crossentropy": Picture(
        LABELLED_LOGIT,
        -6,
        10,
        by_option(
            "categorical_crossentropy", one_hot(), "label_smoothing", 0, 0.1, 0.3, from_logits=True
        ),
    ),
    "categorical_focal_crossentropy": Picture(
        LABELLED_LOGIT,
        -6,
        6,
        by_option(
            "categorical_focal_crossentropy", one_hot(), "gamma", *FOCUS, alpha=1, from_logits=True
        ),
    ),
    "categorical_generalized_cross_entropy": Picture(
        LABELLED_LOGIT,
        -6,
        6,
        by_option(
            "categorical_generalized_cross_entropy", label(), "q", 0.1, 0.5, 1, from_logits=True
        ),
    ),
    "categorical_hinge": Picture(
        LABELLED_SCORE, -3, 3, [Curve("", "categorical_hinge", one_hot())]
    ),
    "multilabel_margin": Picture(
        LABELLED_SCORE, -3, 3, [Curve("", "multilabel_margin", one_hot())]
    ),
    "nll": Picture("y_pred of the labelled class, a logarithm", -4, 0, [Curve("", "nll", label())]),
    "multi_margin": Picture(LABELLED_SCORE, -3, 3, by_option("multi_margin", label(), "p", 1, 2)),
    "kl_divergence": Picture(
        "y_pred of the first of two classes",
        0.05,
        0.95,
        [
            Curve(f"y_true = {first:g}, {1 - first:g}", "kl_divergence", probability(first))
            for first in (0.1, 0.5, 0.8)
        ],
    ),
    "cosine_similarity": Picture(ANGLE, 0, math.pi, [Curve("", "cosine_similarity", angle())]),
    "cosine_embedding": Picture(
        ANGLE,
        0,
        math.pi,
        [
            Curve("y_true = 1", "cosine_embedding", angle(1)),
            Curve("y_true = -1, margin = 0", "cosine_embedding", angle(-1)),
            Curve("y_true = -1, margin = 0.5", "cosine_embedding", angle(-1), {"margin": 0.5}),
        ],
    ),
    "hinge_embedding": Picture("y_pred, distance", 0, 3, by_target("hinge_embedding", 1, -1)),
    "triplet_margin": Picture(
        "anchor; positive at 0, negative at 2",
        -1,
        3,
        by_option("triplet_margin", between(), "margin", 0.5, 1, 2),
    ),
    "margin_ranking": Picture(
        "y_pred - other",
        -3,
        3,
        by_option("margin_ranking", number(1, 0), "margin", 0, 1, 2),
        "y_true = 1",
    ),
}
PICTURE_OF = {
    "sparse_categorical_crossentropy": "categorical_crossentropy",
    "sparse_categorical_focal_crossentropy": "categorical_focal_crossentropy",
}
