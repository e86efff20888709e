"""What losses say at the edges: the definition, or where it has none the framework's convention."""

from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest

from cases import DEFAULTS, Case, Inputs
from derivatives import differentiate, exact
from fusedloss import _core
from support import call, compute, each_isa

NAN, INF, LN2 = np.nan, np.inf, float(np.log(2))
NEGLIGIBLE = 1e-30
"""The focal losses bound 1 - p_t from below, so that its logarithm is finite."""
EPSILON = np.float32(1e-7)
LOW, HIGH = float(EPSILON), float(1 - EPSILON)

# What the definition, or where it has none the convention of torch, says at the edges:
# (loss, parameters, y_true, y_pred, value, gradient), all in float32.
EDGES = [
    ("mean_squared_error", {}, 1, 1, 0, 0),
    ("mean_squared_error", {}, 0, INF, INF, INF),
    ("mean_squared_error", {}, 0, 3e19, INF, 6e19),
    ("mean_absolute_error", {}, 2, 2, 0, 0),
    ("mean_absolute_error", {}, 0, -0.0, 0, 0),
    ("mean_absolute_error", {}, 0, -INF, INF, -1),
    ("huber", {}, 3, 3, 0, 0),
    ("huber", {}, 3, 4, 0.5, 1),
    ("huber", {}, 3, 2, 0.5, -1),
    ("huber", {}, 0, INF, INF, 1),
    ("huber", {"delta": 2}, 0, -INF, INF, -2),
    ("poisson", {}, 0, 0, 0, 1),
    ("poisson", {"epsilon": 0}, 1, 0, INF, -INF),
    ("poisson", {}, 1, -1, NAN, None),
    ("poisson_log_input", {}, 3, 0, 1, -2),
    ("poisson_log_input", {}, 0, 100, INF, INF),
    # Keras clips to [epsilon, 1 - epsilon]; outside the loss is constant.
    ("binary_crossentropy", {}, 1, 0, -np.log(LOW), 0),
    ("binary_crossentropy", {}, 0, 1, -np.log1p(-HIGH), 0),
    ("binary_crossentropy", {}, 0, 0, -np.log1p(-LOW), 0),
    ("binary_crossentropy", {}, 1, 1, -np.log(HIGH), 0),
    ("binary_crossentropy", {}, 1, -3, -np.log(LOW), 0),
    ("binary_crossentropy", {}, 1, INF, -np.log(HIGH), 0),
    ("binary_crossentropy", {}, 1, LOW, -np.log(LOW), -1 / LOW),
    ("binary_crossentropy", {}, 0, HIGH, -np.log1p(-HIGH), 1 / (1 - HIGH)),
    # torch bounds the logarithms by -100 and p (1 - p) from below by 1e-12.
    ("binary_crossentropy_clamped", {}, 1, 0, 100, -1e12),
    ("binary_crossentropy_clamped", {}, 0, 1, 100, 1e12),
    ("binary_crossentropy_clamped", {}, 0, 0, 0, 0),
    ("binary_crossentropy_clamped", {}, 1, 1, 0, 0),
    ("binary_crossentropy_clamped", {}, 1, 1.0001, NAN, NAN),
    ("binary_crossentropy_clamped", {}, 1, -1e-6, NAN, NAN),
    ("binary_crossentropy_clamped", {}, -0.5, 0.5, NAN, NAN),
    ("binary_crossentropy_clamped", {}, 1.5, 0.5, NAN, NAN),
    ("binary_crossentropy_from_logits", {}, 1, -INF, INF, -1),
    ("binary_crossentropy_from_logits", {}, 0, INF, INF, 1),
    *(
        ("binary_focal_crossentropy", {"gamma": gamma}, y, y, None, 0)
        for gamma in (0.0, 1.0, 2.0, 5.0)
        for y in (0, 1)
    ),
    ("mean_absolute_percentage_error", {}, 2, 2, 0, 0),
    ("mean_absolute_percentage_error", {}, -2, -1, 50, 50),
    ("mean_absolute_percentage_error", {}, 0, 1, 1e9, 1e9),
    ("mean_absolute_percentage_error", {}, 0, 0, 0, 0),
    ("mean_absolute_percentage_error", {}, 1, -INF, INF, -100),
    # Where the larger one of prediction and epsilon is a tie, the slope is halved.
    ("mean_squared_logarithmic_error", {}, 0, 0, 0, 0),
    ("mean_squared_logarithmic_error", {"epsilon": 1}, 3, 1, LN2**2, -LN2 / 2),
    ("mean_squared_logarithmic_error", {"epsilon": 1}, 3, 0.5, LN2**2, 0),
    ("mean_squared_logarithmic_error", {}, 1, -5, LN2**2, 0),
    ("log_cosh", {}, 1, 1, 0, 0),
    ("log_cosh", {}, 0, 1e-4, 5e-9, 1e-4),
    ("log_cosh", {}, 0, -1e4, 1e4 - LN2, -1),
    ("log_cosh", {}, 0, INF, INF, 1),
    ("smooth_l1", {}, 0, 1, 0.5, 1),
    ("smooth_l1", {"beta": 2}, 0, -2, 1, -1),
    ("smooth_l1", {"beta": 0}, 0, 0, 0, 0),
    ("smooth_l1", {"beta": 0}, 0, -3, 3, -1),
    ("smooth_l1", {}, 0, INF, INF, 1),
    ("pinball", {"quantile": 0.9}, 1, 1, 0, 0),
    ("pinball", {"quantile": 0.9}, 3, 1, 1.8, -0.9),
    ("pinball", {"quantile": 0}, 3, 1, 0, 0),
    ("hinge", {}, 1, 1, 0, -0.5),
    ("hinge", {}, -1, -1, 0, 0.5),
    ("hinge", {}, 1, INF, 0, 0),
    ("hinge", {}, 1, -INF, INF, -1),
    ("squared_hinge", {}, 1, 1, 0, 0),
    ("squared_hinge", {}, -1, -3, 0, 0),
    ("hinge_embedding", {}, -1, 1, 0, -1),
    ("hinge_embedding", {}, -1, 1.5, 0, 0),
    ("hinge_embedding", {}, 1, -7, -7, 1),
    ("hinge_embedding", {}, 0, 0.25, 1, 0),  # neither of both: torch adds the two
    ("soft_margin", {}, 1, -1e4, 1e4, -1),
    ("soft_margin", {}, -1, 1e4, 1e4, 1),
    ("soft_margin", {}, 1, 1e4, 0, 0),
    ("soft_margin", {}, 1, 0, LN2, -0.5),
    ("kl_divergence_from_log_probs", {}, 0, -INF, 0, 0),
    ("kl_divergence_from_log_probs", {}, 0, -3, 0, 0),
    ("kl_divergence_from_log_probs", {}, 1, -INF, INF, -1),
    ("kl_divergence_from_log_probs", {"log_target": 1}, -INF, -3, 0, 0),
    ("kl_divergence_from_log_probs", {"log_target": 1}, 0, -3, 3, -1),
    ("gamma_log_input", {}, 1, -100, INF, -INF),
    ("gamma_log_input", {}, 0, 100, 100, 1),
    ("tweedie", {"epsilon": 0}, 0, 1, 2, 1),
    ("tweedie", {"power": 1, "epsilon": 0}, 2, 1, 1, -1),
    ("tweedie", {"power": 2, "epsilon": 0}, 2, 1, 2, -1),
    ("tweedie", {"power": 3, "epsilon": 0}, 2, 1, 0, -1),
    ("tweedie_log_input", {}, 0, -1000, 0, 0),
]


