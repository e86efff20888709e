"""Gradients written over the predictions: the same numbers, and no others spoilt."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.utils.checkpoint
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch_arguments import IN_PLACE
from torch_case import Case
from torch_cases import CASES, FIRST
from torch_checks import in_dtype

import fusedloss.torch as flt
import fusedloss.torch.functional as FL
from fusedloss import LabelError

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
OFFERED = [case for case in CASES if case.ours.__name__ in IN_PLACE]
each = pytest.mark.parametrize("name", IN_PLACE)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_who_offers_it() -> None:
    single = {name for name in FL.__all__ if FIRST[name].wrt == (0,)}
    # Whose probabilities come from a sigmoid, which needs them in its backward.
    assert set(IN_PLACE) == single - {"binary_cross_entropy"}
    for name in IN_PLACE:
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
    assert ("inplace" in inspect.signature(module.forward).parameters) is (function in IN_PLACE)
    if function in IN_PLACE:
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


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # Dynamo
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")  # by torch's forward mode
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
