"""Docstrings: those of the NumPy functions of the same names, with what is different in JAX."""

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

from fusedloss import losses

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Of the arguments of a NumPy function, where the ones begin that all losses share.
_SHARED_THERE = "  sample_weight: "

# What is not so in JAX, as the NumPy functions say it.
_OTHERWISE = {
    "raises `LabelError`; `out` is undefined then": "is an error when the loss is computed",
    ", after the gradient if there is one": "",
}

# Continues the "Args:" with which the docstring of every loss ends.
_SHARED = """\
  sample_weight: a weight for each row, of any real dtype; negative weights are allowed. Its shape
    is the shape of the rows, or broadcasts to it from the left: (batch,) or (batch, 1) for rows of
    shape (batch, time). A row of weight 0 adds 0 to the loss and has gradient 0, even if it
    contains NaN; but derivatives by targets and weights, unlike a mask, look at it. Default: every
    row weighs 1.
  mask: bool, shaped like `sample_weight`. Where it is False the row does not exist: as with
    weight 0, and it is not counted by a mean. Default: every row exists.
  reduction: what becomes of the losses of the rows, each multiplied by its weight:
    "sum_over_batch_size" (the default) or "mean": their sum over the number of rows that exist;
    "mean_with_sample_weight": their sum over the sum of the weights of these rows;
    "sum": their sum;
    "none" or None: nothing, there is one loss for each row.
  denominator: a number or a 0-d array to divide by in place of either mean's own divisor, such as
    the number of tokens in all parts of a batch when gradients are accumulated.
  inplace: True lets XLA write the gradient over the predictions (the first of several), which
    spares memory of that size and the time to get it. It changes no number: predictions that are
    needed later on, or are an argument of the program that is not donated, are copied first, which
    takes longer than room of its own for the gradient.

Returns:
  The loss: 0-d, or in the shape of the rows for reduction "none"; float64 if `y_pred` is float64
  and float32 otherwise. It has derivatives of every order, in both modes, with respect to all
  arguments of a floating dtype; the gradient with respect to predictions is computed together with
  the value, in one pass. An empty batch has loss 0, and so has a mean over no row or over weights
  whose sum is 0. Arguments of a single row, without a batch axis, have a 0-d loss: `jax.vmap` makes
  a batch of it.

Raises:
  TypeError: an argument is not an array, or not a number, where one is expected, or its dtype is
    not supported.
  ValueError: a shape does not match, a number is outside its domain, the reduction is unknown, or a
    denominator is given to a reduction that does not divide.

What depends on values is found when the loss is computed: a label out of range then raises an error
that says in which row it is, on a CPU; on a GPU it makes the loss and the gradient of its row NaN.
"""


def documented(function: _Function) -> _Function:
    """Complete the docstring of a loss, which holds an example, by what `fusedloss` says of it."""
    original = getattr(losses, function.__name__).__doc__
    if function.__doc__ is None or original is None:  # None under python -OO
        return function
    _, example = _divide(inspect.cleandoc(function.__doc__), ">>> ")
    head, rest = _divide(original, ">>> ")
    arguments, _ = _divide(_divide(rest, "Args:\n")[1], _SHARED_THERE)
    for there, here in _OTHERWISE.items():
        arguments = re.sub(r"\s+".join(map(re.escape, there.split())), here, arguments)
    function.__doc__ = f"{head}{example}\n\n{arguments}{_SHARED}"
    return function


def _divide(text: str, at: str) -> tuple[str, str]:
    """What comes before ``at``, and the rest."""
    place = text.index(at)
    return text[:place], text[place:]