def named(name: str, parameters: dict[str, float]) -> Case:
    loss = next(case for case in DEFAULTS if case.loss.name == name)
    return Case(loss.loss, loss.reference, parameters)


@pytest.mark.parametrize(("name", "parameters", "y_true", "y_pred", "value", "gradient"), EDGES)
def test_edges(
    name: str,
    parameters: dict[str, float],
    y_true: float,
    y_pred: float,
    value: float | None,
    gradient: float | None,
) -> None:
    case = named(name, parameters)
    y = np.full(3, y_true, np.float32), np.full(3, y_pred, np.float32)
    for isa in each_isa():
        got = compute(case, *y, reduction=_core.NONE)
        for found, wanted in [(got.loss, value), (got.grad, gradient)]:
            if wanted is not None:
                np.testing.assert_allclose(
                    found,
                    np.full(3, wanted, np.float32),
                    rtol=5e-7,
                    atol=NEGLIGIBLE,
                    err_msg=f"{case}, {isa}",
                )


@pytest.mark.parametrize(
    ("name", "parameters", "y_true", "predictions", "value", "gradients"),
    [
        # torch: the slope towards the variance is that at the bound.
        ("gaussian_nll", {"epsilon": 1}, 0, (2, 0.5), 2, (2, -1.5)),
        ("gaussian_nll", {"epsilon": 1}, 0, (0, 0), 0, (0, 0.5)),
        ("gaussian_nll", {}, 3, (3, 1), 0, (0, 0.5)),
        ("margin_ranking", {}, 1, (2, 2), 0, (-1, 1)),
        ("margin_ranking", {"margin": 1}, -1, (1, 2), 0, (1, -1)),
        ("margin_ranking", {}, 1, (3, 2), 0, (0, 0)),
        ("negative_binomial", {"epsilon": 0}, 0, (2, 0.5), 2 * LN2, (0.5, None)),
        ("negative_binomial", {"epsilon": 0, "full": 1}, 0, (1, 0), 1, (1, None)),
        ("negative_binomial", {"epsilon": 0}, 1, (1, -0.5), NAN, (None, NAN)),
        ("negative_binomial_log_input", {}, 0, (-1000, 0.5), 0, (0, 0)),
        ("zero_inflated_poisson", {"epsilon": 0}, 0, (0, 0), 0, (0.5, 0)),
        ("zero_inflated_poisson", {"epsilon": 0}, 0, (3, 1000), 0, (0, 0)),
        ("zero_inflated_poisson_log_input", {}, 0, (-1000, 0), 0, (0, 0)),
        ("zero_inflated_poisson_log_input", {}, 2, (0, 1000), 1001, (-1, 1)),
    ],
)
def test_edges_of_several_predictions(
    name: str,
    parameters: dict[str, float],
    y_true: float,
    predictions: tuple[float, float],
    value: float,
    gradients: tuple[float | None, float | None],
) -> None:
    case = named(name, parameters)
    y, p, other = (np.full(3, x, np.float32) for x in (y_true, *predictions))
    for isa in each_isa():
        got = compute(case, y, p, more=(other,), reduction=_core.NONE)
        for found, wanted in zip((got.loss, *got.grads), (value, *gradients), strict=True):
            if wanted is not None:
                np.testing.assert_allclose(
                    found,
                    np.full(3, wanted, np.float32),
                    rtol=5e-7,
                    atol=2e-7,
                    err_msg=f"{case}, {isa}",
                )


