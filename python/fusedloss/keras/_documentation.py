"""Public names: registered with Keras, and documented by what all losses share."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import keras

_Public = TypeVar("_Public", bound=Callable[..., Any])

# Every loss, class or function, by its name.
PUBLIC: dict[str, Callable[..., Any]] = {}

# Continues the "Args:" of a class, or begins them.
_CLASS = """\
  reduction: what becomes of the losses of the rows, each multiplied by its weight:
    "sum_over_batch_size" (the default) or "mean": their sum over the number of rows that exist;
    "mean_with_sample_weight": their sum over the sum of the weights of these rows;
    "sum": their sum;
    "none" or None: nothing, there is one loss for each row.
  name: name of the loss.
  dtype: dtype of the result, or a `keras.DTypePolicy`. Default: `keras.config.floatx()`.
    Predictions are read in their own dtype, and the arithmetic is float32, or float64 if either
    is float64.

Raises:
  ValueError: a number is outside its domain, or the reduction is unknown.

A call takes `y_true` and `y_pred` as the function of the same name does, and weights: see
`FusedLoss.__call__`.
"""
_FUNCTION = """\
Returns:
  One loss for each row: a tensor in the shape of `y_pred` without the axis of the rows, float64 if
  `y_pred` is float64 and float32 otherwise.

Raises:
  ValueError: shapes do not match, a number is outside its domain, or a label is out of range.
"""


def public(item: _Public) -> _Public:
    """Register a loss with Keras under `fusedloss>` and complete its docstring."""
    if item.__doc__ is not None:  # None under python -OO
        text = inspect.cleandoc(item.__doc__)
        if inspect.isclass(item):
            head = "" if "\nArgs:\n" in text else "\nArgs:\n"
            item.__doc__ = f"{text}\n{head}{_CLASS}"
        else:
            item.__doc__ = f"{text}\n\n{_FUNCTION}"
    item.__module__ = "fusedloss.keras"  # what a saved model names
    PUBLIC[item.__name__] = item
    registered: _Public = keras.saving.register_keras_serializable(package="fusedloss")(item)
    return registered
