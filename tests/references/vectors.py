"""Losses of directions and distances; a vector lies along the last axis."""

import numpy as np

from references.formula import Array, Parameters, Reference, root


def norm(x: Array) -> Array:
    return root(np.sum(x * x, axis=-1, keepdims=True))


def cosine_similarity(y: Array, p: Array, a: Parameters) -> Array:
    y, p = (x / np.maximum(norm(x), a.low) for x in (y, p))
    return -np.sum(y * p, axis=-1)


def terms_of_cosine(first: Array, second: Array) -> list[Array]:
    """Each gradient is the difference of two unit vectors, over the length."""
    units = sum(abs(x) / (norm(x) + 1e-12) for x in (first, second))
    return [1 + 0 * first[..., 0], *(units / np.maximum(norm(x), 1e-12) for x in (second, first))]


def terms_of_cosine_similarity(y: Array, p: Array, _: Parameters) -> list[Array]:
    return terms_of_cosine(y, p)[:2]


def terms_of_cosine_embedding(_y: Array, p: Array, other: Array, _: Parameters) -> list[Array]:
    return terms_of_cosine(other, p)


def cosine_embedding(y: Array, p: Array, other: Array, a: Parameters) -> Array:
    squares = (np.sum(x * x, axis=-1) + 1e-12 for x in (p, other))
    cosine = np.sum(p * other, axis=-1) / root(np.prod([*squares], axis=0))
    return np.where(y == 1, 1 - cosine, np.where(y == -1, np.maximum(cosine - a.margin, 0), 0))


def distance(first: Array, second: Array, a: Parameters) -> Array:
    total = np.sum(abs(first - second + a.epsilon) ** a.p, axis=-1)
    return root(total) if a.p == 2 else total ** (1 / a.p)


def triplet_margin(
    _: Array, anchor: Array, positive: Array, negative: Array, a: Parameters
) -> Array:
    far = distance(anchor, negative, a)
    if a.swap:
        far = np.minimum(far, distance(positive, negative, a))
    return np.maximum(distance(anchor, positive, a) - far + a.margin, 0)


def terms_of_triplet_margin(
    _: Array, anchor: Array, positive: Array, negative: Array, a: Parameters
) -> list[Array]:
    pairs = [(anchor, positive), (anchor, negative), (positive, negative)]
    distances = [distance(*pair, a)[..., None] for pair in pairs]
    slopes = [
        (abs(first - second + a.epsilon) / (d + 1e-12)) ** (a.p - 1)
        for (first, second), d in zip(pairs, distances, strict=True)
    ]
    return [sum(distances)[..., 0], *[sum(slopes)] * 3]


REFERENCES = {
    "cosine_similarity": Reference(
        cosine_similarity,
        "real",
        "real",
        ({}, {"epsilon": 8.0}),
        terms=terms_of_cosine_similarity,
    ),
    "cosine_embedding": Reference(
        cosine_embedding,
        "sign",
        "real",
        ({}, {"margin": 0.25}, {"margin": -0.5}),
        ("real",),
        terms_of_cosine_embedding,
    ),
    "triplet_margin": Reference(
        triplet_margin,
        "none",
        "real",
        ({}, {"margin": 4.0, "swap": 1}, {"p": 1.0}, {"p": 3.0, "epsilon": 0.25}),
        ("real", "real"),
        terms_of_triplet_margin,
    ),
}