# Rows: targets, predictions, value, gradient.
ROWS: list[tuple[str, dict[str, float], Any, list[float], float, list[float]]] = [
    # The largest of equals share the slope; at the margin it is halved.
    ("categorical_hinge", {}, [1, 0, 0], [2, 3, 3], 2, [-1, 0.5, 0.5]),
    ("categorical_hinge", {}, [1, 0, 0], [3, 2, 1], 0, [-0.5, 0.5, 0]),
    ("categorical_hinge", {}, [1, 0, 0], [3, 0, 0], 0, [0, 0, 0]),
    ("categorical_hinge", {}, [1, 0, 0], [0, -1, -1], 1, [-1, 0, 0]),
    ("categorical_hinge", {}, [0, 0, 0], [1, 1, 1], 2, [1 / 3, 1 / 3, 1 / 3]),
    ("multi_margin", {}, [1, 0, 0], [1, 0, 0], 0, [0, 0, 0]),
    ("multi_margin", {}, [1, 1, 1], [1, 2, 3], 0, [0, 0, 0]),
    ("multi_margin", {}, [0, 0, 0], [1, 2, 3], 0, [0, 0, 0]),
    ("multi_margin", {"p": 2}, [1, 0, 0], [1, 0, 1], 1 / 3, [-2 / 3, 0, 2 / 3]),
    # A vector of zeros has no direction: no slope, where Keras has NaN.
    ("cosine_similarity", {}, [1, 2, 2], [0, 0, 0], 0, [0, 0, 0]),
    ("cosine_similarity", {}, [0, 0, 0], [1, 2, 2], 0, [0, 0, 0]),
    ("cosine_similarity", {}, [2, 0, 0], [0.5, 0, 0], -1, [0, 0, 0]),
    # Keras: the bounds themselves are inside.
    ("kl_divergence", {}, [1, 0, 0], [1, 0, 0], 0, [-1, 0, 0]),
    ("kl_divergence", {"epsilon": 0.25}, [1, 0.25, 0.25], [0.25, 1, 0.5], None, [-4, -0.25, -0.5]),
    ("kl_divergence", {"epsilon": 0.25}, [0.5, 0.25, 0.25], [2, 0.125, 1], None, [0, 0, -0.25]),
    # (1 - p^q) / q at p = 0 has an infinite slope: ours is that of 1e-7.
    ("categorical_generalized_crossentropy", {}, [1, 0, 0], [0, 0.5, 0.5], 2, [-3162.2777, 0, 0]),
    ("categorical_generalized_crossentropy", {"q": 1}, [1, 0, 0], [0, 1, 0], 1, [-1, 0, 0]),
    ("categorical_crossentropy_from_log_probs", {}, [1, 0, 0], [0, -INF, -INF], 0, [-1, 0, 0]),
    ("categorical_crossentropy_from_log_probs", {}, [0, 1, 0], [0, -INF, -INF], INF, [0, -1, 0]),
]


