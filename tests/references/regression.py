"""Losses of continuous targets, element by element."""

import numpy as np

from references.formula import Array, Parameters, Reference, exp, log


def mean_squared_error(y: Array, p: Array, _: Parameters) -> Array:
    return (p - y) ** 2


def mean_absolute_error(y: Array, p: Array, _: Parameters) -> Array:
    return abs(p - y)


def mean_absolute_percentage_error(y: Array, p: Array, a: Parameters) -> Array:
    return 100 * abs(y - p) / np.maximum(abs(y), a.low)


def mean_squared_logarithmic_error(y: Array, p: Array, a: Parameters) -> Array:
    return (log(1 + np.maximum(p, a.low)) - log(1 + np.maximum(y, a.low))) ** 2


def huber(y: Array, p: Array, a: Parameters) -> Array:
    r = abs(p - y)
    return np.where(r <= a.delta, r * r / 2, a.delta * (r - a.delta / 2))


def smooth_l1(y: Array, p: Array, a: Parameters) -> Array:
    r = abs(p - y)
    quadratic = r * r / (2 * (a.beta or 1))
    return np.where(r < a.beta, quadratic, r - a.beta / 2)


def log_cosh(y: Array, p: Array, _: Parameters) -> Array:
    return log((exp(p - y) + exp(y - p)) / 2)


def pinball(y: Array, p: Array, a: Parameters) -> Array:
    return np.where(y >= p, a.quantile, a.quantile - 1) * (y - p)


REFERENCES = {
    "mean_squared_error": Reference(mean_squared_error, "real", "real"),
    "mean_absolute_error": Reference(mean_absolute_error, "real", "real"),
    "mean_absolute_percentage_error": Reference(
        mean_absolute_percentage_error, "real", "real", ({}, {"epsilon": 1.5})
    ),
    "mean_squared_logarithmic_error": Reference(
        mean_squared_logarithmic_error, "rate", "rate", ({}, {"epsilon": 0.5})
    ),
    "huber": Reference(huber, "real", "real", ({}, {"delta": 0.25}, {"delta": 4.5})),
    "smooth_l1": Reference(
        smooth_l1, "real", "real", ({}, {"beta": 0.25}, {"beta": 4.5}, {"beta": 0})
    ),
    "log_cosh": Reference(log_cosh, "real", "real"),
    "pinball": Reference(
        pinball, "real", "real", ({}, {"quantile": 0.125}, {"quantile": 0}, {"quantile": 1})
    ),
}
