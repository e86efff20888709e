"""Every intended difference from torch: what torch does, what is done here, and why."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_checks import evaluate

import fusedloss.torch.functional as FL

inf, nan = torch.inf, torch.nan


@dataclass
class Numbers:
    """A loss that is another one here."""

    why: str
    function: str
    input: Any
    target: Any
    ours: tuple[Any, Any]  # the loss, and its gradient
    theirs: tuple[Any, Any]
    options: dict[str, Any] = field(default_factory=lambda: {"reduction": "sum"})


NUMBERS = [
    Numbers(
        "the slope of a loss that is NaN is NaN: an error is not to look like a solution",
        "l1_loss",
        [nan],
        [0.0],
        (nan, [nan]),
        (nan, [0.0]),
    ),
    Numbers(
        "likewise, as with all losses of a difference, a sign or a margin",
        "hinge_embedding_loss",
        [nan],
        [1.0],
        (nan, [nan]),
        (nan, [1.0]),
    ),
    Numbers(
        "a certain error costs infinitely much, not NaN",
        "binary_cross_entropy_with_logits",
        [-inf],
        [1.0],
        (inf, [-1.0]),
        (nan, [-1.0]),
    ),
    Numbers(
        "the loss does not overflow",
        "soft_margin_loss",
        [-200.0],
        [1.0],
        (200.0, [-1.0]),
        (inf, [nan]),
    ),
    Numbers(
        "what has no probability costs nothing, also where nothing was predicted for it",
        "kl_div",
        [-inf, 0.0],
        [0.0, 1.0],
        (0.0, [0.0, -1.0]),
        (nan, [0.0, -1.0]),
    ),
    Numbers(
        "likewise for its logarithm",
        "kl_div",
        [-1.0, 0.0],
        [-inf, 0.0],
        (0.0, [0.0, -1.0]),
        (nan, [0.0, -1.0]),
        {"reduction": "sum", "log_target": True},
    ),
    Numbers(
        "a class that is no target costs nothing, also if its probability is 0",
        "cross_entropy",
        [[0.0, -inf]],
        [[1.0, 0.0]],
        (0.0, [[0.0, 0.0]]),
        (nan, [[0.0, 0.0]]),
    ),
    Numbers(
        "a class of weight 0 costs nothing, also if its probability is 0",
        "nll_loss",
        [[-inf, 0.0]],
        [0],
        (0.0, [[0.0, 0.0]]),
        (nan, [[0.0, 0.0]]),
        {"reduction": "sum", "weight": torch.tensor([0.0, 1.0])},
    ),
    Numbers(
        "what weighs nothing has gradient 0, also where the mean of nothing is NaN",
        "mse_loss",
        [1.0],
        [0.0],
        (nan, [0.0]),
        (nan, [nan]),
        {"weight": torch.zeros(1)},
    ),
    Numbers(
        "a row that is ignored is not there, even if it is NaN",
        "cross_entropy",
        [[nan, 0.0], [0.0, 0.0]],
        [-100, 0],
        (0.6931472, [[0.0, 0.0], [-0.5, 0.5]]),
        (0.6931472, [[nan, nan], [-0.5, 0.5]]),
    ),
]


def tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else torch.tensor(value)


@pytest.mark.parametrize("case", NUMBERS, ids=lambda case: case.why)
def test_numbers(case: Numbers) -> None:
    x, y = tensor(case.input), tensor(case.target)
    for module, expected in ((FL, case.ours), (F, case.theirs)):
        loss, gradient = evaluate(getattr(module, case.function), x, y, **case.options)
        torch.testing.assert_close(loss, tensor(expected[0]), equal_nan=True)
        torch.testing.assert_close(gradient, tensor(expected[1]), equal_nan=True)


X, LABELS = torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64)


@dataclass
class Refused:
    """What torch computes and is refused here."""

    why: str
    call: Callable[[Any], Tensor]  # given the module of functions
    message: str


REFUSED = [
    Refused(
        "a parameter that is infinite leaves a loss that is constant or infinite",
        lambda f: f.huber_loss(X, X, delta=inf),
        r"^delta must be finite",
    ),
    Refused(
        "likewise",
        lambda f: f.smooth_l1_loss(X, X, beta=inf),
        r"^beta must be finite",
    ),
    Refused(
        "likewise",
        lambda f: f.triplet_margin_loss(X, X, X, margin=inf),
        r"^margin must be finite",
    ),
    Refused(
        "a negative bound means nothing",
        lambda f: f.gaussian_nll_loss(X, X, X, eps=-1.0),
        r"^eps must be finite and",
    ),
    Refused(
        "likewise",
        lambda f: f.triplet_margin_loss(X, X, X, eps=-1.0),
        r"^eps must be finite and",
    ),
    Refused(
        "likewise",
        lambda f: f.poisson_nll_loss(X, X, log_input=False, eps=-1.0),
        r"^eps must be finite and",
    ),
    Refused(
        "torch sums over another axis than that of the labels",
        lambda f: f.multilabel_soft_margin_loss(X[0], X),
        r"^target must broadcast to the shape of input",
    ),
    Refused(
        "torch divides by another number than that of the labels",
        lambda f: f.multilabel_soft_margin_loss(X[:, :1], X),
        r"^target must broadcast to the shape of input",
    ),
    Refused(
        "torch takes the length of one before it is broadcast, and of the other after",
        lambda f: f.cosine_embedding_loss(X, X[:, :1], LABELS),
        r"^input1 and input2 must hold vectors of the same length",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.why)
def test_refused(case: Refused) -> None:
    case.call(F)
    with pytest.raises(ValueError, match=case.message):
        case.call(FL)


@dataclass
class Accepted:
    """What torch refuses and is computed here."""

    why: str
    call: Callable[[Any], Tensor]
    like: Callable[[Any], Tensor]  # what it is equal to


ACCEPTED = [
    Accepted(
        "labels are integers of any width",
        lambda f: f.cross_entropy(X, LABELS.int()),
        lambda f: f.cross_entropy(X, LABELS),
    ),
    Accepted(
        "likewise",
        lambda f: f.multi_margin_loss(X, LABELS.short()),
        lambda f: f.multi_margin_loss(X, LABELS),
    ),
    Accepted(
        "weights are of any real dtype",
        lambda f: f.nll_loss(X, LABELS, weight=torch.ones(3).double()),
        lambda f: f.nll_loss(X, LABELS, weight=torch.ones(3)),
    ),
    Accepted(
        "targets are of any real dtype",
        lambda f: f.kl_div(X, LABELS[:, None].expand(4, 3), reduction="sum"),
        lambda f: f.kl_div(X, torch.zeros(4, 3), reduction="sum"),
    ),
    Accepted(
        "likewise",
        lambda f: f.multilabel_soft_margin_loss(X, X.bool()),
        lambda f: f.multilabel_soft_margin_loss(X, X),
    ),
    Accepted(
        "a variance is a number of any kind",
        lambda f: f.gaussian_nll_loss(X, X, 2),
        lambda f: f.gaussian_nll_loss(X, X, 2.0),
    ),
    Accepted(
        "every loss takes half precision",
        lambda f: f.multi_margin_loss(X.half(), LABELS),
        lambda f: f.multi_margin_loss(X, LABELS),
    ),
    Accepted(
        "likewise",
        lambda f: f.multilabel_margin_loss(X.bfloat16(), LABELS[:, None].expand(4, 3)),
        lambda f: f.multilabel_margin_loss(X, LABELS[:, None].expand(4, 3)),
    ),
]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.why)
def test_accepted(case: Accepted) -> None:
    with pytest.raises((RuntimeError, TypeError, NotImplementedError)):
        case.call(F)
    torch.testing.assert_close(case.call(FL), case.like(F))


def test_the_loss_of_half_precision_is_not_rounded() -> None:
    x = torch.rand(1000).half()
    for function in ("mse_loss", "soft_margin_loss"):
        exact = getattr(F, function)(x.double(), torch.zeros(1000).double())
        ours, theirs = (getattr(m, function)(x, torch.zeros(1000).half()) for m in (FL, F))
        assert ours.dtype is torch.float32
        assert theirs.dtype is torch.float16
        torch.testing.assert_close(ours.double(), exact, rtol=1e-6, atol=0)


def test_the_mean_over_nothing_is_nan_for_every_loss() -> None:
    # torch 2.13 returns memory that nobody wrote
    nothing = torch.empty(0, 3)
    assert FL.multi_margin_loss(nothing, LABELS[:0]).isnan()
    assert FL.multilabel_margin_loss(nothing, nothing.long()).isnan()


def test_deprecated_arguments_take_the_place_of_every_reduction() -> None:
    x, y = torch.rand(4, 3), torch.rand(4, 3)
    mean = F.kl_div(x, y, reduction="sum") / 12
    with pytest.warns(UserWarning, match="size_average"):
        ours = FL.kl_div(x, y, size_average=True, reduction="batchmean")
    with pytest.warns(UserWarning, match="size_average"):
        theirs = F.kl_div(x, y, size_average=True, reduction="batchmean")
    torch.testing.assert_close(ours, mean)
    torch.testing.assert_close(theirs, mean / 4)


def test_variances_are_looked_at_where_that_takes_no_synchronisation() -> None:
    negative = torch.tensor([-1.0])
    for module in (FL, F):
        with pytest.raises(ValueError, match="var"):
            module.gaussian_nll_loss(X[0, :1], X[0, :1], negative)
    # torch raises here because of its branch, for good variances as well
    with pytest.raises(RuntimeError, match="data-dependent control flow"):
        torch.vmap(F.gaussian_nll_loss)(X, X, torch.ones(4, 3))
    torch.vmap(FL.gaussian_nll_loss)(X, X, torch.ones(4, 3))


def test_losses_that_are_left_to_torch() -> None:
    left = {name for name in ("ctc_loss", "linear_cross_entropy") if hasattr(F, name)}
    losses = {
        name
        for name, function in vars(F).items()
        if "reduction" in getattr(inspect.unwrap(function), "__annotations__", ())
    }
    assert losses - set(FL.__all__) == left
