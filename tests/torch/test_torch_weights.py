"""What torch does not have: sample weights and denominators."""

import pytest
import torch
import torch.nn.functional as F
from torch_cases import CASES, Case, evaluate

import fusedloss.torch.functional as FL


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(
    "case", [case for case in CASES if "unbatched" not in case.id], ids=lambda case: case.id
)
def test_a_weight_of_two_counts_like_a_sample_twice(case: Case) -> None:
    x, target = case.inputs()
    copies = torch.randint(3, (len(x),))
    copies[0] = 1
    repeated = case.options.copy()
    for name in ("weight", "pos_weight"):
        if name in repeated and repeated[name].ndim == x.ndim:
            repeated[name] = repeated[name].repeat_interleave(copies, 0)
    for reduction in ("mean", "sum"):
        loss, gradient = evaluate(
            case.ours, x, target, sample_weight=copies, reduction=reduction, **case.options
        )
        exact, exact_gradient = evaluate(
            case.theirs,
            x.repeat_interleave(copies, 0),
            target.repeat_interleave(copies, 0),
            reduction=reduction,
            **repeated,
        )
        torch.testing.assert_close(loss, exact)
        summed = torch.zeros_like(x).index_add(
            0, torch.arange(len(x)).repeat_interleave(copies), exact_gradient
        )
        torch.testing.assert_close(gradient, summed, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_sample_weights_multiply_losses_that_are_not_reduced(case: Case) -> None:
    x, target = case.inputs()
    losses = case.theirs(x, target, reduction="none", **case.options)
    for shape in {losses.shape, losses.shape[:1], ()}:
        weight = torch.randn(shape)
        spread = weight.reshape((*shape, *[1] * (losses.ndim - weight.ndim)))
        weighted = case.ours(x, target, reduction="none", sample_weight=weight, **case.options)
        torch.testing.assert_close(weighted, spread * losses, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_denominators_replace_the_divisor(case: Case) -> None:
    x, target = case.inputs()
    total, slope = evaluate(case.theirs, x, target, reduction="sum", **case.options)
    options = case.options | {"reduction": "mean"}
    for denominator in (7, 7.0, torch.tensor(7)):
        loss, gradient = evaluate(case.ours, x, target, denominator=denominator, **options)
        torch.testing.assert_close(loss, total / 7)
        torch.testing.assert_close(gradient, slope / 7, rtol=1e-5, atol=1e-6)
    loss, _ = evaluate(
        case.ours, x, target, denominator=7, sample_weight=torch.tensor(2.0), **options
    )
    torch.testing.assert_close(loss, 2 * total / 7)


def test_parts_of_a_batch_add_up_to_the_whole() -> None:
    x, y = torch.randn(12, 5, requires_grad=True), torch.randint(5, (12,))
    y[[1, 2, 7]] = -100
    for part in range(0, 12, 4):
        rows = slice(part, part + 4)
        FL.cross_entropy(x[rows], y[rows], denominator=int((y != -100).sum())).backward()
    _, whole = evaluate(F.cross_entropy, x, y)
    torch.testing.assert_close(x.grad, whole)
