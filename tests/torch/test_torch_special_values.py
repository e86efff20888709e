"""Zeros, ties, infinities, NaN, and nothing at all: what torch.nn.functional makes of them."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_cases import FIRST
from torch_checks import REDUCTIONS, evaluate, evaluate_all

import fusedloss.torch.functional as FL

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-30, 1e4, -1e4, 100.0, -100.0, torch.inf, -torch.inf)
SPECIAL = (*SPECIAL, torch.nan)
POSITIVE = tuple(value for value in SPECIAL if value >= 0)
SIGNS = (1.0, -1.0, 0.5, 0.0, torch.nan)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


# Elements: every combination of special values.

ELEMENTS: list[tuple[str, dict[str, Any], tuple[tuple[float, ...], ...], tuple[int, ...]]] = [
    ("mse_loss", {}, (SPECIAL, SPECIAL), (0,)),
    ("l1_loss", {}, (SPECIAL, SPECIAL), (0,)),
    ("huber_loss", {}, (SPECIAL, SPECIAL), (0,)),
    ("smooth_l1_loss", {}, (SPECIAL, SPECIAL), (0,)),
    ("smooth_l1_loss", {"beta": 0.5}, (SPECIAL, SPECIAL), (0,)),
    ("smooth_l1_loss", {"beta": 0.0}, (SPECIAL, SPECIAL), (0,)),
    ("poisson_nll_loss", {}, (SPECIAL, POSITIVE), (0,)),
    ("poisson_nll_loss", {"full": True}, (SPECIAL, POSITIVE), (0,)),
    ("gaussian_nll_loss", {}, (SPECIAL, SPECIAL, (*POSITIVE, torch.nan)), (0, 2)),
    ("kl_div", {}, (SPECIAL, (0.0, 0.5, 1.0, 2.0, -1.0, torch.nan)), (0,)),
    ("kl_div", {"log_target": True}, (SPECIAL, (-torch.inf, -1.0, 0.0, 1.0, torch.nan)), (0,)),
    ("binary_cross_entropy_with_logits", {}, (SPECIAL, (0.0, 0.3, 1.0)), (0,)),
    ("soft_margin_loss", {}, (SPECIAL, SIGNS), (0,)),
    ("hinge_embedding_loss", {}, (SPECIAL, SIGNS), (0,)),
    ("hinge_embedding_loss", {"margin": -0.5}, (SPECIAL, SIGNS), (0,)),
    ("margin_ranking_loss", {}, (SPECIAL, SPECIAL, SIGNS), (0, 1)),
    ("margin_ranking_loss", {"margin": 1.0}, (SPECIAL, SPECIAL, SIGNS), (0, 1)),
]


def is_infinite(loss: Tensor, *_: Tensor) -> Tensor:
    return loss == torch.inf


def has_no_probability(_: Tensor, input: Tensor, target: Tensor) -> Tensor:
    return ~input.isnan() & ((target == 0) | (target == -torch.inf))


def overflows(_: Tensor, input: Tensor, target: Tensor) -> Tensor:
    return -target * input > 80


# Where torch has NaN or infinity, or a slope of either, and a number is right.
BETTER: dict[str, Callable[..., Tensor]] = {
    "binary_cross_entropy_with_logits": is_infinite,
    "kl_div": has_no_probability,
    "soft_margin_loss": overflows,
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(("name", "options", "values", "wrt"), ELEMENTS)
def test_special_values_of_elements(
    name: str,
    options: dict[str, Any],
    values: tuple[tuple[float, ...], ...],
    wrt: tuple[int, ...],
    dtype: torch.dtype,
) -> None:
    columns = [torch.tensor(column, dtype=dtype) for column in values]
    arguments = tuple(torch.cartesian_prod(*columns).unbind(1))
    options = options | {"reduction": "none"}
    upstream = torch.ones_like(arguments[0])
    ours, gradients = evaluate_all(getattr(FL, name), arguments, wrt, upstream, **options)
    theirs, expected = evaluate_all(getattr(F, name), arguments, wrt, upstream, **options)
    same = torch.ones_like(ours, dtype=torch.bool)
    if name in BETTER:
        better = BETTER[name](ours, *arguments)
        same = ~(better & ~theirs.isfinite())
        assert not ours[~same].isnan().any()
    torch.testing.assert_close(ours[same], theirs[same], equal_nan=True)
    # The slope of a loss that is NaN is NaN; torch has some number for a few.
    unknown = ours.isnan()
    for gradient, slope in zip(gradients, expected, strict=True):
        assert (gradient[unknown].isnan() | gradient.isclose(slope)[unknown]).all()
        known = ~unknown & (same | slope.isfinite())
        if name in BETTER:
            assert not gradient[~unknown].isnan().any()
            known &= slope.isfinite()
        torch.testing.assert_close(gradient[known], slope[known], equal_nan=True)


@pytest.mark.parametrize("log_input", [True, False])
def test_poisson_of_rates_near_zero(log_input: bool) -> None:
    x, y = torch.cartesian_prod(torch.tensor([0.0, 1e-8, 1.0]), torch.arange(4.0)).unbind(1)
    options = {"log_input": log_input, "full": True, "reduction": "none"}
    for ours, theirs in zip(
        evaluate(FL.poisson_nll_loss, x, y, torch.ones_like(x), **options),
        evaluate(F.poisson_nll_loss, x, y, torch.ones_like(x), **options),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("target", ["indices", "probabilities"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_special_values_of_rows(target: str, smoothing: float) -> None:
    rows = torch.tensor(list(itertools.product([0.0, 3.0, 1e4, -1e4, -torch.inf], repeat=3)))
    x = rows[(rows > -torch.inf).any(1)]
    y = torch.zeros(len(x), dtype=torch.int64)
    # Where a class of target 0 has probability 0, torch has 0 * inf = NaN for probabilities, and
    # for smoothed labels an infinite loss: there is nothing to compare with.
    x = x[x.isfinite().all(1) if smoothing or target == "probabilities" else x[:, 0] > -torch.inf]
    y = y[: len(x)]
    if target == "probabilities":
        y = F.one_hot(y, 3).float()
    options = {"label_smoothing": smoothing, "reduction": "none"}
    upstream = torch.ones(len(x))
    ours = evaluate(FL.cross_entropy, x, y, upstream, **options)
    theirs = evaluate(F.cross_entropy, x, y, upstream, **options)
    torch.testing.assert_close(ours[0], theirs[0])
    torch.testing.assert_close(ours[1], theirs[1])


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_rows_with_nan_or_infinite_logits_do_not_hide_it(bad: float) -> None:
    x = torch.zeros(2, 3)
    x[0, 1] = bad
    for labels in (torch.tensor([0, 0]), F.one_hot(torch.tensor([0, 0]), 3).float()):
        loss, gradient = evaluate(FL.cross_entropy, x, labels, torch.ones(2), reduction="none")
        assert loss.isnan().tolist() == [True, False]
        assert gradient[0].isnan().all()
        assert gradient[1].isfinite().all()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_focal_losses_are_finite_everywhere(gamma: float) -> None:
    x = torch.tensor([0.0, 20.0, -20.0, 100.0, -100.0, 1e4, -1e4])
    for targets in (torch.zeros(7), torch.ones(7)):
        loss, gradient = evaluate(FL.sigmoid_focal_loss, x, targets, torch.ones(7), gamma=gamma)
        assert loss.isfinite().all()
        assert gradient.isfinite().all()
    rows = torch.stack([x, -x], 1)
    for label in (0, 1):
        loss, gradient = evaluate(
            FL.softmax_focal_loss, rows, torch.full((7,), label), gamma=gamma, reduction="sum"
        )
        assert loss.isfinite()
        assert gradient.isfinite().all()


def test_ignored_rows_are_silent_even_if_nan() -> None:
    x = torch.randn(3, 4)
    x[1] = torch.nan
    loss, gradient = evaluate(FL.cross_entropy, x, torch.tensor([1, -100, 2]))
    exact, exact_gradient = evaluate(F.cross_entropy, x[[0, 2]], torch.tensor([1, 2]))
    torch.testing.assert_close(loss, exact)
    torch.testing.assert_close(gradient[[0, 2]], exact_gradient)
    assert (gradient[1] == 0).all()


# Rows: ties, where a margin is just reached and where vectors have no direction.


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("multi_margin_loss", {}),
        ("multi_margin_loss", {"p": 2}),
        ("multi_margin_loss", {"margin": -1.0}),
        ("multilabel_margin_loss", {}),
    ],
)
def test_ties_of_classes(name: str, options: dict[str, Any]) -> None:
    values = [0.0, 1.0, 2.0, torch.inf, -torch.inf, torch.nan]
    x = torch.tensor(list(itertools.product(values, repeat=3)))
    y = torch.full((len(x),), 1)
    if name == "multilabel_margin_loss":
        y = torch.tensor([[1, 2, -1]]).expand(len(x), 3)
    options = options | {"reduction": "none"}
    ours, gradient = evaluate(getattr(FL, name), x, y, torch.ones(len(x)), **options)
    theirs, slope = evaluate(getattr(F, name), x, y, torch.ones(len(x)), **options)
    finite = x.isfinite().all(1)
    torch.testing.assert_close(ours[finite], theirs[finite])
    torch.testing.assert_close(gradient[finite], slope[finite])
    # torch loses NaN: the comparison with the margin takes it for beyond.
    lost = ours.isnan() & ~theirs.isnan()
    torch.testing.assert_close(ours[~lost], theirs[~lost], equal_nan=True)
    assert not (lost & finite).any()


@pytest.mark.parametrize("margin", [0.0, 0.5, -1.0])
@pytest.mark.parametrize("target", [1.0, -1.0])
def test_ties_of_directions(target: float, margin: float) -> None:
    vectors = torch.tensor(list(itertools.product([0.0, 1.0, -2.0, 1e4], repeat=2)))
    x, y = (
        v.repeat_interleave(16, 0) if k else v.repeat(16, 1) for k, v in enumerate([vectors] * 2)
    )
    arguments = (x, y, torch.full((len(x),), target))
    options = {"margin": margin, "reduction": "none"}
    upstream = torch.ones(len(x))
    ours, gradients = evaluate_all(FL.cosine_embedding_loss, arguments, (0, 1), upstream, **options)
    theirs, slopes = evaluate_all(F.cosine_embedding_loss, arguments, (0, 1), upstream, **options)
    torch.testing.assert_close(ours, theirs)
    for gradient, slope in zip(gradients, slopes, strict=True):
        torch.testing.assert_close(gradient, slope, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("eps", [0.0, 1e-6])
def test_ties_of_distances(p: float, swap: bool, eps: float) -> None:
    vectors = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    grid = torch.cartesian_prod(*[torch.arange(4)] * 3)
    arguments = tuple(vectors[grid[:, k]] for k in range(3))
    options = {"p": p, "swap": swap, "eps": eps, "reduction": "none"}
    upstream = torch.ones(len(grid))
    ours, gradients = evaluate_all(
        FL.triplet_margin_loss, arguments, (0, 1, 2), upstream, **options
    )
    theirs, slopes = evaluate_all(F.triplet_margin_loss, arguments, (0, 1, 2), upstream, **options)
    torch.testing.assert_close(ours, theirs)
    for gradient, slope in zip(gradients, slopes, strict=True):
        torch.testing.assert_close(gradient, slope)


# Nothing, and a single element.

# torch 2.13 returns memory that nobody wrote.
EMPTY = {
    ("multi_margin_loss", "mean"): torch.nan,
    ("multi_margin_loss", "sum"): 0.0,
    ("multilabel_margin_loss", "mean"): torch.nan,
    ("multilabel_margin_loss", "sum"): 0.0,
}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", FL.__all__)
def test_empty_batches(name: str, reduction: str) -> None:
    case = FIRST[name]
    arguments = tuple(argument[:0] for argument in case.inputs())
    theirs = case.theirs(*arguments, reduction=reduction, **case.options)
    if (name, reduction) in EMPTY:
        theirs = torch.tensor(EMPTY[name, reduction])
    upstream = torch.ones_like(theirs)
    ours, gradients = evaluate_all(
        case.ours, arguments, case.wrt, upstream, reduction=reduction, **case.options
    )
    torch.testing.assert_close(ours, theirs, equal_nan=True)
    for gradient, position in zip(gradients, case.wrt, strict=True):
        assert gradient.shape == arguments[position].shape


def of_elements(name: str) -> bool:
    case = FIRST[name]
    arguments = case.inputs()
    return case.theirs(*arguments, reduction="none").shape == arguments[0].shape


# Losses of rows that torch lets be 0-d, too: of one class, or of vectors of one number.
ROWS_OF_ONE = ["multi_margin_loss", "multilabel_margin_loss", "triplet_margin_loss"]
ROWS_OF_ONE += ["triplet_margin_with_distance_loss"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", [*filter(of_elements, FL.__all__), *ROWS_OF_ONE])
def test_0d_tensors(name: str, reduction: str) -> None:
    case = FIRST[name]
    arguments = tuple(argument.reshape(-1)[0] for argument in case.inputs())
    if not arguments[1].is_floating_point() and name in ROWS_OF_ONE:
        arguments = (arguments[0], torch.tensor(0))  # the only class
    options = case.options | {"reduction": reduction}
    ours, gradients = evaluate_all(case.ours, arguments, case.wrt, **options)
    theirs, slopes = evaluate_all(case.theirs, arguments, case.wrt, **options)
    assert ours.shape == ()
    torch.testing.assert_close(ours, theirs)
    for gradient, slope in zip(gradients, slopes, strict=True):
        torch.testing.assert_close(gradient, slope)


@pytest.mark.parametrize("weight", [None, torch.rand(4)])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_all_rows_ignored(reduction: str, weight: Tensor | None) -> None:
    x, y = torch.randn(3, 4), torch.full((3,), -100)
    options = {"reduction": reduction, "weight": weight}
    upstream = torch.ones(3) if reduction == "none" else torch.tensor(1.0)
    ours = evaluate(FL.cross_entropy, x, y, upstream, **options)
    theirs = evaluate(F.cross_entropy, x, y, upstream, **options)
    torch.testing.assert_close(ours[0], theirs[0], equal_nan=True)
    assert (ours[1] == 0).all()


def test_weights_that_sum_to_zero() -> None:
    x, y = torch.randn(5), torch.randn(5)
    loss, gradient = evaluate(FL.mse_loss, x, y, weight=torch.zeros(5))
    assert loss.isnan()  # as in torch
    assert (gradient == 0).all()  # torch: NaN
