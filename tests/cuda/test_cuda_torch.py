"""The public functions on tensors of a GPU: the numbers of the CPU, and no look at a tensor."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from cuda_support import Gpu, only_kernels
from torch import Tensor
from torch_samples import ALL, extras, losses_shape, recorded

import fusedloss.torch as flt
import fusedloss.torch.functional as FL

each = pytest.mark.parametrize("name", ALL)
DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def loss_and_gradients(
    gpu: Gpu | None, function: Callable[..., Tensor], arguments: dict[str, Any]
) -> list[Tensor]:
    """Of leaves made from the arguments; on the GPU without a look at them."""
    put = gpu.put_all if gpu else dict
    leaves = recorded(put(arguments))
    loss_weights = torch.linspace(0.5, 1.5, 97, dtype=torch.float64)
    weights = (gpu.put(loss_weights) if gpu else loss_weights)[
        : max(1, _count(function, arguments))
    ]

    def run() -> list[Tensor]:
        loss = function(**leaves)
        inputs = [v for v in leaves.values() if isinstance(v, Tensor) and v.requires_grad]
        scaled = loss.flatten() * weights.to(loss.dtype)
        return [loss.detach(), *torch.autograd.grad(scaled.sum(), inputs)]

    if gpu is None:
        return run()
    with only_kernels():
        return run()


def _count(function: Callable[..., Tensor], arguments: dict[str, Any]) -> int:
    if arguments.get("reduction", "mean") != "none":
        return 1
    return losses_shape(function, arguments).numel()


def compare(gpu: Gpu, function: Callable[..., Tensor], arguments: dict[str, Any]) -> None:
    with gpu.on_cpu():
        expected = loss_and_gradients(None, function, arguments)
        count = _count(function, arguments)
    assert count <= 97
    found = loss_and_gradients(gpu, function, arguments)
    for a, b in zip(found, expected, strict=True):
        assert a.device.type == gpu.device
        units = 8 * torch.finfo(a.dtype).eps
        torch.testing.assert_close(a.cpu(), b, rtol=units, atol=units)


def in_dtype(arguments: dict[str, Any], dtype: torch.dtype) -> dict[str, Any]:
    return {
        name: value.to(dtype) if isinstance(value, Tensor) and value.is_floating_point() else value
        for name, value in arguments.items()
    }


@each
@each_dtype
def test_every_function_in_every_dtype(gpu: Gpu, name: str, dtype: torch.dtype) -> None:
    function, arguments = ALL[name]
    compare(gpu, function, in_dtype(arguments(), dtype))


@each
def test_no_reduction(gpu: Gpu, name: str) -> None:
    function, arguments = ALL[name]
    compare(gpu, function, {**arguments(), "reduction": "none"})


@each
def test_weights_masks_and_denominators(gpu: Gpu, name: str) -> None:
    function, arguments = ALL[name]
    with gpu.on_cpu():
        given = arguments() | extras(function, arguments())
    compare(gpu, function, given)
    given.pop("denominator", None)
    compare(gpu, function, given)


def test_modules(gpu: Gpu) -> None:
    criterion = flt.CrossEntropyLoss(weight=gpu.put(torch.tensor([1.0, 2.0, 3.0])))
    x, y = gpu.put(torch.randn(5, 3)), gpu.put(torch.tensor([0, 2, 1, 1, 0]))
    expected = torch.nn.functional.cross_entropy(x, y, criterion.weight)
    torch.testing.assert_close(criterion(x, y), expected)


def test_statistics(gpu: Gpu) -> None:
    x, y = torch.randn(7, 50), torch.randint(0, 50, (7,))
    y[2] = -100
    with gpu.on_cpu():
        loss, expected = FL.cross_entropy(x, y, return_statistics=True)
    with only_kernels():
        found_loss, found = FL.cross_entropy(gpu.put(x), gpu.put(y), return_statistics=True)
    torch.testing.assert_close(found_loss.cpu(), loss)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a.cpu(), b)


# What cannot be reported.


def test_a_label_that_is_no_class_makes_its_row_nan(gpu: Gpu) -> None:
    x = gpu.put(torch.randn(4, 5)).requires_grad_()
    y = gpu.put(torch.tensor([0, 5, 4, -1]))
    losses = FL.cross_entropy(x, y, reduction="none")
    losses.sum().backward()
    assert losses.isnan().tolist() == [False, True, False, True]
    assert x.grad is not None
    assert x.grad.isnan().all(1).tolist() == [False, True, False, True]
    assert not x.grad[[0, 2]].isnan().any()
    assert FL.cross_entropy(x, y).isnan()


def test_operands_of_another_device_are_refused(gpu: Gpu) -> None:
    if gpu.device != "cuda":
        pytest.skip("there is one device")
    x, y = torch.randn(4, 5, device="cuda"), torch.tensor([0, 1, 2, 3])
    with pytest.raises(ValueError, match="target is not on cuda:0, as input is"):
        FL.cross_entropy(x, y)
    with pytest.raises(ValueError, match="sample_weight is not on cuda:0, as input is"):
        FL.cross_entropy(x, y.cuda(), sample_weight=torch.ones(4))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weight": torch.ones(3)}, r"weight has shape \(3,\), but 5 classes need shape \(5,\)"),
        ({"label_smoothing": 2.0}, "label_smoothing must be finite and between 0 and 1, got 2"),
        ({"reduction": "all"}, "reduction must be 'none', 'mean' or 'sum', got 'all'"),
    ],
)
def test_errors_are_those_of_the_cpu(gpu: Gpu, arguments: dict[str, Any], message: str) -> None:
    x, y = gpu.put(torch.randn(4, 5)), gpu.put(torch.tensor([0, 1, 2, 3]))
    with pytest.raises(ValueError, match=message):
        FL.cross_entropy(x, y, **gpu.put_all(arguments))


# Determinism.


@each
def test_the_same_call_has_the_same_bits(gpu: Gpu, name: str) -> None:
    function, arguments = ALL[name]
    given = in_dtype(arguments(), torch.float32)
    first, second = (loss_and_gradients(gpu, function, given) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@each
def test_deterministic_algorithms_are_allowed(gpu: Gpu, name: str) -> None:
    function, arguments = ALL[name]
    torch.use_deterministic_algorithms(True)
    try:
        compare(gpu, function, arguments())
    finally:
        torch.use_deterministic_algorithms(False)


def test_nothing_warns(gpu: Gpu) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FL.mse_loss(gpu.put(torch.randn(3)), gpu.put(torch.randn(3)))


def test_numbers_on_the_cpu_count_beside_predictions_on_a_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is one device")
    x, y = torch.randn(4, 5, device="cuda"), torch.rand(4, 5, device="cuda")
    numbers = {"sample_weight": torch.tensor(2.0), "pos_weight": torch.tensor(3.0)}
    found = FL.binary_cross_entropy_with_logits(x, y, reduction="sum", **numbers)
    on_gpu = {name: number.cuda() for name, number in numbers.items()}
    expected = FL.binary_cross_entropy_with_logits(x, y, reduction="sum", **on_gpu)
    torch.testing.assert_close(found, expected)
