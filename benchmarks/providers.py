"""Who is measured: one call of each computes the loss and its gradient, outputs allocated."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import torch
from torch import Tensor

import keras_jax
import scikit_learn
from cases import Case
from losses import NumpyLoss, TorchLoss
from results import (
    COMPILED,
    EAGER,
    FORMULA,
    KERAS,
    OURS,
    OURS_EACH,
    OURS_NUMPY,
    SKLEARN,
)

Call = Callable[[], Any]

# What two libraries may differ by, as a share of the largest value: a mistake is larger by far.
_TOLERANCE = {
    torch.float64: 1e-10,
    torch.float32: 1e-4,
    torch.float16: 1e-2,
    torch.bfloat16: 5e-2,
}


def providers(
    case: Case,
    inputs: tuple[Tensor, ...],
    without: Collection[str] = (),
    missing: dict[str, str] | None = None,
) -> dict[str, Call]:
    """A call for each provider, warm, with its result checked against that of the others.

    torch.compile refuses some losses, and is wrong for others: then `missing` says so.
    """
    loss = case.loss
    call_ours = _in_place_call if loss.in_place else _torch_call
    eager = _torch_call(loss.theirs, inputs)
    calls = {OURS: call_ours(loss.ours, inputs), EAGER: eager}
    # Classes along another axis than the last are refused by Keras on JAX.
    if loss.keras and inputs[0].ndim <= 2 and KERAS not in without:
        calls[KERAS] = keras_jax.call(loss.keras, *inputs)
    if case.dtype is torch.float32:  # NumPy has no bfloat16 of its own
        for name, function in ((OURS_NUMPY, loss.ours_numpy), (FORMULA, loss.formula)):
            if function is not None and name not in without:
                calls[name] = _numpy_call(function, *inputs)
    expected = _torch_call(loss.theirs, _at_least_float32(inputs))()
    for name, call in calls.items():
        result = call()
        # In 16 bits torch eager rounds in between, and may come to a far end of a margin or a sum.
        if name != EAGER or case.dtype.itemsize > 2:
            _check(f"{case}: {name}", result, expected, case.dtype)
    if COMPILED not in without:
        call = _torch_call(compiled(loss.theirs), inputs)
        try:
            _check(f"{case}: {COMPILED}", call(), expected, case.dtype)
            calls[COMPILED] = call
        except Exception as error:
            if missing is None:
                raise
            missing[f"{case}: {COMPILED}"] = _in_a_line(error)
    return calls | _each_sample(case, inputs, without)


def compiled(loss: TorchLoss) -> TorchLoss:
    """`loss` by torch.compile for one shape, with nothing kept of the last one."""
    torch._dynamo.reset()

    def call(*inputs: Tensor) -> Any:
        return loss(*inputs)

    return torch.compile(call, fullgraph=True, dynamic=False)


def why_not_compile() -> str | None:
    """What keeps torch.compile from working here: mostly, no C++ compiler."""
    try:
        compiled(lambda a, b: (a * b).sum())(torch.ones(2), torch.ones(2))
    except Exception as error:  # whatever it is, the other providers can be measured
        return _in_a_line(error)
    return None


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def _torch_call(loss: TorchLoss, inputs: tuple[Tensor, ...]) -> Call:
    predictions = [tensor for tensor in inputs if tensor.requires_grad]

    def call() -> tuple[Tensor | None, ...]:
        value = loss(*inputs)
        value.backward()
        gradients = [y_pred.grad for y_pred in predictions]
        # Cleared here, so that each provider pays for freeing its own gradients.
        for y_pred in predictions:
            y_pred.grad = None
        return value.detach(), *gradients

    return call


def _at_least_float32(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The same values, in a dtype in which torch's own losses are right."""
    return tuple(
        tensor.detach().float().requires_grad_(tensor.requires_grad)
        if tensor.is_floating_point() and tensor.itemsize < 4
        else tensor
        for tensor in inputs
    )


class _Layer(torch.autograd.Function):
    """Hands its output over as a layer does: no leaf, and memory that a loss may write to."""

    @staticmethod
    def forward(ctx: Any, _parameter: Tensor, output: list[Tensor]) -> Tensor:
        ctx.output = output
        return output[0].data

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None]:  # type: ignore[override]
        ctx.output[1:] = [gradient.detach()]
        return None, None


def _in_place_call(loss: TorchLoss, inputs: tuple[Tensor, ...]) -> Call:
    """From the second call on, the predictions are the last gradient: as finite, and as large.

    So the result is right, and is compared with that of others, in the first call only.
    """
    y_pred, y_true = inputs
    output = [y_pred.detach().clone()]
    parameter = torch.zeros((), requires_grad=True)

    def call() -> tuple[Tensor, Tensor]:
        value = loss(_Layer.apply(parameter, output), y_true)
        value.backward()
        return value.detach(), output.pop()

    return call


def _numpy_call(loss: NumpyLoss, y_pred: Tensor, y_true: Tensor) -> Call:
    arrays = y_true.numpy(), y_pred.detach().numpy()
    return lambda: loss(*arrays)


def _each_sample(
    case: Case, inputs: tuple[Tensor, ...], without: Collection[str]
) -> dict[str, Call]:
    """scikit-learn has the loss and the gradient of each sample; so have we, if asked for them."""
    loss = case.loss
    of_scikit_learn = case.dtype is torch.float32 and inputs[0].ndim <= 2 and loss.sklearn
    if not of_scikit_learn or loss.ours_numpy is None or SKLEARN in without:
        return {}
    calls = {
        OURS_EACH: _numpy_call(partial(loss.ours_numpy, reduction="none"), *inputs),
        SKLEARN: scikit_learn.call(of_scikit_learn, *inputs),
    }
    expected = [loss.sklearn_share * result for result in calls[OURS_EACH]()]
    _check(f"{case}: {SKLEARN}", calls[SKLEARN](), expected, case.dtype)
    return calls


def _check(name: str, result: Any, expected: Any, dtype: torch.dtype) -> None:
    """The same loss, or the times could not be compared."""
    least = torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps
    for place, (got, wanted) in enumerate(zip(result, expected, strict=True)):
        b = _tensor(wanted)
        error = (_tensor(got).to(b.dtype) - b).abs_().max().item()
        largest = b.abs().max().item()
        # A mean's gradient can be as small as the steps between the smallest float16.
        if not error <= _TOLERANCE[dtype] * largest + 2 * least:
            what = "gradient" if place else "value"
            raise AssertionError(f"{name}: {what} differs by {error:.3g}, largest {largest:.3g}")


def _tensor(result: Any) -> Tensor:
    """Of any library; NumPy's numbers are no arrays."""
    is_array = hasattr(result, "__dlpack__")
    return torch.from_dlpack(result) if is_array else torch.as_tensor(result)
