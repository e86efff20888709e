"""The part of the docstring that every function shares, written once and appended to each."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Continues the "Args:" with which the docstring of every function ends.
_SHARED = """\
  sample_weight: a weight for each loss, of any real dtype; its shape is that of the losses that
    reduction "none" returns, or broadcasts to it from the left: (N,) weighs the samples of a
    batch. A mean is then divided by the sum of these weights in place of the number of losses, so
    a weight of 2 counts like a sample that is there twice. What weighs 0 adds 0 to the loss and
    has gradient 0, even if it is NaN. Default: everything weighs 1.
  mask: a bool tensor, False where there is no loss; its shape is as that of `sample_weight`. What
    is not there has loss 0 and gradient 0, even if it is NaN, and a mean does not count it.
  denominator: a number to divide by in place of the mean's own divisor, such as the number of
    tokens in all parts of a batch when gradients are accumulated; or a 0-d tensor.
{inplace}
Returns:
  The loss, 0-d, or one for each element or row with reduction "none". Its dtype is float64 if torch
  computes in float64, and float32 otherwise: also for float16 and bfloat16, where torch rounds it.
  A mean over nothing is NaN, as in torch.

Raises:
  TypeError: an argument is not a tensor, or not a number, where one is expected, or its dtype is
    not supported.
  ValueError: a shape does not match, a number is outside its domain, the reduction is unknown, or a
    denominator is given to a reduction that does not divide{overlap}.
{leaf}"""
_INPLACE = """\
  inplace: whether the gradient may be written over `{input}`, whose values are then lost, so that a
    training step needs no second tensor of that size. It is where it is computed with the loss:
    for a mean or a sum, while autograd records, on the CPU or by kernels for GPUs. Elsewhere
    `{input}` stays as it is: with reduction "none", in a shape or dtype other than that of the
    loss, on other devices, under compilers and function transforms. What computed `{input}` must
    not need it in its backward: linear layers and convolutions do not, while after softmax or ReLU
    torch raises an error. There is no second derivative. What the loss is multiplied by costs a
    copy on the CPU, which `denominator` does not; so does the mean of float16.
"""
_OVERLAP = """; with `inplace`, elements of `{input}`
    share memory, or another argument shares it"""
_LEAF = """\
  RuntimeError: with `inplace`, `{input}` is a leaf that requires grad, or a view of one.
"""


def documented(function: _Function) -> _Function:
    """Complete the docstring of a loss by the arguments, result and errors that all share."""
    if function.__doc__ is not None:  # None under python -OO
        first, *others = inspect.signature(function).parameters
        offered = "inplace" in others
        parts = {"inplace": _INPLACE, "overlap": _OVERLAP, "leaf": _LEAF}
        shared = _SHARED.format_map(
            {name: part.format(input=first) if offered else "" for name, part in parts.items()}
        )
        function.__doc__ = f"{inspect.cleandoc(function.__doc__)}\n{shared}"
    return function
