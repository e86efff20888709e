"""What is computed by the core, and what around it: arrays in, arrays out, no derivatives yet."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from fusedloss import _core
from fusedloss._formulas import calls
from fusedloss._formulas.calls import Call, Operands
from fusedloss.jax import _namespace, _sharding
from fusedloss.jax._custom_call import custom_call, rows_of

_GRADIENTS = ("grad", "more_grad_0", "more_grad_1")
_STATISTICS = ("log_sum_exp", "label_log_prob", "entropy", "argmax")


class Wanted(NamedTuple):
    """What is to be computed beside the loss."""

    gradients: tuple[bool, ...] = ()  # of y_pred, and of each further prediction
    statistics: bool = False
    scale: bool = False  # leave the divisor out of the gradients, and return what it is


_ONLY_LOSS = Wanted()


class Found(NamedTuple):
    """What was computed."""

    loss: Array
    gradients: tuple[Array, ...] = ()  # those that are wanted
    scale: Array | None = None
    statistics: tuple[Array, ...] = ()  # in the order of the core, without what there is not


def compute(call: Call, operands: Operands, wanted: Wanted = _ONLY_LOSS) -> Found:
    """The loss, and what is wanted beside it, in one pass."""
    divided = call.reduction in (_core.MEAN, _core.WEIGHTED_MEAN)
    if jax.device_count() > 1 and call.reduction != _core.NONE:
        # Rows may lie on several devices: each computes the losses of its own.
        inverse = inverse_divisor(call, operands) if divided else None
        return _in_parts(call._replace(reduction=_core.NONE), operands, wanted, inverse)
    if operands.divisor is not None and divided:
        inverse = inverse_divisor(call, operands)
        return _in_parts(call._replace(reduction=_core.SUM), operands, wanted, inverse)
    if wanted.scale:
        call = call._replace(flags=call.flags | _core.UNSCALED_GRAD)
    return _run(call, operands, wanted)


def inverse_divisor(call: Call, operands: Operands) -> Array:
    """What a mean multiplies the sum of the losses with."""
    if operands.divisor is not None:
        return jnp.asarray(1 / operands.divisor)
    y_pred = operands.y_pred
    alike = operands.sample_weight is None or call.reduction == _core.MEAN
    if alike and operands.mask is None and call.ignore_label is None:
        rows = math.prod(rows_of(call, y_pred.shape))
        count = jnp.asarray(rows, jnp.promote_types(y_pred.dtype, jnp.float32))
    else:
        count = calls.count(_namespace, call, operands)
    return jnp.where(count == 0, 0, 1 / jnp.where(count == 0, 1, count))


def _in_parts(call: Call, operands: Operands, wanted: Wanted, factor: Array | None) -> Found:
    """As `compute`, with a call that leaves the loss to be added up and multiplied."""
    upstream = factor if any(wanted.gradients) and not wanted.scale else None
    found = _run(call, operands, wanted._replace(scale=False), upstream)
    loss = found.loss.sum()
    if factor is not None:
        loss = loss * factor
    return found._replace(loss=loss, scale=factor if wanted.scale else None)


def _run(call: Call, operands: Operands, wanted: Wanted, upstream: Array | None = None) -> Found:
    more = (*operands.more, None, None)
    given = {
        "y_true": operands.y_true,
        "y_pred": operands.y_pred,
        "more_0": more[0],
        "more_1": more[1],
        "sample_weight": operands.sample_weight,
        "mask": operands.mask,
        "class_weight": operands.class_weight,
        "upstream": upstream,
    }
    arrays = {name: array for name, array in given.items() if array is not None}
    pairs = zip(_GRADIENTS, wanted.gradients, strict=False)
    gradients = [name for name, is_wanted in pairs if is_wanted]
    statistics: tuple[str, ...] = ()
    if wanted.statistics:
        y_true, y_pred = operands.y_true, operands.y_pred
        labels = y_true is not None and y_true.ndim < y_pred.ndim
        statistics = tuple(name for name in _STATISTICS if labels or name != "label_log_prob")
    scale = ("scale",) if wanted.scale else ()
    names = ("loss", *gradients, *scale, *statistics)
    several = jax.device_count() > 1 and call.reduction == _core.NONE
    run = _sharding.run if several else custom_call
    found = run(call, operands.y_pred.ndim, arrays, names)
    # fmt: off
    return Found(
        found["loss"], tuple(found[name] for name in gradients), found.get("scale"),
        tuple(found[name] for name in statistics),
    )
    # fmt: on
