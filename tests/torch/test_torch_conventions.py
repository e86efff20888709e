"""torch's conventions: dtypes that are mixed, sizes that differ, arguments it has deprecated."""

import inspect
import itertools
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch_cases import FIRST
from torch_checks import DTYPES, assert_accurate, evaluate, evaluate_all

import fusedloss.torch.functional as FL


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


# Dtypes.

SIGNED = [torch.int8, torch.int16, torch.int32, torch.int64]
INTEGERS = [*SIGNED, torch.uint8, torch.uint16, torch.uint32, torch.uint64]


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integer_labels_of_every_width(dtype: torch.dtype) -> None:
    x, y = torch.randn(6, 5, requires_grad=True), torch.randint(5, (6,))
    torch.testing.assert_close(FL.cross_entropy(x, y.to(dtype)), F.cross_entropy(x, y))
    # and in plain torch
    torch.testing.assert_close(
        torch.func.grad(FL.cross_entropy)(x, y.to(dtype)), torch.func.grad(F.cross_entropy)(x, y)
    )


# Losses whose targets are no part of what torch computes in.
OF_THE_INPUT = ("soft_margin_loss", "hinge_embedding_loss")


@pytest.mark.parametrize(
    ("input", "target"), list(itertools.product(DTYPES, (*DTYPES, torch.int64, torch.bool)))
)
@pytest.mark.parametrize(
    "name",
    [
        "mse_loss",
        "huber_loss",
        "smooth_l1_loss",
        "binary_cross_entropy_with_logits",
        "multilabel_soft_margin_loss",
        "soft_margin_loss",
        "hinge_embedding_loss",
        "poisson_nll_loss",
    ],
)
def test_mixed_dtypes(name: str, input: torch.dtype, target: torch.dtype) -> None:
    x, y = torch.randn(6, dtype=input), torch.randint(2, (6,)).to(target)
    loss, gradient = evaluate(getattr(FL, name), x, y)
    exact, exact_gradient = evaluate(getattr(F, name), x.double(), y.double())
    double = torch.float64 in ((input,) if name in OF_THE_INPUT else (input, target))
    assert loss.dtype is (torch.float64 if double else torch.float32)
    assert gradient.dtype is input
    assert_accurate(loss, exact, loss.dtype, units=8)
    assert_accurate(gradient, exact_gradient, input, units=8)


