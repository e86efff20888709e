"""What one call of the core computes, in differentiable operations.

Weights, masks, ignored labels, reductions and denominators have the meaning that `_core.compute`
gives them.
"""

from typing import NamedTuple

from fusedloss import _core
from fusedloss._formulas import POINTWISE, ROW
from fusedloss._formulas.categorical import scaled_logits
from fusedloss._formulas.namespace import Array, Namespace, is_dense
from fusedloss._registry import BY_ID, complete_parameters


class Call(NamedTuple):
    """All of a call but its arrays; a row runs along ``row_axis``, which is not negative."""

    loss_id: int
    params: tuple[float, ...]
    ignore_label: int | None
    row_axis: int | None
    reduction: int
    denominator: float = 0.0
    flags: int = 0
    inplace: bool = False  # whether the gradient may take the memory of y_pred


class Operands(NamedTuple):
    """The arrays of a call. Weights and masks may have axes of size 1 in place of those of rows."""

    y_true: Array | None
    y_pred: Array
    more: tuple[Array, ...] = ()
    sample_weight: Array | None = None
    mask: Array | None = None
    class_weight: Array | None = None
    divisor: Array | None = None  # of a mean, in place of the call's denominator and its own


def compute(
    xp: Namespace, call: Call, operands: Operands, differentiates_weights: bool = False
) -> Array:
    """Return the loss that `_core.compute` computes from the same arguments.

    Where a weight is 0, nothing else is looked at, unless somebody ``differentiates_weights``, in
    whatever order: the derivative with respect to such a weight is the loss. Where that is not
    finite, nothing is looked at then either, and the derivative with respect to the weight is NaN.
    """
    total, divisor = compute_parts(xp, call, operands, differentiates_weights)
    return divide(xp, call, operands, total, divisor)


def divide(
    xp: Namespace, call: Call, operands: Operands, total: Array, divisor: Array | float | None
) -> Array:
    """Return the loss, given its parts."""
    if divisor is None:
        return total
    given = operands.divisor is not None or call.denominator > 0
    if given or call.flags & _core.EMPTY_IS_NAN:
        return total / divisor
    empty = divisor == 0
    return xp.where(empty, 0.0, total / xp.where(empty, 1.0, divisor))


def compute_parts(
    xp: Namespace, call: Call, operands: Operands, differentiates_weights: bool = False
) -> tuple[Array, Array | float | None]:
    """Return the sum of the losses and what a mean divides it by; or the losses, and None."""
    operands, exists = _prepare(xp, call, operands)
    weight, broken = operands.sample_weight, None
    if weight is not None:
        operands, broken = _hear(xp, call, operands, exists, differentiates_weights)
    values = _values(xp, call, operands)
    if weight is not None:
        values = values * weight
    if broken is not None:
        values = xp.where(broken, _without_slope(xp, weight, broken), values)
    if exists is not None:
        values = xp.where(exists, values, 0.0)
    if _averages(call):
        values = xp.mean(values, call.row_axis)
    if call.reduction == _core.NONE:
        return values, None
    total = xp.sum(values)
    if call.reduction == _core.SUM:
        return total, None
    if operands.divisor is not None:
        return total, operands.divisor
    if call.denominator > 0:
        return total, call.denominator
    return total, _count(xp, call, operands, exists)


def count(xp: Namespace, call: Call, operands: Operands) -> Array:
    """Return what a mean without a denominator of its own divides by."""
    return _count(xp, call, *_prepare(xp, call, operands))


def along(rows: Array, like: Array, axis: int | None) -> Array:
    """One entry for each row of ``like``, as a view that is repeated along the row."""
    if axis is None or rows.ndim == like.ndim:
        return rows
    return rows[(*(slice(None),) * axis, None)]


def _averages(call: Call) -> bool:
    return BY_ID[call.loss_id].kind == "pointwise" and call.row_axis is not None


def _prepare(xp: Namespace, call: Call, operands: Operands) -> tuple[Operands, Array | None]:
    """Everything in one dtype, with nothing in what does not exist; and what exists."""
    y_true, y_pred, more, weight, exists, class_weight, divisor = operands
    axis = call.row_axis
    dense = y_true is not None and is_dense(y_true, y_pred)
    if _averages(call):  # weights and masks per element, which those of a row share
        weight = None if weight is None else along(weight, y_pred, axis)
        exists = None if exists is None else along(exists, y_pred, axis)
    elif call.ignore_label is not None and y_true is not None and not dense:
        labelled = y_true != call.ignore_label
        exists = labelled if exists is None else exists & labelled

    y_pred = xp.widen(y_pred)
    more = tuple(xp.astype(other, y_pred) for other in more)
    if y_true is not None and dense:
        y_true = xp.astype(y_true, y_pred)
    if class_weight is not None:
        class_weight = xp.astype(class_weight, y_pred)
    if weight is not None:
        weight = xp.astype(weight, y_pred)
    operands = Operands(y_true, y_pred, more, weight, exists, class_weight, divisor)
    return operands if exists is None else _silence(xp, call, operands, exists), exists


