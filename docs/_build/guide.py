"""What is written in no docstring: which data a loss is for, and its names in PyTorch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """A line of the table to choose from."""

    data: str
    losses: tuple[str, ...]
    strength: str
    watch_out: str


LOG_INPUT = "`log_input=True`"
SMOOTHED_FOCUS = (
    "Label smoothing moves the focus, too, as in Keras; not with `smoothed_focus=False`."
)

# Heading -> lines. The losses have their sections in this order.
TASKS: dict[str, tuple[Choice, ...]] = {
    "Numbers": (
        Choice(
            "clean targets",
            ("mean_squared_error",),
            "pulls the harder the larger the error; predicts the mean",
            "one outlier outweighs many good rows",
        ),
        Choice(
            "noisy targets",
            ("mean_absolute_error",),
            "every error pulls alike; predicts the median",
            "the pull does not fade near the target: let the learning rate fall",
        ),
        Choice(
            "outliers",
            ("huber", "smooth_l1", "log_cosh"),
            "no row pulls harder than a bound",
            "`delta` is in units of the target: 1 if scaled, less for more outliers; sweep it",
        ),
        Choice(
            "errors in percent",
            ("mean_absolute_percentage_error",),
            "easy to explain",
            "targets near 0; predicting too little is cheaper than too much",
        ),
        Choice(
            "positive, over decades",
            ("mean_squared_logarithmic_error",),
            "ratios count; too low costs more than too high",
            "no gradient below 0",
        ),
        Choice(
            "intervals",
            ("pinball",),
            "predicts a quantile; two of them are an interval",
            "separately predicted quantiles can cross",
        ),
        Choice(
            "noise that varies",
            ("gaussian_nll",),
            "predicts mean and variance",
            "end the variance in softplus or exp; where it is large, errors hardly pull",
        ),
    ),
    "Counts and amounts": (
        Choice(
            "counts",
            ("poisson",),
            "variance grows with the mean",
            "an output without activation needs `log_input=True`; scale inputs, exp overflows",
        ),
        Choice(
            "counts that vary more",
            ("negative_binomial",),
            "variance above the mean, by a dispersion fixed or predicted",
            "end a predicted dispersion in softplus or exp",
        ),
        Choice(
            "counts with many zeros",
            ("zero_inflated_poisson",),
            "tells zeros of two kinds apart",
            "needs a second output, the logit of a surplus zero",
        ),
        Choice(
            "positive skewed amounts",
            ("gamma",),
            "relative errors count",
            "amounts > 0; means > 0 or `log_input=True`",
        ),
        Choice(
            "amounts, some exactly 0",
            ("tweedie",),
            "claims, rain, sales: zeros and a tail in one",
            "`power` between 1 (Poisson) and 2 (gamma) needs a sweep",
        ),
    ),
    "Two classes, or several labels at once": (
        Choice(
            "yes or no; multi-label",
            ("binary_crossentropy",),
            "calibrated probabilities",
            "`from_logits` must say what the model returns: the commonest mistake",
        ),
        Choice(
            "rare positives: detection, screening, fraud",
            ("binary_focal_crossentropy",),
            "learns from hard cases; gamma 2",
            "probabilities are no longer calibrated; try `pos_weight` or weights first",
        ),
        Choice(
            "labels -1 and 1",
            ("hinge", "squared_hinge", "soft_margin"),
            "the hinges do not pull beyond a margin; `soft_margin` is logistic",
            "scores, no probabilities",
        ),
        Choice(
            "several labels, to be ranked first",
            ("multilabel_margin",),
            "labels above all others, by a margin",
            "scores, no probabilities",
        ),
    ),
    "Classes that exclude each other": (
        Choice(
            "integer labels",
            ("sparse_categorical_crossentropy",),
            "no one-hot array in memory",
            "labels in [0, C); padding by `ignore_class`",
        ),
        Choice(
            "next token, large vocabulary",
            ("sparse_categorical_crossentropy",),
            "`z_loss`, `softcap`, `temperature` and statistics in the same pass",
            "`denominator`: the tokens of all parts of the batch",
        ),
        Choice(
            "integer labels, log-probabilities",
            ("nll",),
            "for models that end in a log-softmax",
            "logits are faster: drop the log-softmax",
        ),
        Choice(
            "one-hot or soft labels",
            ("categorical_crossentropy",),
            "`label_smoothing=0.1` against overconfidence",
            "labels are not normalised",
        ),
        Choice(
            "rare classes",
            ("sparse_categorical_focal_crossentropy", "categorical_focal_crossentropy"),
            "learns from hard cases; gamma 2, `alpha` per class",
            "smaller losses: compare metrics, not losses",
        ),
        Choice(
            "labels that may be wrong",
            ("categorical_generalized_cross_entropy",),
            "gives up on rows it cannot fit",
            "learns slowly for q near 1",
        ),
        Choice(
            "scores, not probabilities, wanted",
            ("categorical_hinge", "multi_margin"),
            "no pull once the right class leads by a margin",
            "`categorical_hinge` looks at the best wrong class, `multi_margin` at all",
        ),
    ),
    "Distributions, directions, rankings": (
        Choice(
            "whole distributions",
            ("kl_divergence",),
            "weighs every class by its probability",
            "both sides must sum to 1; probabilities of 0 are clipped",
        ),
        Choice(
            "directions",
            ("cosine_similarity",),
            "length does not matter",
            "-1 is best; a zero vector has no gradient",
        ),
        Choice(
            "distances of pairs, alike or not",
            ("hinge_embedding",),
            "alike: closer; others: apart by a margin",
            "distances, not embeddings, are what it takes",
        ),
        Choice(
            "embeddings of pairs, alike or not",
            ("cosine_embedding",),
            "directions alone count",
            "margin 0 only asks for a right angle",
        ),
        Choice(
            "anchor, positive, negative",
            ("triplet_margin",),
            "orders distances, their scale is free up to the margin",
            "easy triplets have no gradient: choose hard ones",
        ),
        Choice(
            "which of two is better",
            ("margin_ranking",),
            "learns an order from comparisons",
            "with margin 0 equal scores cost nothing",
        ),
    ),
}

# Loss -> functions of `fusedloss.torch.functional`. Their modules name them; Keras has our names.
TORCH: dict[str, tuple[str, ...]] = {
    "binary_crossentropy": (
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "multilabel_soft_margin_loss",
    ),
    "binary_focal_crossentropy": ("sigmoid_focal_loss",),
    "categorical_crossentropy": ("cross_entropy",),
    "categorical_focal_crossentropy": ("softmax_focal_loss",),
    "categorical_generalized_cross_entropy": ("generalized_cross_entropy",),
    "categorical_hinge": ("categorical_hinge_loss",),
    "cosine_embedding": ("cosine_embedding_loss",),
    "cosine_similarity": ("cosine_similarity_loss",),
    "gamma": ("gamma_nll_loss",),
    "gaussian_nll": ("gaussian_nll_loss",),
    "hinge": ("hinge_loss",),
    "hinge_embedding": ("hinge_embedding_loss",),
    "huber": ("huber_loss",),
    "kl_divergence": ("kl_div",),
    "log_cosh": ("log_cosh_loss",),
    "margin_ranking": ("margin_ranking_loss",),
    "mean_absolute_error": ("l1_loss",),
    "mean_absolute_percentage_error": ("mape_loss",),
    "mean_squared_error": ("mse_loss",),
    "mean_squared_logarithmic_error": ("msle_loss",),
    "multi_margin": ("multi_margin_loss",),
    "multilabel_margin": ("multilabel_margin_loss",),
    "nll": ("nll_loss",),
    "negative_binomial": ("negative_binomial_nll_loss",),
    "pinball": ("pinball_loss",),
    "poisson": ("poisson_nll_loss",),
    "smooth_l1": ("smooth_l1_loss",),
    "soft_margin": ("soft_margin_loss",),
    "sparse_categorical_crossentropy": ("cross_entropy",),
    "sparse_categorical_focal_crossentropy": ("softmax_focal_loss",),
    "squared_hinge": ("squared_hinge_loss",),
    "triplet_margin": ("triplet_margin_loss", "triplet_margin_with_distance_loss"),
    "tweedie": ("tweedie_nll_loss",),
    "zero_inflated_poisson": ("zero_inflated_poisson_nll_loss",),
}

# Loss -> what differs from the section beyond the names.
TORCH_NOTES: dict[str, str] = {
    "binary_crossentropy": (
        "The first takes probabilities and cuts logarithms off at -100 in place of clipping, the "
        "others take logits; the last averages over the labels of a row."
    ),
    "binary_focal_crossentropy": (
        "Takes logits, balances by `alpha=0.25` unless that is negative; its default is "
        '`reduction="none"`.'
    ),
    "categorical_crossentropy": "Takes logits.",
    "categorical_focal_crossentropy": "Takes logits.",
    "categorical_generalized_cross_entropy": "Takes logits.",
    "categorical_hinge": "Takes integer labels, too.",
    "gamma": f"Default: {LOG_INPUT}.",
    "hinge": "Labels must be -1 or 1.",
    "kl_divergence": (
        "Takes logarithms of probabilities, clips nothing, and averages over classes, too, unless "
        '`reduction="batchmean"`.'
    ),
    "multilabel_margin": "Takes lists of labels, ended by -1.",
    "negative_binomial": f"Default: {LOG_INPUT}.",
    "poisson": f"Default: {LOG_INPUT}.",
    "sparse_categorical_crossentropy": "Takes logits.",
    "sparse_categorical_focal_crossentropy": "Takes logits.",
    "squared_hinge": "Labels must be -1 or 1.",
    "triplet_margin": "The last takes a distance function.",
    "tweedie": f"Default: {LOG_INPUT}.",
    "zero_inflated_poisson": f"Default: {LOG_INPUT}.",
}
KERAS_NOTES: dict[str, str] = {
    "binary_focal_crossentropy": SMOOTHED_FOCUS,
    "categorical_focal_crossentropy": SMOOTHED_FOCUS,
    "gaussian_nll": "The last axis of `y_pred` holds the means, then the variances.",
    "negative_binomial": "`dispersion` is a number.",
    "sparse_categorical_focal_crossentropy": SMOOTHED_FOCUS,
    "zero_inflated_poisson": "The last axis of `y_pred` holds the means, then the logits.",
}


def sections() -> dict[str, list[tuple[str, str]]]:
    """Heading -> data and loss, every loss once; the data stand beside the first loss alone."""
    placed: dict[str, list[tuple[str, str]]] = {}
    seen: set[str] = set()
    for heading, choices in TASKS.items():
        placed[heading] = []
        for choice in choices:
            new = [loss for loss in choice.losses if loss not in seen]
            placed[heading] += zip([choice.data, *[""] * len(new)], new, strict=False)
            seen.update(new)
    return placed
