"""The part of the docstring that every loss shares, written once and appended to each."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Continues the "Args:" with which the docstring of every loss ends.
_SHARED = """\
  sample_weight: a weight for each row, of any real dtype; negative weights are allowed. Its shape
    is the shape of the rows, or broadcasts to it from the left: (batch,) or (batch, 1) for rows of
    shape (batch, time). A row of weight 0 adds 0 to the loss and has gradient 0, even if it
    contains NaN. Default: every row weighs 1.
  mask: bool, shaped like `sample_weight`. Where it is False the row does not exist: as with
    weight 0, and it is not counted by a mean. Default: every row exists.
  reduction: what becomes of the losses of the rows, each multiplied by its weight:
    "sum_over_batch_size" (the default) or "mean": their sum over the number of rows that exist;
    "mean_with_sample_weight": their sum over the sum of the weights of these rows;
    "sum": their sum;
    "none" or None: nothing, there is one loss for each row.
  denominator: a number to divide by in place of either mean's own divisor, such as the number of
    tokens in all parts of a batch when gradients are accumulated.
  return_grad: return the gradient as well.
  out: array that receives the gradient, whether or not it is also returned; shape and dtype of
    `y_pred`. It may be `y_pred` itself, which then costs no memory; otherwise it must not
    overlap an input. A loss of several arrays of predictions takes a tuple with one for each, of
    which only the first may be an input. Default: a new C-contiguous array if the gradient is
    returned.

Returns:
  The loss, or (loss, gradient) with `return_grad=True`. The loss is a NumPy scalar, or an array in
  the shape of the rows for reduction "none"; its dtype is float64 if `y_pred` is float64 and
  float32 otherwise. The gradient is that of the loss, or of the sum of all losses for reduction
  "none", with respect to `y_pred`: it has the shape and dtype of `y_pred`, and includes weights
  and divisor. A loss of several arrays of predictions returns a tuple of gradients, one for each,
  all in the dtype of `y_pred`. In float16 a small gradient becomes 0: prefer "sum" to a mean over
  many rows. An empty batch has loss 0, and so has a mean over no row or over weights whose sum is
  0.

Raises:
  TypeError: an argument is not a NumPy array, or not a number, where one is expected, or its dtype
    is not supported.
  ValueError: a shape does not match, a number is outside its domain, the reduction is unknown, a
    denominator is given to a reduction that does not divide, or `out` is read-only or overlaps an
    input.
"""


def documented(function: _Function) -> _Function:
    """Complete the docstring of a loss by the arguments, result and errors that all share."""
    if function.__doc__ is not None:  # None under python -OO
        function.__doc__ = f"{inspect.cleandoc(function.__doc__)}\n{_SHARED}"
    return function
