"""How labels, weights and masks line up with the rows of the predictions, without a copy."""

from typing import Any, NoReturn

import torch
from torch import Tensor

Shape = tuple[int, ...]


def squeeze_or_expand(x: Any, y: Any) -> tuple[Any, Any]:
    """Give `x` and `y` the same rank if all that differs is a last axis of size 1, as Keras does.

    The axis is added to what has rank 1, and removed otherwise.
    """
    x_rank, y_rank = x.ndim, y.ndim
    if x_rank == y_rank + 1 and x.shape[-1] == 1:
        return (x, y.unsqueeze(-1)) if y_rank == 1 else (x.squeeze(-1), y)
    if y_rank == x_rank + 1 and y.shape[-1] == 1:
        return (x.unsqueeze(-1), y) if x_rank == 1 else (x, y.squeeze(-1))
    return x, y


def line_up(name: str, weights: Tensor, rows: Shape) -> Tensor:
    """Return weights, or a mask, as a view that broadcasts with the rows; the batch comes first.

    There may be several weights for one row where Keras repeats its loss: a prediction without a
    batch axis is a single row, and an axis of size 1 is repeated.
    """
    given = weights.shape
    if given == rows:
        return weights
    missing = len(rows) - len(given)
    if missing == -1 and given[-1] == 1:
        weights = weights.squeeze(-1)
    elif missing < 0 and rows:
        refuse_weights(name, given, rows)
    elif missing > 0:
        weights = weights.reshape((*given, *[1] * missing))
    try:
        return weights.expand(
            torch.broadcast_shapes(weights.shape, rows)  # type: ignore[no-untyped-call]
        )
    except RuntimeError:
        refuse_weights(name, given, rows)


def refuse_weights(name: str, given: Shape, rows: Shape) -> NoReturn:
    """Refuse weights, or a mask, that do not broadcast to the rows from the left."""
    advice = "axes are matched from the first one, the batch, each of equal size or 1"
    missing = len(rows) - len(given)
    if missing < 0:
        advice = "there is one for each row"
    elif given == rows[missing:]:
        advice = f"axes are matched from the first one, the batch: use {(1,) * missing + (*given,)}"
    raise ValueError(
        f"{name} must broadcast to the shape of the losses, {(*rows,)}, got {(*given,)}: {advice}"
    )


def refuse_targets(y_true: Tensor, y_pred: Tensor, labels: bool = False) -> NoReturn:
    """Refuse targets that have another shape than the predictions."""
    advice = ": for integer labels use the loss that is sparse" if labels else ""
    raise ValueError(
        f"y_true must have the shape of y_pred, {(*y_pred.shape,)}, got {(*y_true.shape,)}{advice}"
    )


def refuse_labels(y_true: Tensor, y_pred: Tensor, rows: Shape) -> NoReturn:
    """Refuse labels that are not one for every row."""
    dense = y_true.shape == y_pred.shape
    advice = ": for one-hot or soft labels use the loss that is not sparse" if dense else ""
    raise ValueError(
        f"y_true must have the shape of y_pred without the class axis, {(*rows,)}, got "
        f"{(*y_true.shape,)}{advice}"
    )
