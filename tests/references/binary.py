"""Losses of two classes, element by element."""

import numpy as np

from references.formula import CLIPPED, Array, Parameters, Reference, Variants, log, sigmoid, times


def smooth_binary(y: Array, a: Parameters) -> Array:
    return y * (1 - a.label_smoothing) + a.label_smoothing / 2


def clip(p: Array, a: Parameters) -> Array:
    return np.minimum(np.maximum(p, a.low), a.high)


def two_class(t: Array, true: Array, false: Array, weight: Array | float = 1) -> Array:
    """Cross-entropy of a target t, from the probabilities of the two classes."""
    return -weight * times(t, log(true)) - times(1 - t, log(false))


def binary_crossentropy(y: Array, p: Array, a: Parameters) -> Array:
    p = clip(p, a)
    return two_class(smooth_binary(y, a), p, 1 - p)


def binary_crossentropy_clamped(t: Array, p: Array, _: Parameters) -> Array:
    return -t * np.maximum(log(p), -100) - (1 - t) * np.maximum(log(1 - p), -100)


def binary_crossentropy_from_logits(y: Array, x: Array, a: Parameters) -> Array:
    return two_class(smooth_binary(y, a), sigmoid(x), sigmoid(-x), a.weight)


def binary_focus(y: Array, true: Array, false: Array, a: Parameters) -> Array:
    """alpha_t (1 - p_t)^gamma: how much an example counts."""
    y = smooth_binary(y, a) if a.smoothed_focus else y
    alpha = a.alpha * a.weight
    balance = 1 if a.alpha < 0 else y * alpha + (1 - y) * (1 - alpha)
    return balance * (y * false + (1 - y) * true) ** a.gamma


def binary_focal_crossentropy(y: Array, p: Array, a: Parameters) -> Array:
    return binary_focus(y, p, 1 - p, a) * binary_crossentropy(y, p, a)


def binary_focal_crossentropy_from_logits(y: Array, x: Array, a: Parameters) -> Array:
    true, false = sigmoid(x), sigmoid(-x)
    return binary_focus(y, true, false, a) * two_class(smooth_binary(y, a), true, false)


FOCAL: Variants = (
    {},
    {"gamma": 0.0, "alpha": 0.5},
    {"gamma": 0.5, "alpha": 0.75},
    {"gamma": 1.0, "label_smoothing": 0.125},
    {"gamma": 5.0, "alpha": 0.125},
    {"gamma": 2.0, "alpha": 0.25, "label_smoothing": 0.25, "smoothed_focus": 1},
)
"""The last one is the one that is also tested with weights."""
SMOOTH: Variants = ({}, {"label_smoothing": 0.125})

REFERENCES = {
    "binary_crossentropy": Reference(
        binary_crossentropy, "label", "probability", (*SMOOTH, CLIPPED)
    ),
    "binary_crossentropy_clamped": Reference(binary_crossentropy_clamped, "label", "probability"),
    "binary_crossentropy_from_logits": Reference(
        binary_crossentropy_from_logits, "label", "logit", SMOOTH
    ),
    "binary_focal_crossentropy": Reference(
        binary_focal_crossentropy, "label", "probability", (CLIPPED, *FOCAL)
    ),
    "binary_focal_crossentropy_from_logits": Reference(
        binary_focal_crossentropy_from_logits, "label", "logit", FOCAL
    ),
}
