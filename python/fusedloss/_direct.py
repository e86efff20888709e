"""The short way to the core, for calls that ask for nothing special."""

from typing import Any

import numpy as np

from fusedloss import _core
from fusedloss._arguments import REDUCTIONS
from fusedloss._registry import LARGEST_PROBABILITY

# sample_weight, mask, reduction, denominator, return_grad, out: what every public function takes.
Options = tuple[np.ndarray | None, np.ndarray | None, str | None, Any, bool, Any]


def direct(
    loss: _core.LossInfo,
    params: tuple[float, ...],
    y_true: Any,
    y_pred: Any,
    options: Options,
    axis: int,
    labels: bool = False,
    ignore_label: int | None = None,
) -> Any:
    """The result of a call that asks for nothing special; None where the general code has to look.

    Plain arrays in shapes that match, parameters that are floats, a mean or a sum of all rows
    alike, and a gradient in new memory or none. For a few numbers the general code takes three
    times as long as this.
    """
    # fmt: off
    return _core.numpy_loss(
        loss.id, params, y_true, y_pred, options, REDUCTIONS, axis, labels,
        ignore_label, LARGEST_PROBABILITY.get(loss.id),
    )
    # fmt: on
