"""Negative log-likelihoods and a divergence, element by element."""

from collections.abc import Callable
from typing import Any

import numpy as np

from references.formula import (
    Array,
    Parameters,
    Reference,
    exp,
    log,
    log_gamma,
    sigmoid,
    softplus,
    times,
    two_pi,
)


def of_logarithm(formula: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a mean m as one of its logarithm."""

    def loss(y: Array, x: Array, *rest: Array | Parameters) -> Any:
        return formula(y, exp(x), *rest)

    return loss


def stirling(y: Array) -> Array:
    """ln y! as torch.nn.functional.poisson_nll_loss approximates it: only for y > 1."""
    many = np.where(y > 1, y, 1)
    return np.where(y > 1, many * log(many) - many + log(two_pi(y) * many) / 2, 0)


def poisson(y: Array, p: Array, a: Parameters) -> Array:
    return p - y * log(p + a.epsilon) + a.full * stirling(y)


def poisson_log_input(y: Array, x: Array, a: Parameters) -> Array:
    return exp(x) - y * x + a.full * stirling(y)


def mean_of(p: Array, a: Parameters) -> Array:
    """The mean that is predicted; there is no epsilon where its logarithm is."""
    return p + a.values.get("epsilon", 0)


def gamma(y: Array, p: Array, a: Parameters) -> Array:
    m = mean_of(p, a)
    return y / m + log(m)


def tweedie(y: Array, p: Array, a: Parameters) -> Array:
    m, power = mean_of(p, a), a.power
    if power == 1:
        return m - y * log(m)
    if power == 2:
        return y / m + log(m)
    return m ** (2 - power) / (2 - power) - y * m ** (1 - power) / (1 - power)


def gaussian_nll(y: Array, p: Array, variance: Array, a: Parameters) -> Array:
    v = np.maximum(variance, a.low)
    return (log(v) + (p - y) ** 2 / v + a.full * log(two_pi(y))) / 2


def negative_binomial(y: Array, p: Array, dispersion: Array, a: Parameters) -> Array:
    m, r = mean_of(p, a), 1 / dispersion
    binomial = log_gamma(y + r) - log_gamma(r)
    constant = log_gamma(y + 1) if a.full else 0
    return constant - binomial - r * log(r / (r + m)) - y * log(m / (r + m))


def terms_of_negative_binomial(y: Array, p: Array, a: Array, options: Parameters) -> list[Array]:
    """As the dispersion a goes to 0, both value and slope are small differences of large terms."""
    m, r = mean_of(p, options), 1 / a
    spread = log(1 + a * m)
    gammas = [log_gamma(y + r), log_gamma(r), *[log_gamma(y + 1)] * int(options.full)]
    value = (y + r) * spread + y * abs(log(a * m)) + sum(map(abs, gammas))
    return [value, 0 * m, r * r * spread]


def zero_inflated_poisson(y: Array, p: Array, zero_logit: Array, a: Parameters) -> Array:
    """Zero with probability sigmoid(z), and otherwise a count, which may be 0 as well."""
    m = mean_of(p, a)
    of_counts = m - y * log(m) + (log_gamma(y + 1) if a.full else 0)
    some = of_counts + softplus(zero_logit)
    none = -log(sigmoid(zero_logit) + sigmoid(-zero_logit) * exp(-m))
    return np.where(y == 0, none, some)


def terms_of_zero_inflated_poisson(
    y: Array, p: Array, zero_logit: Array, a: Parameters
) -> list[Array]:
    """ln y! of small counts is that of larger ones, less the logarithm of the factors between."""
    m = mean_of(p, a)
    value = m + y * abs(log(m)) + softplus(zero_logit) + (log_gamma(y + 9) if a.full else 0)
    return [np.where(y == 0, 0, value), 0 * m, 0 * m]


def kl_divergence_from_log_probs(t: Array, x: Array, a: Parameters) -> Array:
    return exp(t) * (t - x) if a.log_target else times(t, log(t) - x)


_EPSILON = ({}, {"epsilon": 0.25}, {"epsilon": 0})
_FULL = ({}, {"full": 1})
_POWERS = tuple({"power": power} for power in (1.0, 1.25, 2.0, 2.5, 3.0))
_COUNTS = ({}, {"epsilon": 0.25, "full": 1}, {"epsilon": 0})

REFERENCES = {
    "poisson": Reference(
        poisson, "count", "rate", ({}, {"full": 1}, {"epsilon": 0}, {"epsilon": 0.25, "full": 1})
    ),
    "poisson_log_input": Reference(poisson_log_input, "count", "log_rate", _FULL),
    "gamma": Reference(gamma, "rate", "rate", _EPSILON),
    "gamma_log_input": Reference(of_logarithm(gamma), "rate", "log_rate"),
    "tweedie": Reference(tweedie, "rate", "rate", (*_EPSILON, *_POWERS)),
    "tweedie_log_input": Reference(of_logarithm(tweedie), "rate", "log_rate", ({}, *_POWERS)),
    "gaussian_nll": Reference(gaussian_nll, "real", "real", ({}, {"full": 1}), ("rate",)),
    "negative_binomial": Reference(
        negative_binomial, "count", "rate", _COUNTS, ("dispersion",), terms_of_negative_binomial
    ),
    "negative_binomial_log_input": Reference(
        of_logarithm(negative_binomial),
        "count",
        "log_rate",
        _FULL,
        ("dispersion",),
        of_logarithm(terms_of_negative_binomial),
    ),
    "zero_inflated_poisson": Reference(
        zero_inflated_poisson,
        "rare_count",
        "rate",
        _COUNTS,
        ("logit",),
        terms_of_zero_inflated_poisson,
    ),
    "zero_inflated_poisson_log_input": Reference(
        of_logarithm(zero_inflated_poisson),
        "rare_count",
        "log_rate",
        _FULL,
        ("logit",),
        of_logarithm(terms_of_zero_inflated_poisson),
    ),
    "kl_divergence_from_log_probs": Reference(
        kl_divergence_from_log_probs, "label", "log_probability", ({}, {"log_target": 1})
    ),
}
