"""Numbers, reductions, dtypes and special values: those of torch.nn.functional."""

import inspect
import itertools
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_cases import CASES, DTYPES, REDUCTIONS, Case, assert_accurate, evaluate, in_double

import fusedloss.torch.functional as FL

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-30, 1e4, -1e4, 100.0, -100.0, torch.inf, -torch.inf)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_values_and_gradients_are_those_of_torch(case: Case, dtype: torch.dtype) -> None:
    x, target = case.inputs()
    x = x.to(dtype)
    if target.is_floating_point():
        target = target.to(dtype)
    wide = target.double() if target.is_floating_point() else target
    for reduction in REDUCTIONS:
        options = case.options | {"reduction": reduction}
        exact_options = in_double(options)
        shape = case.theirs(x.double(), wide, **exact_options).shape
        for upstream in (torch.ones(shape), torch.randn(shape)):
            loss, gradient = evaluate(case.ours, x, target, upstream, **options)
            exact, exact_gradient = evaluate(
                case.theirs, x.double(), wide, upstream, **exact_options
            )
            assert loss.dtype is torch.promote_types(dtype, torch.float32)
            assert gradient.dtype is dtype
            assert_accurate(loss, exact, loss.dtype, units=8)
            # Half precision is computed in float32 and rounded, float16 by the backward once more.
            assert_accurate(gradient, exact_gradient, dtype, units=8 if loss.dtype is dtype else 1)


@pytest.mark.parametrize(
    "name", [name for name in FL.__all__ if hasattr(F, name)], ids=lambda name: name
)
def test_signatures_are_those_of_torch(name: str) -> None:
    ours = inspect.signature(getattr(FL, name)).parameters
    theirs = inspect.signature(getattr(F, name)).parameters
    shared = [p for p in ours.values() if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    expected = list(theirs)
    if "weight" not in expected and name in ("mse_loss", "l1_loss", "huber_loss"):
        expected.append("weight")  # torch < 2.6 has none
    assert [p.name for p in shared] == expected
    assert all(p.default == theirs[p.name].default for p in shared if p.name in theirs)
    assert list(ours)[len(shared) :] == ["sample_weight", "denominator"]


# Special values.


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mse_loss", {}),
        ("l1_loss", {}),
        ("huber_loss", {}),
        ("poisson_nll_loss", {}),
        ("poisson_nll_loss", {"full": True}),
        ("binary_cross_entropy_with_logits", {}),
    ],
)
def test_special_values_of_elements(name: str, options: dict[str, Any], dtype: torch.dtype) -> None:
    values = torch.tensor([*SPECIAL, torch.nan], dtype=dtype)
    targets = values
    if name == "poisson_nll_loss":
        targets = values[values >= 0]
    elif name == "binary_cross_entropy_with_logits":
        targets = torch.tensor([0.0, 0.3, 1.0], dtype=dtype)
    x, y = torch.cartesian_prod(values, targets).unbind(1)
    options = options | {"reduction": "none"}
    ours, our_gradient = evaluate(getattr(FL, name), x, y, torch.ones_like(x), **options)
    theirs, their_gradient = evaluate(getattr(F, name), x, y, torch.ones_like(x), **options)
    if name == "binary_cross_entropy_with_logits":
        # Of a logit of -inf torch makes NaN, also where an infinite loss is right.
        infinite = ours == torch.inf
        assert (theirs[infinite].isnan() | theirs[infinite].isinf()).all()
        ours, theirs = ours[~infinite], theirs[~infinite]
    elif name == "l1_loss":
        # The slope of a difference that is NaN is NaN; torch has 0.
        unknown = theirs.isnan()
        assert our_gradient[unknown].isnan().all()
        our_gradient, their_gradient = our_gradient[~unknown], their_gradient[~unknown]
    torch.testing.assert_close(ours, theirs, equal_nan=True)
    torch.testing.assert_close(our_gradient, their_gradient, equal_nan=True)


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


# Nothing.


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", [name for name in FL.__all__ if hasattr(F, name)])
def test_empty_batches(name: str, reduction: str) -> None:
    x = torch.empty(0, 4)
    y = torch.empty(0, dtype=torch.int64) if name == "cross_entropy" else torch.empty(0, 4)
    shape = getattr(F, name)(x, y, reduction=reduction).shape
    ours = evaluate(getattr(FL, name), x, y, torch.ones(shape), reduction=reduction)
    theirs = evaluate(getattr(F, name), x, y, torch.ones(shape), reduction=reduction)
    torch.testing.assert_close(ours[0], theirs[0], equal_nan=True)
    assert ours[1].shape == (0, 4)


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
