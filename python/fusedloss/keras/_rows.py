"""How labels, weights and masks line up with the rows of the predictions, without a copy."""

from typing import Any, NoReturn

from fusedloss.keras._backend import Shape, Tensor, backend


def squeeze_or_expand(x: Any, y: Any) -> tuple[Any, Any]:
    """Give `x` and `y` the same rank if all that differs is a last axis of size 1, as Keras does.

    The axis is added to what has rank 1, and removed otherwise.
    """
    x_rank, y_rank = x.ndim, y.ndim
    if x_rank == y_rank + 1 and backend.shape_of(x)[-1] == 1:
        if y_rank == 1:
            return x, backend.unsqueeze(y, -1)
        return backend.squeeze(x, -1), y
    if y_rank == x_rank + 1 and backend.shape_of(y)[-1] == 1:
        if x_rank == 1:
            return backend.unsqueeze(x, -1), y
        return x, backend.squeeze(y, -1)
    return x, y


def fits(given: Shape, wanted: Shape) -> bool:
    """Whether two shapes can be the same: what is not known yet is found when the graph runs."""
    if given == wanted:
        return True
    sizes = zip(given, wanted, strict=False)
    return len(given) == len(wanted) and all(x == y or x is None or y is None for x, y in sizes)


def line_up(name: str, weights: Tensor, rows: Shape) -> tuple[Tensor, bool]:
    """Return weights, or a mask, that broadcast with the rows; the batch comes first.

    And whether there are several weights for one row, as where Keras repeats its loss: a prediction
    without a batch axis is a single row, and an axis of size 1 is repeated.
    """
    given = backend.shape_of(weights)
    if given == rows:
        return weights, False
    missing = len(rows) - len(given)
    if missing == -1 and given[-1] == 1:
        weights = backend.squeeze(weights, -1)
    elif missing < 0 and rows:
        refuse_weights(name, given, rows)
    for _ in range(missing):
        weights = backend.unsqueeze(weights, -1)
    sizes = backend.shape_of(weights)
    repeats = len(sizes) > len(rows)
    for size, row in zip(sizes[len(sizes) - len(rows) :], rows, strict=True):
        if row == 1:
            repeats |= size != 1
        elif size not in (1, row, None) and row is not None:
            refuse_weights(name, given, rows)
    return weights, repeats


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


def refuse_targets(given: Shape, wanted: Shape, labels: bool = False) -> NoReturn:
    """Refuse targets that have another shape than the predictions."""
    advice = ": for integer labels use the loss that is sparse" if labels else ""
    raise ValueError(f"y_true must have the shape of y_pred, {(*wanted,)}, got {(*given,)}{advice}")


def refuse_labels(given: Shape, shape: Shape, rows: Shape) -> NoReturn:
    """Refuse labels that are not one for every row of predictions of a shape."""
    dense = fits(given, shape)
    advice = ": for one-hot or soft labels use the loss that is not sparse" if dense else ""
    raise ValueError(
        f"y_true must have the shape of y_pred without the class axis, {(*rows,)}, got "
        f"{(*given,)}{advice}"
    )