@pytest.mark.parametrize(("name", "parameters", "y_true", "y_pred", "value", "gradient"), ROWS)
def test_edges_of_rows(
    name: str,
    parameters: dict[str, float],
    y_true: list[float],
    y_pred: list[float],
    value: float | None,
    gradient: list[float],
) -> None:
    case = named(name, parameters)
    for rows in (1, 40):  # lanes along the classes, and along the rows
        y, p, grad = (np.tile(np.float32(x), (rows, 1)) for x in (y_true, y_pred, gradient))
        targets = [y]
        if sorted(y_true) == [0, 0, 1]:
            targets.append(np.argmax(y, axis=-1))
        for isa, targets_given in product(each_isa(), targets):
            got = compute(case, targets_given, p, reduction=_core.NONE)
            what = f"{case}, {isa}, {targets_given.dtype}"
            np.testing.assert_allclose(got.grad, grad, rtol=3e-7, atol=1e-7, err_msg=what)
            if value is not None:
                np.testing.assert_allclose(got.loss, value, rtol=3e-7, atol=1e-7, err_msg=what)


@pytest.mark.parametrize("classes", [3, 90])
def test_vectors_of_zeros(classes: int) -> None:
    """torch adds 1e-12 to squares of lengths: a slope of 1e6, and finite."""
    zeros, first = np.zeros((2, classes), np.float32), np.zeros((2, classes), np.float32)
    first[:, 0] = 1
    embedding = named("cosine_embedding", {})
    got = compute(embedding, np.array([1, -1]), zeros, more=(first,), reduction=_core.NONE)
    np.testing.assert_allclose(got.loss, [1, 0])
    np.testing.assert_allclose(got.grad[:, 0], [-1e6, 1e6], rtol=1e-6)
    assert (got.more[0] == 0).all()
    triplet = named("triplet_margin", {"epsilon": 0})
    got = compute(triplet, None, zeros, more=(zeros, zeros), reduction=_core.NONE)
    np.testing.assert_array_equal(got.loss, 1)
    assert all((grad == 0).all() for grad in got.grads)


def test_targets_of_rows_that_are_neither_1_nor_minus_1() -> None:
    case = named("cosine_embedding", {})
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 6, 5)).astype(np.float32)
    kinds = np.array([1, 0, -1, 2, -(2**31), 2**62])
    got = compute(case, kinds, first, more=(second,), reduction=_core.NONE)
    assert (got.loss[[1, 3, 4, 5]] == 0).all()
    assert all((grad[[1, 3, 4, 5]] == 0).all() for grad in got.grads)
    assert got.loss[0] > 0


@pytest.mark.parametrize("name", ["negative_binomial", "negative_binomial_log_input"])
def test_small_dispersions(name: str) -> None:
    """Nothing grows as the dispersion falls, where a mean is the limit of large numbers."""
    case = named(name, {})
    counts, means = [0.0, 1.0, 2.0, 7.0, 30.0], [0.1, 1.0, 3.0, 20.0]
    dispersions = 10.0 ** np.arange(-7, 0)
    arrays = [grid.reshape(-1) for grid in np.meshgrid(counts, means, dispersions)]
    y, m, a = (array.astype(np.float32) for array in arrays)
    inputs = Inputs(y, np.log(m) if name.endswith("input") else m, more=(a,))
    want = differentiate(case, inputs, exact, mpmath.mpf(10) ** -30)
    for isa in each_isa():
        got = call(case, inputs, reduction=_core.NONE)
        size = 1 + m**2 + y**2  # of the terms that make up the slope towards the dispersion
        for found, wanted, scale in [
            (got.loss, want.value.wanted, 1 + m + y * (1 + abs(np.log(m)))),
            (got.more[0], want.gradients[1].wanted, size),
        ]:
            error = abs(found.astype(float) - wanted.astype(float)) / scale
            worst = np.argmax(error)
            assert error[worst] < 3e-6, f"{isa}: y {y[worst]}, mean {m[worst]}, a {a[worst]}"
