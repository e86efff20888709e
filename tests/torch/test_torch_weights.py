"""What torch does not have: sample weights, masks and denominators."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_cases import CASES, Case
from torch_checks import evaluate, evaluate_all

import fusedloss.torch.functional as FL

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_batch = pytest.mark.parametrize(
    "case", [case for case in CASES if "unbatched" not in case.id], ids=lambda case: case.id
)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def rows_of(tensors: tuple[Tensor, ...], copies: Tensor) -> tuple[Tensor, ...]:
    """The arguments of so many copies of each sample of a batch."""
    batch = len(tensors[0])
    return tuple(t.repeat_interleave(copies, 0) if t.shape[:1] == (batch,) else t for t in tensors)


def options_of(case: Case, ndim: int, copies: Tensor) -> dict[str, Any]:
    """The options for these copies."""
    options = case.options.copy()
    for name in ("weight", "pos_weight"):
        if name in options and options[name].ndim == ndim:
            options[name] = options[name].repeat_interleave(copies, 0)
    return options


@each_batch
def test_a_weight_of_two_counts_like_a_sample_twice(case: Case) -> None:
    arguments = case.inputs()
    x = arguments[0]
    copies = torch.randint(3, (len(x),))
    copies[0] = 1
    repeated = rows_of(arguments, copies)
    options = options_of(case, x.ndim, copies)
    samples = torch.arange(len(x)).repeat_interleave(copies)
    for reduction in ("mean", "sum"):
        loss, gradients = evaluate_all(
            case.ours,
            arguments,
            case.wrt,
            sample_weight=copies,
            reduction=reduction,
            **case.options,
        )
        exact, slopes = evaluate_all(
            case.theirs, repeated, case.wrt, reduction=reduction, **options
        )
        torch.testing.assert_close(loss, exact)
        for gradient, slope in zip(gradients, slopes, strict=True):
            if slope.shape[:1] == samples.shape:
                slope = torch.zeros_like(gradient).index_add(0, samples, slope)
            close = case.units * 1.2e-6
            torch.testing.assert_close(gradient, slope, rtol=close, atol=close)


@each_batch
def test_a_mask_leaves_samples_out(case: Case) -> None:
    arguments = case.inputs()
    x = arguments[0]
    mask = torch.tensor([True, False, True, True, False, True, True][: len(x)])
    copies = mask.long()
    kept = rows_of(arguments, copies)
    options = options_of(case, x.ndim, copies)
    if "distance-own" not in case.id:  # torch differentiates that
        x[~mask] = torch.nan  # harmless: it is not there
    for reduction in ("mean", "sum", "none"):
        loss, gradients = evaluate_all(
            lambda *a, _r=reduction: case.ours(*a, mask=mask, reduction=_r, **case.options).sum(),
            arguments,
            case.wrt,
        )
        exact, slopes = evaluate_all(
            lambda *a, _r=reduction: case.theirs(*a, reduction=_r, **options).sum(),
            kept,
            case.wrt,
        )
        torch.testing.assert_close(loss, exact)
        for gradient, slope in zip(gradients, slopes, strict=True):
            if slope.shape[:1] == kept[0].shape[:1]:
                assert (gradient[~mask] == 0).all()
                gradient = gradient[mask]
            torch.testing.assert_close(gradient, slope, rtol=1e-5, atol=1e-5)


@each
def test_sample_weights_multiply_losses_that_are_not_reduced(case: Case) -> None:
    arguments = case.inputs()
    losses = case.theirs(*arguments, reduction="none", **case.options)
    for shape in {losses.shape, losses.shape[:1], torch.Size()}:
        weight, mask = torch.randn(shape), torch.rand(shape) < 0.7
        spread = (*shape, *[1] * (losses.ndim - len(shape)))
        weighted = case.ours(*arguments, reduction="none", sample_weight=weight, **case.options)
        torch.testing.assert_close(weighted, weight.reshape(spread) * losses, rtol=1e-5, atol=1e-6)
        masked = case.ours(
            *arguments, reduction="none", sample_weight=weight, mask=mask, **case.options
        )
        expected = torch.where(mask.reshape(spread), weighted, 0)
        torch.testing.assert_close(masked, expected, rtol=1e-5, atol=1e-6)


@each
def test_denominators_replace_the_divisor(case: Case) -> None:
    arguments = case.inputs()
    total, slopes = evaluate_all(case.theirs, arguments, case.wrt, reduction="sum", **case.options)
    options = case.options | {"reduction": "mean"}
    for denominator in (7, 7.0, torch.tensor(7), torch.tensor(7.0, dtype=torch.float64)):
        loss, gradients = evaluate_all(
            case.ours, arguments, case.wrt, denominator=denominator, **options
        )
        torch.testing.assert_close(loss, total / 7)
        for gradient, slope in zip(gradients, slopes, strict=True):
            close = case.units * 2e-7
            torch.testing.assert_close(gradient, slope / 7, rtol=10 * close, atol=close)
    loss, _ = evaluate_all(
        case.ours,
        arguments,
        case.wrt,
        denominator=7,
        sample_weight=torch.tensor(2.0),
        mask=torch.tensor(True),
        **options,
    )
    torch.testing.assert_close(loss, 2 * total / 7)


@each
def test_denominators_that_cannot_be_read_here(case: Case) -> None:
    arguments = case.inputs()
    options = case.options | {"reduction": "mean"}

    def loss(denominator: Tensor) -> Tensor:
        return case.ours(*arguments, denominator=denominator, **options)

    several = torch.tensor([2.0, 7.0])
    batched = torch.func.vmap(loss)(several)
    for denominator, expected in zip(several, batched, strict=True):
        torch.testing.assert_close(loss(denominator), expected)


def test_parts_of_a_batch_add_up_to_the_whole() -> None:
    x, y = torch.randn(12, 5, requires_grad=True), torch.randint(5, (12,))
    y[[1, 2, 7]] = -100
    count = (y != -100).sum()
    for part in range(0, 12, 4):
        rows = slice(part, part + 4)
        FL.cross_entropy(x[rows], y[rows], denominator=count).backward()
    _, whole = evaluate(F.cross_entropy, x, y)
    torch.testing.assert_close(x.grad, whole)


@pytest.mark.parametrize("log_target", [False, True])
def test_the_batchmean_of_a_divergence(log_target: bool) -> None:
    x, y = torch.randn(4, 3, 2).log_softmax(1), torch.randn(4, 3, 2).log_softmax(1)
    y = y if log_target else y.exp()
    options: dict[str, Any] = {"reduction": "batchmean", "log_target": log_target}
    loss, gradient = evaluate(FL.kl_div, x, y, **options)
    exact, slope = evaluate(F.kl_div, x, y, **options)
    torch.testing.assert_close(loss, exact)
    torch.testing.assert_close(gradient, slope)
    losses = F.kl_div(x, y, reduction="none", log_target=log_target)
    weight = torch.rand(4)
    weighted = (losses * weight[:, None, None]).sum() / weight.sum()
    torch.testing.assert_close(FL.kl_div(x, y, sample_weight=weight, **options), weighted)
    mask = torch.tensor([True, False, True, True])
    torch.testing.assert_close(FL.kl_div(x, y, mask=mask, **options), losses[mask].sum() / 3)
    torch.testing.assert_close(FL.kl_div(x, y, denominator=5, **options), losses.sum() / 5)
    assert FL.kl_div(x[:0], y[:0], **options).isnan()
    torch.testing.assert_close(
        FL.kl_div(x[0, 0, 0], y[0, :, 0], **options), F.kl_div(x[0, 0, 0], y[0, :, 0], **options)
    )


def test_the_mean_over_positives() -> None:
    x, y = torch.randn(6, 5), (torch.rand(6, 5) < 0.3).float()
    losses = FL.sigmoid_focal_loss(x, y)
    options: dict[str, Any] = {"reduction": "mean", "denominator": "positives"}
    torch.testing.assert_close(FL.sigmoid_focal_loss(x, y, **options), losses.sum() / y.sum())
    torch.testing.assert_close(
        FL.sigmoid_focal_loss(x, torch.zeros(6, 5), **options),
        FL.sigmoid_focal_loss(x, torch.zeros(6, 5)).sum(),
    )
    weight, mask = torch.tensor([0.0, 0.5, 1.0, 2.0, 3.0, 4.0]), torch.rand(6, 5) < 0.7
    kept = (losses * weight[:, None])[mask].sum()
    torch.testing.assert_close(
        FL.sigmoid_focal_loss(x, y, sample_weight=weight, mask=mask, **options),
        kept / max(1.0, y[1:][mask[1:]].sum().item()),
    )


def test_one_alpha_for_each_label() -> None:
    x, y = torch.randn(6, 3), torch.randint(2, (6, 3))
    each = [0.2, 0.5, 0.9]
    together = FL.sigmoid_focal_loss(x, y, alpha=each)
    for label, alpha in enumerate(each):
        alone = FL.sigmoid_focal_loss(x[:, label], y[:, label], alpha=alpha)
        torch.testing.assert_close(together[:, label], alone)
    learned = torch.tensor(each, requires_grad=True)
    loss = FL.sigmoid_focal_loss(x, y, alpha=learned, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, learned)
    step = torch.tensor([0.0, 1e-2, 0.0])
    ends = [
        FL.sigmoid_focal_loss(x, y, alpha=learned.detach() + side * step, reduction="sum")
        for side in (1, -1)
    ]
    assert math.isclose(gradient[1].item(), ((ends[0] - ends[1]) / 2e-2).item(), rel_tol=1e-3)


@pytest.mark.parametrize(
    "weights",
    [
        {"sample_weight": torch.tensor(2.0)},
        {"mask": torch.tensor(True)},
        {"weight": torch.ones(())},
    ],
    ids=lambda weights: next(iter(weights)),
)
def test_a_number_on_the_cpu_counts_beside_predictions_elsewhere(weights: dict[str, Any]) -> None:
    x, y = (torch.rand(3, 4, device="meta") for _ in range(2))
    loss = FL.binary_cross_entropy_with_logits(x, y, **weights)
    assert (loss.device.type, loss.shape) == ("meta", ())
