"""Losses of rows of classes, which lie along the last axis; the targets are dense."""

import numpy as np

from references.binary import FOCAL, SMOOTH, clip
from references.formula import CLIPPED, Array, Parameters, Reference, exp, log, tanh, times


def smooth_classes(y: Array, a: Parameters) -> Array:
    return y * (1 - a.label_smoothing) + a.label_smoothing / y.shape[-1]


def log_sum_exp(x: Array) -> Array:
    top = np.max(x, axis=-1, keepdims=True)
    return top + log(np.sum(exp(x - top), axis=-1, keepdims=True))


def softmax(x: Array) -> Array:
    e = exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def log_softmax(x: Array) -> Array:
    x = x - np.max(x, axis=-1, keepdims=True)  # first, or long doubles lose what is small
    return x - log_sum_exp(x)


def normalise(p: Array) -> Array:
    return p / np.sum(p, axis=-1, keepdims=True)


def categorical_crossentropy(y: Array, p: Array, a: Parameters) -> Array:
    costs = -a.weight * times(smooth_classes(y, a), log(clip(normalise(p), a)))
    return np.sum(costs, axis=-1)


def categorical_crossentropy_from_logits(y: Array, x: Array, a: Parameters) -> Array:
    return np.sum(-a.weight * times(smooth_classes(y, a), log_softmax(x)), axis=-1)


def scale_logits(x: Array, a: Parameters) -> Array:
    capped = a.softcap * tanh(x / a.softcap) if a.softcap else x
    return capped / a.temperature


def categorical_crossentropy_from_scaled_logits(y: Array, x: Array, a: Parameters) -> Array:
    u = scale_logits(x, a)
    z = log_sum_exp(u)[..., 0]
    return categorical_crossentropy_from_logits(y, u, a) + a.z_loss * z * z


def categorical_crossentropy_from_log_probs(y: Array, x: Array, a: Parameters) -> Array:
    return np.sum(-a.weight * times(y, x), axis=-1)


def focal_sum(y: Array, p: Array, log_p: Array, a: Parameters) -> Array:
    """Each class counts alpha (1 - p)^gamma as much; its own target may be smoothed, or all may."""
    costs = -log_p
    if a.smoothed_focus:
        y = smooth_classes(y, a)
    else:
        share = a.label_smoothing
        costs = (1 - share) * costs + share * np.mean(costs, axis=-1, keepdims=True)
    return np.sum(a.weight * times(y, a.alpha * (1 - p) ** a.gamma * costs), axis=-1)


def categorical_focal_crossentropy(y: Array, p: Array, a: Parameters) -> Array:
    p = clip(normalise(p), a)
    return focal_sum(y, p, log(p), a)


def categorical_focal_crossentropy_from_logits(y: Array, x: Array, a: Parameters) -> Array:
    return focal_sum(y, softmax(x), log_softmax(x), a)


def categorical_generalized_crossentropy(y: Array, p: Array, a: Parameters) -> Array:
    return np.sum(times(a.weight * y, (1 - p**a.q) / a.q), axis=-1)


def categorical_generalized_crossentropy_from_logits(y: Array, x: Array, a: Parameters) -> Array:
    return categorical_generalized_crossentropy(y, softmax(x), a)


def kl_divergence(y: Array, p: Array, a: Parameters) -> Array:
    y, p = (np.minimum(np.maximum(x, a.low), 1) for x in (y, p))
    return np.sum(y * log(y / p), axis=-1)


_SCALED = (
    *SMOOTH,
    {"temperature": 0.5},
    {"softcap": 5.0},
    {"z_loss": 0.125},
    {"label_smoothing": 0.125, "temperature": 2.0, "softcap": 20.0, "z_loss": 0.25},
)
_POWERS = ({}, {"q": 1.0}, {"q": 0.75})

REFERENCES = {
    "categorical_crossentropy": Reference(
        categorical_crossentropy, "classes", "distribution", (*SMOOTH, CLIPPED)
    ),
    "categorical_crossentropy_from_logits": Reference(
        categorical_crossentropy_from_logits, "classes", "logit", SMOOTH
    ),
    "categorical_crossentropy_from_scaled_logits": Reference(
        categorical_crossentropy_from_scaled_logits, "classes", "logit", _SCALED
    ),
    "categorical_crossentropy_from_log_probs": Reference(
        categorical_crossentropy_from_log_probs, "classes", "log_probability"
    ),
    "categorical_focal_crossentropy": Reference(
        categorical_focal_crossentropy, "classes", "distribution", (*FOCAL, CLIPPED)
    ),
    "categorical_focal_crossentropy_from_logits": Reference(
        categorical_focal_crossentropy_from_logits, "classes", "logit", FOCAL
    ),
    "categorical_generalized_crossentropy": Reference(
        categorical_generalized_crossentropy, "classes", "distribution", _POWERS
    ),
    "categorical_generalized_crossentropy_from_logits": Reference(
        categorical_generalized_crossentropy_from_logits, "classes", "logit", _POWERS
    ),
    "kl_divergence": Reference(kl_divergence, "classes", "distribution", ({}, CLIPPED)),
}
