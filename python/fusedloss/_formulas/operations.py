"""What the operations of a framework make the same formula of in each."""

from fusedloss._formulas.namespace import Array, Namespace


def clip(xp: Namespace, x: Array, low: float | None, high: float | None) -> Array:
    """Return x between two bounds; at these its slope is still 1. NaN stays NaN."""
    if low is not None:
        x = xp.where(x < low, low, x)
    return x if high is None else xp.where(x > high, high, x)


def norm(xp: Namespace, x: Array, p: float, axis: int) -> Array:
    """Return the p-norm along an axis; its derivative is 0 where x is, and finite everywhere."""
    nowhere = x == 0
    size = xp.abs(xp.where(nowhere, 1.0, x))
    powers = size if p == 1 else xp.square(size) if p == 2 else size**p
    total = xp.sum(xp.where(nowhere, 0.0, powers), axis)
    if p == 1:
        return total
    empty = total == 0
    total = xp.where(empty, 1.0, total)
    return xp.where(empty, 0.0, xp.sqrt(total) if p == 2 else total ** (1 / p))


def positives(xp: Namespace, targets: Array, weight: Array | None, exists: Array | None) -> Array:
    """Return the targets that are positive and count, and 0 for all others; as constants."""
    counts = targets > 0
    if weight is not None:
        counts = counts & (weight != 0)
    if exists is not None:
        counts = counts & exists
    return xp.where(counts, xp.stop_gradient(targets), 0)
