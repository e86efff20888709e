"""Every function against torch's own: what is called, with what, and what torch calls it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

import fusedloss.torch.functional as FL

DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
REDUCTIONS = ("mean", "sum", "none")
SHAPE = (6, 5)


def sigmoid_focal_loss(
    inputs: Tensor,
    targets: Tensor,
    alpha: float = 0.25,
    gamma: float = 2.0,
    reduction: str = "none",
) -> Tensor:
    """The formula of torchvision.ops.sigmoid_focal_loss."""
    p = torch.sigmoid(inputs)
    cost = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    loss = cost * (1 - p_t) ** gamma
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return reduce(loss, reduction)


def softmax_focal_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    alpha: float = 0.25,
    gamma: float = 2.0,
) -> Tensor:
    """alpha w_y (1 - p_y)^gamma times the smoothed cross-entropy, for class indices."""
    exists = target != ignore_index
    labels = target.where(exists, 0).long().unsqueeze(1)
    log_p = input.log_softmax(1)
    own = log_p.gather(1, labels).squeeze(1)
    smooth = -(1 - label_smoothing) * own - label_smoothing * log_p.mean(1)
    w = torch.ones_like(own) if weight is None else weight[labels.squeeze(1)]
    loss = (alpha * w * (1 - own.exp()) ** gamma * smooth).where(exists, 0)
    if reduction == "mean":
        return loss.sum() / w.where(exists, 0).sum()
    return reduce(loss, reduction)


def reduce(loss: Tensor, reduction: str) -> Tensor:
    return loss if reduction == "none" else getattr(loss, reduction)()


def weighted(function: Callable[..., Tensor], counts: bool) -> Callable[..., Tensor]:
    """A function with `weight` as in torch 2.13; older versions have none."""

    def loss(
        input: Tensor, target: Tensor, *, weight: Tensor, reduction: str, **options: Any
    ) -> Tensor:
        losses = function(input, target, reduction="none", **options) * weight
        if reduction == "mean" and counts:
            return losses.sum() / weight.sum()
        return reduce(losses, reduction)

    return loss


@dataclass
class Case:
    id: str
    ours: Callable[..., Tensor]
    theirs: Callable[..., Tensor]
    inputs: Callable[[], tuple[Tensor, Tensor]]
    options: dict[str, Any] = field(default_factory=dict)


def numbers() -> tuple[Tensor, Tensor]:
    return torch.randn(SHAPE), torch.randn(SHAPE)


def counts() -> tuple[Tensor, Tensor]:
    return torch.randn(SHAPE), torch.poisson(torch.full(SHAPE, 2.0))


def rates() -> tuple[Tensor, Tensor]:
    return torch.rand(SHAPE) * 3, torch.poisson(torch.full(SHAPE, 2.0))


def probabilities() -> tuple[Tensor, Tensor]:
    return torch.rand(SHAPE), torch.rand(SHAPE)


def logits() -> tuple[Tensor, Tensor]:
    return 3 * torch.randn(SHAPE), torch.rand(SHAPE)


def labels(*shape: int, classes: int = 5, ignored: int = -100) -> Callable[..., Any]:
    def make() -> tuple[Tensor, Tensor]:
        y = torch.randint(classes, shape)
        if y.numel() > 1:
            y.view(-1)[1] = ignored
        input_shape = (*shape[:1], classes, *shape[1:])
        return 3 * torch.randn(input_shape), y

    return make


def distributions(*shape: int) -> Callable[..., Any]:
    axis = 1 if len(shape) > 1 else 0
    return lambda: (3 * torch.randn(shape), torch.randn(shape).softmax(axis))


W = torch.rand(SHAPE, generator=torch.Generator().manual_seed(1)) + 0.1
CLASSES = W[0]

CASES = [
    Case("mse", FL.mse_loss, F.mse_loss, numbers),
    Case("mse-weight", FL.mse_loss, weighted(F.mse_loss, True), numbers, {"weight": W}),
    Case("l1", FL.l1_loss, F.l1_loss, numbers),
    Case("l1-weight", FL.l1_loss, weighted(F.l1_loss, True), numbers, {"weight": W}),
    Case("huber", FL.huber_loss, F.huber_loss, numbers),
    Case("huber-delta", FL.huber_loss, F.huber_loss, numbers, {"delta": 0.3}),
    Case("huber-weight", FL.huber_loss, weighted(F.huber_loss, False), numbers, {"weight": W}),
    Case("poisson", FL.poisson_nll_loss, F.poisson_nll_loss, counts),
    Case("poisson-full", FL.poisson_nll_loss, F.poisson_nll_loss, counts, {"full": True}),
    Case("poisson-rate", FL.poisson_nll_loss, F.poisson_nll_loss, rates, {"log_input": False}),
    Case(
        "poisson-rate-full",
        FL.poisson_nll_loss,
        F.poisson_nll_loss,
        rates,
        {"log_input": False, "full": True, "eps": 1e-3},
    ),
    Case("bce", FL.binary_cross_entropy, F.binary_cross_entropy, probabilities),
    Case("bce-w", FL.binary_cross_entropy, F.binary_cross_entropy, probabilities, {"weight": W}),
    Case(
        "bce-row", FL.binary_cross_entropy, F.binary_cross_entropy, probabilities, {"weight": W[0]}
    ),
]
for _id, _options in {
    "bce-logits": {},
    "bce-logits-weight": {"weight": W},
    "bce-logits-column": {"weight": W[:, :1]},
    "bce-logits-pos": {"pos_weight": W[0] * 3},
    "bce-logits-pos-weight": {"pos_weight": W, "weight": W[1]},
}.items():
    CASES.append(
        Case(
            _id,
            FL.binary_cross_entropy_with_logits,
            F.binary_cross_entropy_with_logits,
            logits,
            _options,
        )
    )
for _id, _options in {
    "sigmoid-focal": {},
    "sigmoid-focal-unbalanced": {"alpha": -1.0},
    "sigmoid-focal-0": {"alpha": 0.6, "gamma": 0.0},
    "sigmoid-focal-half": {"gamma": 0.5},
}.items():
    CASES.append(Case(_id, FL.sigmoid_focal_loss, sigmoid_focal_loss, logits, _options))
for _id, _make, _options in (
    ("ce", labels(6), {}),
    ("ce-1-row", labels(1, ignored=2), {}),
    ("ce-2d", labels(6, 4), {}),
    ("ce-4d", labels(2, 3, 2, 2), {}),
    ("ce-unbatched", labels(), {}),
    ("ce-ignore", labels(6, ignored=3), {"ignore_index": 3}),
    ("ce-weight", labels(6), {"weight": CLASSES}),
    ("ce-weight-2d", labels(6, 4), {"weight": CLASSES}),
    ("ce-smooth", labels(6), {"label_smoothing": 0.1}),
    ("ce-smooth-2d", labels(6, 4), {"label_smoothing": 0.1}),
    ("ce-smooth-1", labels(6), {"label_smoothing": 1.0}),
    ("ce-smooth-weight", labels(6, 4), {"label_smoothing": 0.1, "weight": CLASSES}),
    ("ce-many-classes", labels(7, classes=3000), {}),
    ("ce-prob", distributions(6, 5), {}),
    ("ce-prob-2d", distributions(6, 5, 4), {}),
    ("ce-prob-unbatched", distributions(5), {}),
    ("ce-prob-weight", distributions(6, 5), {"weight": CLASSES}),
    ("ce-prob-smooth", distributions(6, 5, 4), {"label_smoothing": 0.1}),
    ("ce-prob-smooth-weight", distributions(6, 5), {"label_smoothing": 0.1, "weight": CLASSES}),
):
    CASES.append(Case(_id, FL.cross_entropy, F.cross_entropy, _make, _options))
for _id, _make, _options in (
    ("softmax-focal", labels(6), {}),
    ("softmax-focal-2d", labels(6, 4), {"gamma": 0.5, "alpha": 1.0}),
    ("softmax-focal-weight", labels(6, ignored=2), {"weight": CLASSES, "ignore_index": 2}),
    ("softmax-focal-smooth", labels(6), {"label_smoothing": 0.1, "gamma": 0.0}),
):
    CASES.append(Case(_id, FL.softmax_focal_loss, softmax_focal_loss, _make, _options))


def evaluate(
    function: Callable[..., Tensor],
    input: Tensor,
    target: Tensor,
    upstream: Tensor | None = None,
    **options: Any,
) -> tuple[Tensor, Tensor]:
    """The loss, and its gradient for what flows into it."""
    leaf = input.detach().clone().requires_grad_()
    loss = function(leaf, target, **options)
    (gradient,) = torch.autograd.grad(loss, leaf, upstream)
    return loss.detach(), gradient


def in_double(options: dict[str, Any]) -> dict[str, Any]:
    return {k: v.double() if isinstance(v, Tensor) else v for k, v in options.items()}


def assert_accurate(actual: Tensor, exact: Tensor, dtype: torch.dtype, units: float) -> None:
    """Compare with a float64 reference, in units of what ``dtype`` resolves.

    What cancels to nearly 0 was computed at the size of the largest element, or of 1, in float32 or
    better; float16 also ends at its smallest subnormal.
    """
    kind = torch.finfo(dtype)
    computed = torch.finfo(torch.promote_types(dtype, torch.float32))
    size = max(1.0, *exact[exact.isfinite()].abs().flatten().tolist(), 0.0)
    absolute = max(8 * computed.eps * size, kind.smallest_normal * kind.eps)
    torch.testing.assert_close(
        actual.double(), exact, rtol=units * kind.eps, atol=absolute, equal_nan=True
    )