@pytest.mark.parametrize("dtypes", list(itertools.product(DTYPES, repeat=3)))
@pytest.mark.parametrize(
    "name", ["margin_ranking_loss", "triplet_margin_loss", "cosine_embedding_loss"]
)
def test_mixed_dtypes_of_predictions(name: str, dtypes: tuple[torch.dtype, ...]) -> None:
    shapes = [(6, 5)] * 3
    if name == "cosine_embedding_loss":
        shapes = [(6, 5), (6, 5), (6,)]
    tensors = [torch.randn(shape).to(dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]
    wrt = (0, 1, 2)
    if name != "triplet_margin_loss":
        tensors[2] = tensors[2].sign()
        wrt = (0, 1)
    wide = tuple(tensor.double() for tensor in tensors)
    loss, gradients = evaluate_all(getattr(FL, name), (*tensors,), wrt)
    exact, exact_gradients = evaluate_all(getattr(F, name), wide, wrt)
    of_target = name == "margin_ranking_loss"
    double = torch.float64 in (dtypes if of_target or len(wrt) > 2 else dtypes[:2])
    assert loss.dtype is (torch.float64 if double else torch.float32)
    assert_accurate(loss, exact, loss.dtype, units=16)
    for gradient, exact_gradient, position in zip(gradients, exact_gradients, wrt, strict=True):
        assert gradient.dtype is dtypes[position]
        assert_accurate(gradient, exact_gradient, dtypes[position], units=16)


def test_a_single_float64_number_promotes_nothing() -> None:
    x, y = torch.randn(3), torch.tensor(1.0, dtype=torch.float64)
    with pytest.warns(UserWarning, match="different to the input size"):
        assert FL.mse_loss(x, y).dtype is torch.float32


def test_float64_weights_and_probabilities_promote_as_in_torch() -> None:
    x, y, w = torch.randn(3), torch.randn(3), torch.rand(3, dtype=torch.float64)
    assert FL.mse_loss(x, y, weight=w).dtype is torch.float64
    rows, probabilities = torch.randn(3, 4), torch.rand(3, 4, dtype=torch.float64)
    loss = FL.cross_entropy(rows, probabilities)
    exact = F.cross_entropy(rows, probabilities)
    assert loss.dtype is exact.dtype is torch.float64
    torch.testing.assert_close(loss, exact, rtol=1e-6, atol=0)  # torch: softmax in float32


# Shapes.


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"])
@pytest.mark.parametrize("shapes", [((4, 1), (4,)), ((3,), (4, 3)), ((2, 1), (1, 5)), ((), (3,))])
def test_sizes_that_differ_warn_and_broadcast(name: str, shapes: Any) -> None:
    x, y = torch.randn(shapes[0]), torch.randn(shapes[1])
    with pytest.warns(UserWarning, match="different to the input size") as caught:
        ours = evaluate(getattr(FL, name), x, y)
    assert {warning.filename for warning in caught} == {inspect.getfile(evaluate)}  # the caller
    with pytest.warns(UserWarning, match="different"):
        theirs = evaluate(getattr(F, name), x, y)
    torch.testing.assert_close(ours[0], theirs[0])
    torch.testing.assert_close(ours[1], theirs[1])


def test_poisson_broadcasts_silently() -> None:
    x, y = torch.randn(4, 1), torch.poisson(torch.ones(3))
    for ours, theirs in zip(
        evaluate(FL.poisson_nll_loss, x, y), evaluate(F.poisson_nll_loss, x, y), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


# Deprecated arguments.


@pytest.mark.parametrize(
    ("size_average", "reduce"), list(itertools.product([None, True, False], repeat=2))[1:]
)
@pytest.mark.parametrize(
    "name",
    [name for name in FL.__all__ if "reduce" in inspect.signature(getattr(FL, name)).parameters],
)
def test_size_average_and_reduce(name: str, size_average: bool | None, reduce: bool | None) -> None:
    case = FIRST[name]
    arguments = case.inputs()
    old: dict[str, Any] = {"size_average": size_average, "reduce": reduce}
    with pytest.warns(UserWarning, match="size_average and reduce") as caught:
        ours = case.ours(*arguments, **old)
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.warns(UserWarning, match="size_average and reduce"):
        theirs = case.theirs(*arguments, **old)
    torch.testing.assert_close(ours, theirs)


def test_the_mean_of_a_divergence_warns() -> None:
    x = torch.rand(4, 3)
    for module in (FL, F):
        with pytest.warns(UserWarning, match="reduction: 'mean' divides the total loss") as caught:
            module.kl_div(x, x)
        assert caught[0].filename == __file__
        for reduction in ("batchmean", "sum", "none"):
            module.kl_div(x, x, reduction=reduction)


@pytest.mark.parametrize("device", ["meta"])
@pytest.mark.parametrize("name", FL.__all__)
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
def test_other_devices(name: str, device: str) -> None:
    case = FIRST[name]
    arguments = tuple(argument.to(device) for argument in case.inputs())
    for reduction in ("mean", "none"):
        expected = case.ours(*case.inputs(), reduction=reduction, **case.options)
        loss = case.ours(*arguments, reduction=reduction, **case.options)
        assert loss.shape == expected.shape
        assert loss.dtype is expected.dtype
        assert loss.device.type == device


@pytest.mark.parametrize("name", ["hinge_loss", "squared_hinge_loss"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.uint8, torch.bool], ids=str)
def test_hinges_of_0_and_1(name: str, dtype: torch.dtype) -> None:
    """They stand for -1 and 1, as in NumPy and Keras, where all targets are one of them."""
    function = getattr(FL, name)
    x, y = torch.randn(7, requires_grad=True), torch.tensor([0, 1, 1, 0, 0, 1, 0])
    wanted = function(x, 2 * y - 1)
    torch.testing.assert_close(function(x, y.to(dtype)), wanted)
    torch.testing.assert_close(
        torch.func.grad(function)(x, y.to(dtype)), torch.autograd.grad(wanted, x)[0]
    )
    mixed = torch.tensor([0, 1, -1, 0, 0, 1, 0])  # 0 is 0
    assert (function(x, mixed, reduction="none")[mixed == 0] == 1).all()
