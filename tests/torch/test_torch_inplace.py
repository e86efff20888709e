"""Gradients written over the predictions: the same numbers, and no others spoilt."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch_case import Case
from torch_cases import CASES, FIRST
from torch_checks import in_dtype
from torch_support import is_fused

import fusedloss.torch as flt
import fusedloss.torch.functional as FL
from fusedloss import LabelError

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
NAMES = [
    name for name in FL.__all__ if "inplace" in inspect.signature(getattr(FL, name)).parameters
]
OFFERED = [case for case in CASES if case.ours.__name__ in NAMES]
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_who_offers_it() -> None:
    single = {name for name in FL.__all__ if FIRST[name].wrt == (0,)}
    # Whose probabilities come from a sigmoid, which needs them in its backward.
    assert set(NAMES) == single - {"binary_cross_entropy"}
    for name in NAMES:
        parameter = inspect.signature(getattr(FL, name)).parameters["inplace"]
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert parameter.default is False
        input_name = next(iter(inspect.signature(getattr(FL, name)).parameters))
        assert f"\n  inplace: whether the gradient may be written over `{input_name}`," in (
            getattr(FL, name).__doc__
        )


# What is computed.


def _reversed(x: Tensor) -> Tensor:
    return x.permute(*reversed(range(x.ndim))).contiguous()


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "contiguous": lambda x: x * 1,
    "permuted": lambda x: (_reversed(x) * 1).permute(*reversed(range(x.ndim))),
    "strided": lambda x: torch.stack([x, x], -1)[..., 0],
}


def trained(case: Case, layout: str, dtype: torch.dtype, **options: Any) -> tuple[Any, ...]:
    """Loss, gradient of what the predictions are computed from, what they hold before and after."""
    torch.manual_seed(0)
    values, *others = in_dtype(case.inputs(), dtype)
    leaf = values.detach().clone().requires_grad_()
    x = LAYOUTS[layout](leaf)
    loss = case.ours(x, *others, **case.options, **options)
    loss.backward()
    assert leaf.grad is not None
    return loss.detach(), leaf.grad, values, x.detach()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", OFFERED, ids=lambda case: case.id)
def test_the_same_bits(case: Case, layout: str) -> None:
    for dtype in case.dtypes:
        for reduction in ("mean", "sum"):
            arguments = case, layout, dtype
            loss, gradient, _, after = trained(*arguments, reduction=reduction, inplace=True)
            expected, wanted, before, kept = trained(*arguments, reduction=reduction)
            assert torch.equal(loss, expected)
            assert torch.equal(gradient, wanted)
            assert torch.equal(kept, before)
            if case.id == "multi-margin-unbatched":  # computed in another shape
                assert torch.equal(after, before)
            elif dtype is not torch.float16:  # scaled in the backward
                assert torch.equal(after, wanted)


def test_channels_last() -> None:
    leaf = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last).requires_grad_()
    y = torch.randint(3, (2, 4, 5))
    gradients = []
    for inplace in (False, True):
        x = leaf * 1
        assert x.is_contiguous(memory_format=torch.channels_last)
        gradients += torch.autograd.grad(FL.cross_entropy(x, y, inplace=inplace), leaf)
    assert torch.equal(*gradients)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_the_gradient_is_the_memory_of_the_predictions(dtype: torch.dtype) -> None:
    """A step takes no second tensor of their size."""
    linear = nn.Linear(4, 5, dtype=dtype)
    y = torch.randint(5, (6,))
    for inplace in (True, False):
        logits = linear(torch.randn(6, 4, dtype=dtype))
        received: list[int] = []
        logits.register_hook(lambda gradient, to=received: to.append(gradient.data_ptr()))
        FL.cross_entropy(logits, y, inplace=inplace, denominator=7).backward()
        assert (received == [logits.data_ptr()]) is inplace


def test_statistics_are_of_the_values_that_were_there() -> None:
    leaf, y = torch.randn(6, 5, requires_grad=True), torch.tensor([0, 1, -100, 4, 2, 0])
    weight = torch.rand(5) + 0.1
    results = []
    for inplace in (False, True):
        loss, found = FL.cross_entropy(
            leaf * 1, y, weight, label_smoothing=0.1, return_statistics=True, inplace=inplace
        )
        (gradient,) = torch.autograd.grad(loss, leaf)
        results.append((loss, gradient, found.log_sum_exp, found.entropy, found.correct))
    for expected, actual in zip(*results, strict=True):
        assert torch.equal(actual, expected)


@each
def test_what_is_left_out_has_gradient_0(name: str) -> None:
    case = FIRST[name]
    losses = case.ours(*case.inputs(), reduction="none", **case.options).shape
    mask = torch.rand(losses) > 0.5
    options = {"mask": mask, "sample_weight": torch.rand(losses[:1]), "reduction": "mean"}
    expected, wanted, _, _ = trained(case, "contiguous", torch.float32, **options)
    loss, gradient, _, after = trained(case, "contiguous", torch.float32, **options, inplace=True)
    assert torch.equal(loss, expected)
    assert torch.equal(gradient, wanted)
    assert torch.equal(after, wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
def test_factors_and_further_backwards(dtype: torch.dtype) -> None:
    """They leave alone what the next backward needs."""
    leaf, y = torch.randn(6, 5, dtype=dtype, requires_grad=True), torch.randint(5, (6,))
    expected = [
        torch.autograd.grad(factor * FL.cross_entropy(leaf * 1, y), leaf)[0] for factor in (3, 1)
    ]
    loss = FL.cross_entropy(leaf * 1, y, inplace=True)
    scaled = 3 * loss
    for of, wanted in ((scaled, expected[0]), (loss, expected[1]), (scaled, expected[0])):
        assert torch.equal(torch.autograd.grad(of, leaf, retain_graph=True)[0], wanted)
    assert torch.equal(torch.autograd.grad(loss, leaf)[0], expected[1])


@pytest.mark.parametrize("name", flt.modules.__all__)
def test_modules_offer_it_as_their_function_does(name: str) -> None:
    module = getattr(flt, name)(reduction="sum")
    function = next(
        each
        for each in FL.__all__
        if f"`fusedloss.torch.functional.{each}`" in type(module).__doc__
    )
    assert ("inplace" in inspect.signature(module.forward).parameters) is (function in NAMES)
    if function in NAMES:
        values, *others = FIRST[function].inputs()
        if name == "MultiMarginLoss":
            others = [others[0].clamp_min(0)]
        x = values.clone().requires_grad_() * 1
        module(x, *others, inplace=True)
        assert not torch.equal(x, values)


# Where the gradient is not computed with the loss, predictions stay as they are.


def jvp(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with forward_ad.dual_level():
        return function(forward_ad.make_dual(x, torch.ones_like(x)))


class Wrapped(Tensor):
    pass


ELSEWHERE: dict[str, Callable[[Callable[..., Tensor], Tensor], Any]] = {
    "no gradient": lambda function, x: function(x.detach()),
    "no_grad": lambda function, x: torch.no_grad()(function)(x),
    "none": lambda function, x: function(x, reduction="none").sum().backward(),
    "another dtype": lambda function, x: function(x, wide=True).backward(),
    "subclass": lambda function, x: function(x.as_subclass(Wrapped)).backward(),
    "func.grad": lambda function, x: torch.func.grad(function)(x),
    "vmap": lambda function, x: torch.vmap(function)(x.unsqueeze(0)),
    "forward mode": lambda function, x: jvp(function, x),
    "compiled": lambda function, x: torch.compile(function, backend="aot_eager", fullgraph=True)(
        x
    ).backward(),
    "differentiated targets": lambda function, x: function(x, learned=True).backward(),
}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_predictions_stay_as_they_are(where: str) -> None:
    leaf, y = torch.randn(6, 5, requires_grad=True), torch.randn(6, 5)

    def function(
        x: Tensor, reduction: str = "mean", wide: bool = False, learned: bool = False
    ) -> Tensor:
        target = y.double() if wide else y
        if learned:
            target = target.clone().requires_grad_()
        return FL.mse_loss(x, target, reduction=reduction, inplace=True)

    torch.compiler.reset()
    x = leaf * 1
    ELSEWHERE[where](function, x)
    assert torch.equal(x, leaf)
    if leaf.grad is not None:
        size = 1 if where == "none" else y.numel()
        torch.testing.assert_close(leaf.grad, 2 * (leaf - y) / size)


def test_predictions_that_are_broadcast_stay_as_they_are() -> None:
    leaf, y = torch.randn(5, requires_grad=True), torch.randn(6, 5)
    x = leaf * 1
    FL.poisson_nll_loss(x, y, inplace=True).backward()
    assert torch.equal(x, leaf)
    assert leaf.grad is not None
    torch.testing.assert_close(leaf.grad, (leaf.exp() - y).sum(0) / 30)


def test_complex_predictions_stay_as_they_are() -> None:
    leaf = torch.randn(6, dtype=torch.complex64, requires_grad=True)
    x = leaf * 1
    FL.l1_loss(x, torch.randn(6, dtype=torch.complex64), inplace=True).backward()
    assert torch.equal(x, leaf)


def test_wrong_labels_leave_predictions_as_they_are() -> None:
    leaf = torch.randn(6, 5, requires_grad=True)
    x = leaf * 1
    version = x._version
    with pytest.raises(LabelError):
        FL.cross_entropy(x, torch.tensor([0, 1, 2, 3, 4, 5]), inplace=True)
    assert torch.equal(x, leaf)
    assert x._version == version


# What is refused.


@each
def test_leaves_are_refused(name: str) -> None:
    case = FIRST[name]
    values, *others = case.inputs()
    input_name = next(iter(inspect.signature(getattr(FL, name)).parameters))
    for reduction in ("mean", "sum", "none"):
        leaf = values.clone().requires_grad_()
        for x, what in ((leaf, "a leaf"), (leaf.view(leaf.shape), "a view of a leaf")):
            with pytest.raises(RuntimeError, match=rf"^{input_name} is {what} that requires grad"):
                case.ours(x, *others, **case.options, reduction=reduction, inplace=True)
        assert torch.equal(leaf, values)
        with torch.no_grad():
            case.ours(leaf, *others, **case.options, reduction=reduction, inplace=True)
        assert torch.equal(leaf, values)


def test_leaves_are_refused_in_other_modes() -> None:
    leaf, y = torch.randn(6, requires_grad=True), torch.randn(6)

    def function(x: Tensor, y: Tensor) -> Tensor:
        return FL.mse_loss(x, y, inplace=True)

    torch.compiler.reset()
    for loss in (
        torch.compile(function, backend="eager"),
        lambda x, y: function(x, y.double()),
        lambda x, y: function(x.as_subclass(Wrapped), y),
        lambda x, y: function(x.to("meta").detach().requires_grad_(), y.to("meta")),
    ):
        with pytest.raises(RuntimeError, match=r"leaf that requires grad"):
            loss(leaf, y)


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[:1].expand(6, 5),
        lambda x: x.as_strided((6, 5), (1, 1)),
        lambda x: x.flatten().unfold(0, 5, 1)[:6],
    ],
)
def test_views_that_overlap_themselves_are_refused(view: Callable[[Tensor], Tensor]) -> None:
    x = torch.randn(6, 5, requires_grad=True) * 1
    before = x.detach().clone()
    for reduction in ("mean", "none"):
        with pytest.raises(ValueError, match=r"^input must have memory for each element"):
            FL.mse_loss(view(x), torch.randn(6, 5), reduction=reduction, inplace=True)
    assert torch.equal(x, before)


def test_arguments_that_share_memory_are_refused() -> None:
    def draw() -> Tensor:
        return torch.randn(6, 5, requires_grad=True) * 1

    def refused(name: str, function: Callable[..., Tensor], x: Tensor, **options: Any) -> None:
        before = x.detach().clone()
        with pytest.raises(ValueError, match=rf"^{name} must not share memory with input"):
            function(x, **options, inplace=True)
        assert torch.equal(x, before)

    x, y = draw(), torch.randn(6, 5)
    refused("target", FL.mse_loss, x, target=x)
    refused("target", FL.mse_loss, x, target=x.detach())
    refused("target", FL.mse_loss, x[:3], target=x.detach()[2:5])
    half = draw().bfloat16() * 1
    refused("target", FL.mse_loss, half, target=half.detach())
    refused("weight", FL.mse_loss, x, target=y, weight=x.detach())
    refused("sample_weight", FL.mse_loss, x, target=y, sample_weight=x.detach()[:, 0])
    refused("mask", FL.mse_loss, x, target=y, mask=x.detach().view(torch.bool)[:, :5])
    refused(
        "pos_weight", FL.binary_cross_entropy_with_logits, x, target=y, pos_weight=x.detach()[0]
    )
    labels = torch.randint(5, (6,))
    refused("weight", FL.cross_entropy, x, target=labels, weight=x.detach()[0])


def test_neighbours_do_not_share_memory() -> None:
    leaf = torch.randn(6, 10, requires_grad=True)
    both = leaf * 1
    loss = FL.mse_loss(both[:, :5], both.detach()[:, 5:], inplace=True)
    assert is_fused(loss)
    loss.backward()
    wanted = torch.zeros(6, 10)
    wanted[:, :5] = 2 / 30 * (leaf[:, :5] - leaf[:, 5:]).detach()
    assert leaf.grad is not None
    torch.testing.assert_close(leaf.grad, wanted)
    assert torch.equal(both[:, 5:], leaf[:, 5:])


def test_no_second_derivative() -> None:
    leaf, y = torch.randn(6, 5, requires_grad=True), torch.randint(5, (6,))
    for factor in (1, 2):
        loss = factor * FL.cross_entropy(leaf * 1, y, inplace=True)
        with pytest.raises(RuntimeError, match="inplace=True has no second derivative"):
            torch.autograd.grad(loss, leaf, create_graph=True)
    rows = FL.cross_entropy(leaf * 1, y, reduction="none", inplace=True).sum()
    (gradient,) = torch.autograd.grad(rows, leaf, create_graph=True)
    gradient.square().sum().backward()  # of rows there is


# Who needs the values that are gone is told.


@pytest.mark.parametrize("last", [torch.relu, torch.sigmoid, torch.tanh, torch.exp])
def test_operations_that_save_their_result_raise(last: Callable[[Tensor], Tensor]) -> None:
    x = last(torch.randn(6, 5, requires_grad=True))
    loss = FL.mse_loss(x, torch.randn(6, 5), inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
    view = last(torch.randn(6, 5, requires_grad=True))[1:]
    loss = FL.mse_loss(view, torch.randn(5, 5), inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_log_softmax_raises() -> None:
    x = F.log_softmax(torch.randn(6, 5, requires_grad=True), 1)
    loss = FL.nll_loss(x, torch.randint(5, (6,)), inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_another_loss_of_the_same_predictions_raises() -> None:
    x = torch.randn(6, 5, requires_grad=True) * 1
    other = FL.cross_entropy(x, torch.randint(5, (6,)), reduction="none").mean()
    loss = FL.mse_loss(x, torch.randn(6, 5), inplace=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        (loss + other).backward()


def test_a_gradient_that_is_changed_before_the_backward_raises() -> None:
    x = torch.randn(6, 5, requires_grad=True) * 1
    loss = FL.mse_loss(x, torch.randn(6, 5), inplace=True)
    with torch.no_grad():
        x += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("last", ["linear", "convolution"])
def test_operations_that_do_not_need_their_result(last: str) -> None:
    layer = nn.Linear(4, 5) if last == "linear" else nn.Conv2d(4, 5, 1)
    given = torch.randn(6, 4) if last == "linear" else torch.randn(2, 4, 3, 3)
    y = torch.randint(5, (6,) if last == "linear" else (2, 3, 3))
    gradients = []
    for inplace in (False, True):
        loss = flt.CrossEntropyLoss()(layer(given), y, inplace=inplace)
        gradients.append(torch.autograd.grad(loss, (*layer.parameters(),)))
    for expected, actual in zip(*gradients, strict=True):
        assert torch.equal(actual, expected)


def test_a_checkpoint_computes_predictions_again() -> None:
    layer, given, y = nn.Linear(4, 5), torch.randn(6, 4), torch.randint(5, (6,))

    def loss(given: Tensor) -> Tensor:
        return FL.cross_entropy(layer(given), y, inplace=True)

    (expected,) = torch.autograd.grad(loss(given), layer.weight)
    result = torch.utils.checkpoint.checkpoint(loss, given, use_reentrant=False)
    assert torch.equal(torch.autograd.grad(result, layer.weight)[0], expected)
