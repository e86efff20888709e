"""The NumPy functions against the losses of the frameworks: values and gradients.

On random numbers, and on a coarse grid where zeros and ties are frequent.
"""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import fusedloss as fl

os.environ.setdefault("KERAS_BACKEND", "torch")
torch = pytest.importorskip("torch")
keras = pytest.importorskip("keras")
stats = pytest.importorskip("scipy.stats")
sklearn_loss = pytest.importorskip("sklearn._loss.loss")
F, L = torch.nn.functional, keras.losses

Arrays = tuple[np.ndarray, ...]
Draw = Callable[[np.random.Generator], Arrays]
ROWS, CLASSES = 60, 5
SHAPE = ROWS, CLASSES


def over_outputs(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """A loss of torch as one of Keras: the mean over the last axis."""
    return lambda y, p, *more: function(p, y, *more, reduction="none", **options).mean(-1)


def signs(random: np.random.Generator, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return random.choice([-1, 1], shape)


def numbers(random: np.random.Generator) -> np.ndarray:
    return 2 * random.normal(size=SHAPE)


def grid(random: np.random.Generator) -> np.ndarray:
    """Multiples of 1/2: many zeros, many equals, and all sums exact."""
    return random.integers(-4, 5, SHAPE) / 2


def both(targets: Callable[[np.random.Generator], np.ndarray], predictions: int = 1) -> list[Draw]:
    """Targets with random predictions, and with such of the grid."""

    def draw(random: np.random.Generator, kind: Callable[..., np.ndarray]) -> Arrays:
        return targets(random), *(kind(random) for _ in range(predictions))

    return [partial(draw, kind=kind) for kind in (numbers, grid)]


def labels(random: np.random.Generator) -> np.ndarray:
    return random.integers(0, CLASSES, ROWS)


def one_hot(random: np.random.Generator) -> np.ndarray:
    return np.eye(CLASSES)[labels(random)]


def multi_hot(random: np.random.Generator) -> np.ndarray:
    return random.integers(0, 2, SHAPE)


def probabilities(random: np.random.Generator) -> np.ndarray:
    return random.dirichlet(np.ones(CLASSES), ROWS)


def amounts(random: np.random.Generator) -> np.ndarray:
    return random.gamma(2, size=SHAPE)


def as_lists(y: Any) -> Any:
    """Multi-hot labels as torch has them: the places of the ones, ended by -1."""
    places = torch.where(y == 1, torch.arange(CLASSES), -1)
    return places.sort(descending=True).values


WEIGHTS = np.linspace(0.5, 2, CLASSES)
NONE: dict[str, Any] = {"reduction": "none"}
FRAMEWORKS: list[tuple[str, dict[str, Any], list[Draw], Callable[..., Any]]] = [
    ("mean_squared_error", {}, both(grid), L.mean_squared_error),
    ("mean_absolute_error", {}, both(grid), L.mean_absolute_error),
    (
        "mean_absolute_percentage_error",
        {},
        both(lambda random: grid(random) + 0.25) + both(numbers),
        L.mean_absolute_percentage_error,
    ),
    (
        "mean_squared_logarithmic_error",
        {},
        both(amounts) + both(grid),
        L.mean_squared_logarithmic_error,
    ),
    ("huber", {"delta": 0.5}, both(grid), partial(L.huber, delta=0.5)),
    ("log_cosh", {}, both(grid), L.log_cosh),
    ("smooth_l1", {"beta": 0.5}, both(grid), over_outputs(F.smooth_l1_loss, beta=0.5)),
    ("smooth_l1", {"beta": 0}, both(grid), over_outputs(F.smooth_l1_loss, beta=0.0)),
    ("hinge", {}, both(signs) + both(multi_hot), L.hinge),
    ("squared_hinge", {}, both(signs) + both(multi_hot), L.squared_hinge),
    (
        "hinge_embedding",
        {"margin": 0.5},
        both(signs),
        over_outputs(F.hinge_embedding_loss, margin=0.5),
    ),
    ("soft_margin", {}, both(signs), over_outputs(F.soft_margin_loss)),
    (
        "margin_ranking",
        {"margin": 0.5},
        both(signs, 2),
        lambda y, a, b: F.margin_ranking_loss(a, b, y, margin=0.5, **NONE).mean(-1),
    ),
    (
        "gaussian_nll",
        {"full": True},
        [lambda random: (numbers(random), numbers(random), amounts(random))],
        over_outputs(F.gaussian_nll_loss, full=True),
    ),
    (
        "gaussian_nll",
        {"epsilon": 1.0},
        [lambda random: (grid(random), grid(random), abs(grid(random)))],
        over_outputs(F.gaussian_nll_loss, eps=1.0),
    ),
    ("categorical_hinge", {}, both(one_hot) + both(probabilities), L.categorical_hinge),
    *(
        (
            "multi_margin",
            {"p": p, "margin": margin, "class_weight": WEIGHTS},
            both(labels),
            lambda y, x, p=p, margin=margin: F.multi_margin_loss(
                x, y, p=p, margin=margin, weight=torch.tensor(WEIGHTS), **NONE
            ),
        )
        for p, margin in [(1, 0.5), (2, 1.0)]
    ),
    (
        "multilabel_margin",
        {},
        both(multi_hot),
        lambda y, x: F.multilabel_margin_loss(x, as_lists(y), **NONE),
    ),
    (
        "kl_divergence",
        {},
        [
            lambda random: (probabilities(random), probabilities(random)),
            lambda random: (one_hot(random), probabilities(random)),
            lambda random: (probabilities(random), grid(random)),
        ],
        L.kl_divergence,
    ),
    (
        "categorical_generalized_cross_entropy",
        {"q": 0.75},
        [lambda random: (labels(random), probabilities(random))],
        partial(L.categorical_generalized_cross_entropy, q=0.75),
    ),
    (
        "nll",
        {"class_weight": WEIGHTS},
        both(labels),
        lambda y, x: F.nll_loss(x, y, weight=torch.tensor(WEIGHTS), **NONE),
    ),
    ("cosine_similarity", {}, both(numbers), L.cosine_similarity),
    (
        "cosine_embedding",
        {"margin": 0.25},
        both(lambda random: signs(random, (ROWS,)), 2),
        lambda y, a, b: F.cosine_embedding_loss(a, b, y, margin=0.25, **NONE),
    ),
    *(
        (
            "triplet_margin",
            {"p": p, "swap": swap, "epsilon": epsilon, "margin": 0.5},
            both(grid, 2),
            lambda *arrays, p=p, swap=swap, epsilon=epsilon: F.triplet_margin_loss(
                *arrays, margin=0.5, p=p, eps=epsilon, swap=swap, **NONE
            ),
        )
        for p, swap, epsilon in [(2, False, 1e-6), (2, True, 1e-6), (1, True, 0.0), (3, False, 0.1)]
    ),
]


def in_torch(function: Callable[..., Any], arrays: Arrays, first: int) -> tuple[Any, list[Any]]:
    """Losses, and the gradients of their sum towards the arrays from `first` on."""
    tensors = [torch.tensor(array, requires_grad=k >= first) for k, array in enumerate(arrays)]
    losses = function(*tensors)
    losses.sum().backward()
    return losses.detach().numpy(), [tensor.grad.numpy() for tensor in tensors[first:]]


@pytest.mark.parametrize(
    ("name", "parameters", "draw", "framework"),
    [
        pytest.param(name, parameters, draw, framework, id=f"{name}-{k}-{place}")
        for k, (name, parameters, draws, framework) in enumerate(FRAMEWORKS)
        for place, draw in enumerate(draws)
    ],
)
def test_values_and_gradients_are_those_of_the_framework(
    name: str, parameters: dict[str, Any], draw: Draw, framework: Callable[..., Any]
) -> None:
    arrays = draw(np.random.default_rng(1))
    losses, gradients = getattr(fl, name)(*arrays, return_grad=True, **NONE, **parameters)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    wanted, wanted_gradients = in_torch(framework, arrays, first=name != "triplet_margin")
    # Keras averages in float32, whatever it is given.
    module = getattr(framework, "func", framework).__module__
    rtol, atol = (1e-6, 1e-6) if module.startswith("keras") else (1e-9, 1e-12)
    np.testing.assert_allclose(losses, wanted, rtol=rtol, atol=atol)
    for gradient, other in zip(gradients, wanted_gradients, strict=True):
        np.testing.assert_allclose(gradient, other, rtol=rtol, atol=atol)


@pytest.mark.parametrize("quantile", [0.1, 0.5])
def test_pinball_is_that_of_scikit_learn(quantile: float) -> None:
    y, p = (draw(np.random.default_rng(2)).reshape(-1) for draw in (numbers, grid))
    got = fl.pinball(y, p, quantile=quantile, return_grad=True, **NONE)
    wanted = sklearn_loss.PinballLoss(quantile=quantile).loss_gradient(y, p)
    np.testing.assert_allclose(got, wanted, rtol=1e-14)


@pytest.mark.parametrize("power", [1.0, 1.25, 1.5, 2.0, 2.75, 3.0])
def test_tweedie_and_gamma_are_those_of_scikit_learn(power: float) -> None:
    """Which predicts the logarithm of the mean."""
    random = np.random.default_rng(3)
    y, x = amounts(random).reshape(-1), numbers(random).reshape(-1)
    options: dict[str, Any] = {"log_input": True, "return_grad": True, **NONE}
    wanted = sklearn_loss.HalfTweedieLoss(power=power).loss_gradient(y, x)
    got = fl.tweedie(y, x, power=power, **options)
    np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-12)
    if power == 2:
        np.testing.assert_allclose(fl.gamma(y, x, **options), wanted, rtol=1e-11, atol=1e-12)
        wanted = sklearn_loss.HalfGammaLoss().loss_gradient(y, x)
        np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("log_input", [False, True])
def test_likelihoods_are_those_of_scipy(log_input: bool) -> None:
    random = np.random.default_rng(4)
    y, a = random.poisson(2, ROWS * 5), random.gamma(2, 0.3, ROWS * 5)
    m = random.gamma(2, size=ROWS * 5)
    p = np.log(m) if log_input else m
    options: dict[str, Any] = {"epsilon": 0, "log_input": log_input, **NONE}
    got = fl.negative_binomial(y, p, a, full=True, **options)
    np.testing.assert_allclose(got, -stats.nbinom.logpmf(y, 1 / a, 1 / (1 + a * m)), rtol=1e-9)

    z = random.normal(size=ROWS * 5)
    share = 1 / (1 + np.exp(-z))
    pmf = (1 - share) * stats.poisson.pmf(y, m) + share * (y == 0)
    got = fl.zero_inflated_poisson(y, p, z, full=True, **options)
    np.testing.assert_allclose(got, -np.log(pmf), rtol=1e-9)

    amount = random.gamma(2, size=ROWS * 5)
    got = fl.gamma(amount, p, **options)
    np.testing.assert_allclose(got, -stats.expon.logpdf(amount, scale=m), rtol=1e-9, atol=1e-12)


def test_the_normal_likelihood_is_that_of_scipy() -> None:
    random = np.random.default_rng(5)
    y, p, v = random.normal(size=50), random.normal(size=50), random.gamma(2, size=50)
    got = fl.gaussian_nll(y, p, v, full=True, **NONE)
    np.testing.assert_allclose(got, -stats.norm.logpdf(y, p, np.sqrt(v)), rtol=1e-11)


def test_no_dispersion_is_poisson() -> None:
    random = np.random.default_rng(6)
    y, p = random.poisson(2, 50), random.gamma(2, size=50)
    wanted = fl.poisson(y, p, return_grad=True, **NONE)
    got = fl.negative_binomial(y, p, 0.0, return_grad=True, **NONE)
    np.testing.assert_allclose(got[1], wanted[1], rtol=1e-12)
    # Up to the epsilon that Keras' Poisson leaves out of its first term.
    np.testing.assert_allclose(got[0], wanted[0] + 1e-7, rtol=1e-10, atol=1e-12)
