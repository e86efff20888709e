"""What is computed by the core, and what around it: arrays in, arrays out, no derivatives yet."""

import math

import jax
import jax.numpy as jnp
from jax import Array

from fusedloss import _core, _xla
from fusedloss._formulas import calls
from fusedloss._formulas.calls import Call, Operands
from fusedloss._xla import Found, Wanted, divides, rows_of
from fusedloss.jax import _namespace, _sharding
from fusedloss.jax._custom_call import custom_call

_ONLY_LOSS = Wanted()


def compute(call: Call, operands: Operands, wanted: Wanted = _ONLY_LOSS) -> Found:
    """The loss, and what is wanted beside it, in one pass."""
    if jax.device_count() > 1 and call.reduction != _core.NONE:
        # Rows may lie on several devices: each computes the losses of its own.
        inverse = inverse_divisor(call, operands) if divides(call) else None
        return _in_parts(call._replace(reduction=_core.NONE), operands, wanted, inverse)
    if operands.divisor is not None and divides(call):
        inverse = inverse_divisor(call, operands)
        return _in_parts(call._replace(reduction=_core.SUM), operands, wanted, inverse)
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
    several = jax.device_count() > 1 and call.reduction == _core.NONE
    return _xla.run(_sharding.run if several else custom_call, call, operands, wanted, upstream)