def _hear(
    xp: Namespace,
    call: Call,
    operands: Operands,
    exists: Array | None,
    differentiates_weights: bool,
) -> tuple[Operands, Array | None]:
    """Only what is heard of; and what weighs 0 and has no loss that a weight could scale."""
    weight = operands.sample_weight
    heard = weight != 0
    if not differentiates_weights:
        return _silence(xp, call, operands, heard), None
    # Whether that is looked at which weighs 0 must not depend on its being 0: every derivative that
    # passed it would be another constant then, which the weight no longer moves.
    still = [None if each is None else xp.stop_gradient(each) for each in operands[:2]]
    more = tuple(xp.stop_gradient(other) for other in operands.more)
    found = _values(xp, call, operands._replace(y_true=still[0], y_pred=still[1], more=more))
    heard = heard | xp.isfinite(found)
    broken = ~heard if exists is None else exists & ~heard
    return _silence(xp, call, operands, heard), broken


def _silence(xp: Namespace, call: Call, operands: Operands, heard: Array) -> Operands:
    """Operands of which no NaN reaches a derivative but where they are heard.

    0.5 is fine as a logit, as a probability, as a count and as a variance, and everything is smooth
    there.
    """
    y_true, y_pred = operands.y_true, operands.y_pred
    within = along(heard, y_pred, call.row_axis)
    if y_true is not None:
        dense = is_dense(y_true, y_pred)
        y_true = xp.where(within if dense else heard, y_true, 0.5 if dense else 0)
    more = tuple(xp.where(within, other, 0.5) for other in operands.more)
    return operands._replace(y_true=y_true, y_pred=xp.where(within, y_pred, 0.5), more=more)


def _without_slope(xp: Namespace, weight: Array, here: Array) -> Array:
    """0, with a derivative by the weight that is NaN where ``here``, which a weight of 0 has."""
    return xp.sqrt(xp.square(xp.where(here, weight, 1.0)))


def _values(xp: Namespace, call: Call, operands: Operands) -> Array:
    """The formula of the loss: a value for each row of a row loss, for each element otherwise."""
    y_true, y_pred, more, class_weight = *operands[:3], operands.class_weight
    info = BY_ID[call.loss_id]
    params = complete_parameters(info, call.params)
    others = {"more": more} if more else {}
    if info.kind == "pointwise":
        weights = () if class_weight is None else (class_weight,)
        return POINTWISE[info.name](xp, y_true, y_pred, *params, *weights, **others)
    axis = call.row_axis or 0
    if class_weight is not None:
        class_weight = class_weight[(slice(None), *(None,) * (y_pred.ndim - 1 - axis))]
    return ROW[info.name](xp, y_true, y_pred, class_weight, axis, *params, **others)


def _count(xp: Namespace, call: Call, operands: Operands, exists: Array | None) -> Array:
    y_true, y_pred = operands.y_true, operands.y_pred
    weight, class_weight = operands.sample_weight, operands.class_weight
    axis = call.row_axis
    rows = y_pred
    if axis is not None and not _averages(call):
        rows = y_pred[(*(slice(None),) * axis, 0)]
    counts = xp.full_like(rows, 1)
    if call.reduction == _core.WEIGHTED_MEAN:
        if weight is not None:
            counts = counts * weight
        if call.flags & _core.CLASS_WEIGHTED_MEAN and class_weight is not None:
            counts = counts * xp.lookup(class_weight, y_true)
    if exists is not None:
        counts = xp.where(exists, counts, 0.0)
    return xp.sum(xp.mean(counts, axis) if _averages(call) else counts)


def statistics(
    xp: Namespace, call: Call, operands: Operands
) -> tuple[Array, Array | None, Array, Array]:
    """Return what `_core.compute` finds out about the rows, in its order."""
    _, temperature, softcap, _ = complete_parameters(BY_ID[call.loss_id], call.params)
    axis = call.row_axis or 0
    logits = scaled_logits(xp, xp.widen(operands.y_pred), temperature, softcap)
    log_prob = xp.log_softmax(logits, axis)
    log_sum_exp = xp.logsumexp(logits, axis)
    # 0 ln 0 is 0.
    prob = xp.exp(log_prob)
    entropy = -xp.sum(prob * xp.where(prob == 0, 0, log_prob), axis)
    argmax = xp.argmax(logits, axis)
    counts = xp.full_like(argmax, 1) == 1
    if operands.mask is not None:
        counts = counts & operands.mask
    if operands.sample_weight is not None:
        counts = counts & (operands.sample_weight != 0)
    labels, label_log_prob = operands.y_true, None
    if labels is not None and labels.ndim < logits.ndim:
        if call.ignore_label is not None:
            counts = counts & (labels != call.ignore_label)
        own = xp.take(log_prob, xp.where(counts, labels, 0), axis)
        label_log_prob = xp.where(counts, own, 0)
    broken = xp.max(xp.where(xp.isnan(logits), 1.0, 0.0), axis) > 0
    argmax = xp.where(counts & ~broken, argmax, -1)
    return xp.where(counts, log_sum_exp, 0), label_log_prob, xp.where(counts, entropy, 0), argmax
