"""Every loss as an operation of torch, forward and backward: complete, and right in every mode."""

from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.library import opcheck

from fusedloss import LabelError, _core
from fusedloss.torch import _ops

# torch's own tracers and forward mode use what torch has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

ROWS, CLASSES = 4, 3
LOSSES = {info.name: info for info in _core.losses()}
SIGNS = ("hinge", "squared_hinge", "hinge_embedding", "soft_margin", "margin_ranking")
INDICATORS = ("multi_margin",)  # targets count as such where they are not 0
each = pytest.mark.parametrize("name", LOSSES)


def predictions(info: _core.LossInfo, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Values inside the domain of every loss, and at no corner of any."""
    generator = torch.Generator().manual_seed(info.id)
    values = torch.rand(1 + len(info.more), ROWS, CLASSES, generator=generator, dtype=dtype)
    values = 0.2 + 0.6 * values
    if info.kind == "row":
        values[0] /= values[0].sum(-1, keepdim=True)
    return list(values)


def targets(info: _core.LossInfo, kind: str) -> list[Tensor]:
    if info.targets == "none":
        return []
    if info.targets == "rows":
        return [torch.tensor([1, -1, 1, -1])]
    if info.kind == "row" and kind == "labels":
        return [torch.tensor([0, 2, 1, 1])]
    if info.name in SIGNS:
        return [torch.tensor([-1.0, 1.0, 1.0] * ROWS).double().reshape(ROWS, CLASSES)]
    generator = torch.Generator().manual_seed(0)
    y_true = 0.1 + torch.rand(ROWS, CLASSES, generator=generator, dtype=torch.float64)
    return [y_true / y_true.sum(-1, keepdim=True)]


def weights(info: _core.LossInfo, kind: str) -> list[Tensor | None]:
    if kind != "weights":
        return []
    shape = (ROWS,) if info.kind == "row" else (ROWS, CLASSES)
    generator = torch.Generator().manual_seed(1)
    weight = 0.5 + torch.rand(shape, generator=generator, dtype=torch.float64)
    mask = torch.ones(shape, dtype=torch.bool)
    mask[1] = False
    if not info.takes_class_weight:
        return [weight, mask]
    factors = torch.linspace(0.5, 2, CLASSES, dtype=torch.float64)
    return [weight, mask, factors if info.kind == "row" else factors.repeat(ROWS, 1)]


def sample(name: str, kind: str = "", reduction: str = "mean") -> tuple[Any, ...]:
    """An operation, its tensors and options; ``kind`` is "", "labels" or "weights"."""
    info = LOSSES[name]
    tensors = [*targets(info, kind), *predictions(info), *weights(info, kind)]
    options: dict[str, Any] = {"reduction": reduction}
    if kind == "labels" and info.kind == "row" and info.targets == "elements":
        options["ignore_label"] = 1
    if kind == "weights" and info.kind == "row" and info.takes_class_weight:
        options["class_weighted_mean"] = False
    return _ops.OPERATIONS[info.id], tensors, options


def upstream(reduction: str, rows: bool) -> Tensor:
    if reduction != "none":
        return torch.tensor(0.7, dtype=torch.float64)
    shape = (ROWS,) if rows else (ROWS, CLASSES)
    return torch.linspace(0.5, 2, ROWS * (1 if rows else CLASSES)).double().reshape(shape)


def recorded(operation: Any, tensors: list[Any], names: Iterable[str]) -> tuple[Any, ...]:
    """The tensors, those of these names as leaves."""
    return tuple(
        tensor.detach().requires_grad_(name in names and tensor.is_floating_point())
        for name, tensor in zip(operation.tensors, tensors, strict=False)
    )


# "" with a mean, weights without a reduction, and labels where a loss takes them
def kinds(info: _core.LossInfo) -> dict[str, str]:
    labels = info.kind == "row" and info.targets == "elements"
    return {"": "mean", "weights": "none", **({"labels": "mean"} if labels else {})}


@each
def test_opcheck(name: str) -> None:
    for kind, reduction in kinds(LOSSES[name]).items():
        operation, tensors, options = sample(name, kind, reduction)
        opcheck(operation.loss, recorded(operation, tensors, operation.predictions), options)


@each
def test_opcheck_of_the_backward(name: str) -> None:
    for kind, reduction in kinds(LOSSES[name]).items():
        operation, tensors, options = sample(name, kind, reduction)
        if operation.info.more:
            options["wanted"] = [True] * len(operation.predictions)
            options["wanted"][-1] = kind != ""
        flowing = upstream(reduction, operation.info.kind == "row")
        opcheck(operation.gradients, (flowing, *tensors), options)


@pytest.mark.parametrize("name", ["huber", "gaussian_nll", "categorical_crossentropy_from_logits"])
def test_opcheck_of_what_formulas_compute(name: str) -> None:
    operation, tensors, options = sample(name, "weights")
    everything = recorded(operation, tensors, operation.tensors)
    opcheck(operation.loss, everything, options)
    if operation.info.more:
        options["wanted"] = [True] * len(operation.predictions)
    flowing = upstream("mean", False).requires_grad_()
    opcheck(operation.gradients, (flowing, *everything), options)


@each
def test_derivatives_by_every_tensor(name: str) -> None:
    for kind, reduction in kinds(LOSSES[name]).items():
        operation, tensors, options = sample(name, kind, reduction)

        def loss(*tensors: Tensor, operation: Any = operation, options: Any = options) -> Tensor:
            return operation.loss(*tensors, **options)

        constants = {"y_true"} if name in (*SIGNS, *INDICATORS) else set()
        if name == "binary_crossentropy_from_logits":
            constants = {"class_weight"}  # torch says that it has none by pos_weight
        for names in (operation.predictions, set(operation.tensors) - constants):
            inputs = recorded(operation, tensors, names)
            assert torch.autograd.gradcheck(loss, inputs, fast_mode=True)
            assert torch.autograd.gradgradcheck(loss, inputs, fast_mode=True)


SOME = pytest.mark.parametrize(
    "name", ["huber", "gaussian_nll", "categorical_crossentropy_from_logits", "triplet_margin"]
)


@SOME
def test_transforms(name: str) -> None:
    operation, tensors, options = sample(name, "labels")
    first = operation.tensors.index("y_pred")
    x, rest = tensors[first], tensors[first + 1 :]

    def loss(x: Tensor) -> Tensor:
        return operation.loss(*tensors[:first], x, *rest, **options)

    def exact(x: Tensor) -> Tensor:
        return operation._loss_by_formula(*tensors[:first], x, *rest, **options)

    close = torch.testing.assert_close
    many = torch.stack([x, x.flip(0), x * 0.5])
    tangent = torch.ones_like(x)
    for transform in (
        torch.func.grad,
        torch.func.hessian,
        torch.func.jacrev,
        torch.func.jacfwd,
        lambda f: lambda x: torch.func.jvp(f, (x,), (tangent,)),
        lambda f: lambda x: torch.func.vjp(f, x)[1](torch.tensor(2.0).double()),
        lambda f: lambda _: torch.vmap(f)(many),
        lambda f: lambda _: torch.vmap(torch.func.grad(f))(many),
        lambda f: lambda _: torch.func.grad(lambda many: torch.vmap(f)(many).sum())(many),
    ):
        close(transform(loss)(x), transform(exact)(x))
    with forward_ad.dual_level():
        for requires_grad in (False, True):
            dual = forward_ad.make_dual(x.clone().requires_grad_(requires_grad), tangent)
            close(*(forward_ad.unpack_dual(f(dual)).tangent for f in (loss, exact)))


@pytest.mark.parametrize("name", ["mean_squared_error", "gaussian_nll"])
def test_transforms_of_the_backward(name: str) -> None:
    operation, tensors, options = sample(name)
    if operation.info.more:
        options["wanted"] = [True, False]
    upstreams = torch.linspace(-1, 1, 5).double()

    def gradients(upstream: Tensor, function: Any = operation.gradients) -> Any:
        return function(upstream, *tensors, **options)

    def exact(upstream: Tensor) -> Any:
        return gradients(upstream, operation._gradients_by_formula)

    close = torch.testing.assert_close
    close(torch.vmap(gradients)(upstreams), torch.vmap(exact)(upstreams))
    tangents = (torch.tensor(0.5).double(),), (torch.tensor(2.0).double(),)
    close(torch.func.jvp(gradients, *tangents), torch.func.jvp(exact, *tangents))


# What is computed, and what it looks like.


def test_schemas_can_be_read() -> None:
    huber = torch.ops.fusedloss.huber
    assert str(huber.default._schema) == (
        "fusedloss::huber(Tensor y_true, Tensor y_pred, Tensor? sample_weight=None, "
        "Tensor? mask=None, *, float delta=1., int? row_axis=None, "
        'str reduction="mean", bool empty_is_nan=True) -> Tensor'
    )
    x, y = torch.randn(5), torch.randn(5)
    assert huber(y_pred=x, y_true=y, delta=0.5).shape == ()
    assert huber(y, x, None, x > 0, reduction="none").shape == (5,)
    with pytest.raises(ValueError, match="one of none, sum, mean, weighted_mean, got 'average'"):
        huber(y, x, reduction="average")


def layouts() -> dict[str, Tensor]:
    x = torch.randn(2, 3, 4, 5)
    return {
        "contiguous": x,
        "channels last": x.to(memory_format=torch.channels_last),
        "transposed": x.mT,
        "sliced": torch.randn(2, 3, 4, 10)[..., ::2],
        "expanded": torch.randn(2, 3, 1, 1).expand(2, 3, 4, 5),
        "empty": x[:0],
        "reused memory": torch.randn(2, 3, 300, 400).mT,
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("layout", layouts())
@pytest.mark.parametrize("reduction", ["none", "sum"])
def test_what_is_announced_is_what_comes(layout: str, dtype: torch.dtype, reduction: str) -> None:
    x = torch.empty_like(layouts()[layout], dtype=dtype).copy_(layouts()[layout])
    labels = torch.zeros((*x.shape[:1], *x.shape[2:]), dtype=torch.int64)
    cross_entropy = torch.ops.fusedloss.categorical_crossentropy_from_logits
    backward = torch.ops.fusedloss.categorical_crossentropy_from_logits_backward
    options = {"row_axis": 1, "reduction": reduction}
    loss = cross_entropy(labels, x, **options)
    gradient = backward(torch.ones_like(loss), labels, x, **options)
    labels, x = labels.to("meta"), x.to("meta")
    announced = cross_entropy(labels, x, **options)
    assert_same_kind(loss, announced)
    assert_same_kind(gradient, backward(announced, labels, x, **options))
    mean_squared_error = torch.ops.fusedloss.mean_squared_error
    real = torch.empty_like(x, device="cpu").zero_()
    assert_same_kind(
        mean_squared_error(real, real, reduction=reduction),
        mean_squared_error(x, x, reduction=reduction),
    )


def assert_same_kind(actual: Tensor, announced: Tensor) -> None:
    assert actual.shape == announced.shape
    assert actual.dtype == announced.dtype
    assert actual.stride() == announced.stride()


def test_labels_out_of_range_raise() -> None:
    x = torch.randn(2, 3, requires_grad=True)
    with pytest.raises(LabelError, match="label 3 in row 1"):
        torch.ops.fusedloss.categorical_crossentropy_from_logits(torch.tensor([0, 3]), x)


def test_nothing_but_the_arguments_is_saved() -> None:
    x, y = torch.randn(6, 4, requires_grad=True), torch.randint(4, (6,))
    saved = []

    def pack(tensor: Tensor) -> Tensor:
        saved.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = torch.ops.fusedloss.categorical_crossentropy_from_logits(y, x)
    loss.backward()
    assert {tensor.data_ptr() for tensor in saved} == {x.data_ptr(), y.data_ptr()}


def test_float16_gradients_are_rounded_once() -> None:
    x, y = torch.randn(256, 100).half().requires_grad_(), torch.randint(100, (256,))
    loss = torch.ops.fusedloss.categorical_crossentropy_from_logits(y, x)
    (gradient,) = torch.autograd.grad(loss, x, torch.tensor(2.0**12))
    exact = x.detach().double().requires_grad_()
    (2.0**12 * torch.nn.functional.cross_entropy(exact, y)).backward()
    assert exact.grad is not None
    torch.testing.assert_close(gradient.double(), exact.grad, rtol=1.01 * 2**-11, atol=2**-24)


def test_gradients_that_are_not_wanted_are_not_computed() -> None:
    x, y = torch.randn(5, requires_grad=True), torch.randn(5)
    variance = torch.rand(5)
    loss = torch.ops.fusedloss.gaussian_nll(y, x, variance)
    (gradient,) = torch.autograd.grad(loss, x)
    torch.testing.assert_close(gradient, (x.detach() - y) / variance / 5)
    first, second = torch.ops.fusedloss.gaussian_nll_backward(
        torch.tensor(1.0), y, x, variance, wanted=[False, True]
    )
    assert (first.numel(), second.shape) == (0, (5,))
