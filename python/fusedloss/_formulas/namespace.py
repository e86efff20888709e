"""The operations that the formulas are written in: a framework offers them as one module."""

from collections.abc import Callable
from typing import Any, TypeAlias

Array: TypeAlias = Any
"""An array or a tensor of the framework."""

Namespace: TypeAlias = Any
"""Its operations, under the names and with the meaning of NumPy's where NumPy has them.

    abs argmax exp expm1 full_like isfinite isnan log log1p logaddexp max maximum mean minimum
    moveaxis sinh sqrt square sum tanh where

`sum`, `mean` and `max` take an axis and `keepdims`. Derivatives are those of torch: at 0 that of
`abs` and `relu` is 0, and equals share that of a maximum.
Beside these:

    length(x, axis): the size of an axis, which is not always known before there are values
    lgamma log_sigmoid log_softmax(x, axis) logsumexp(x, axis) relu sigmoid xlogy
    one_hot(labels, like, axis): in shape and dtype of `like`
    take(x, labels, axis): of each row of `x` along the axis the entry of its label
    lookup(x, labels): the entry of each label in one row
    stop_gradient(x)
    astype(x, like): in the dtype of `like`
    widen(x): in the dtype that losses are computed in, float32 for what is narrower
"""

Formulas: TypeAlias = dict[str, Callable[..., Array]]


def is_dense(y_true: Array, y_pred: Array) -> bool:
    """Whether there is a target for each element; their shapes fit, but may not be known yet."""
    dense: bool = y_true.ndim == y_pred.ndim
    return dense
