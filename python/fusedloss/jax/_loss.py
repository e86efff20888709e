"""The losses as JAX differentiates them.

The gradient is computed together with the value, in one pass, and only where a derivative is asked
for. What the kernels do not know, the formulas of the losses do: derivatives with respect to
targets and weights, and those of higher order.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.custom_derivatives import SymbolicZero

from fusedloss import _core
from fusedloss._formulas import calls
from fusedloss._formulas.calls import Call, Operands
from fusedloss._xla import Found, Wanted, wanted_of
from fusedloss.jax import _gpus, _kernel, _namespace
from fusedloss.jax._namespace import widen


@partial(jax.jit, static_argnums=(0, 1), inline=True)
def fused(call: Call, statistics: bool, operands: Operands) -> tuple[Array, tuple[Array, ...]]:
    """Return the loss, and what was found out about the rows in the order of the core."""
    return _evaluate(call, statistics, operands)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _evaluate(call: Call, statistics: bool, operands: Operands) -> tuple[Array, tuple[Array, ...]]:
    found = _compute(call, Wanted(statistics=statistics), operands)
    return found.loss, found.statistics


@partial(_evaluate.defjvp, symbolic_zeros=True)
def _evaluate_jvp(
    call: Call, statistics: bool, primals: tuple[Operands], tangents: tuple[Operands]
) -> Any:
    (operands,), (moves,) = primals, tangents
    moving = tuple(map(_moves, (moves.y_pred, *moves.more)))
    wanted = wanted_of(call, moving, operands.y_pred.dtype == jnp.float16, statistics)
    found = _differentiable(call, wanted, operands)

    tangent = jnp.zeros_like(found.loss)
    pushed = [each for each in (moves.y_pred, *moves.more) if _moves(each)]
    for gradient, move in zip(found.gradients, pushed, strict=True):
        tangent += _along_rows(call, widen(gradient) * widen(move))
    if found.scale is not None:
        tangent *= found.scale

    others = _moving(moves, ("y_true", "sample_weight", "class_weight", "divisor"))
    if others:
        # All rows are looked at, also those of weight 0: a derivative by the weights may follow.
        tangent += _push(partial(_formula, call, True), operands, others)
    described = tuple(map(_still, found.statistics))
    if statistics and _moves(moves.y_pred):
        described = _push(partial(_statistics, call), operands, {"y_pred": moves.y_pred})
    return (found.loss, found.statistics), (tangent, described)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _differentiable(call: Call, wanted: Wanted, operands: Operands) -> Found:
    """What the kernel computes; its own derivatives are those of the formula."""
    return _compute(call, wanted, operands)


@partial(_differentiable.defjvp, symbolic_zeros=True)
def _differentiable_jvp(
    call: Call, wanted: Wanted, primals: tuple[Operands], tangents: tuple[Operands]
) -> Any:
    (operands,), (moves,) = primals, tangents
    names = ("y_true", "y_pred", "more", "sample_weight", "class_weight", "divisor")
    moving = _moving(moves, names)
    found = _differentiable(call, wanted, operands)
    # Also by weights of 0: a derivative by them may follow.
    formula = partial(_by_formula, call, wanted, True)
    return found, _push(formula, operands, moving)


def _compute(call: Call, wanted: Wanted, operands: Operands) -> Found:
    """The loss, and what is wanted beside it: by a kernel, where there is one."""
    kernel = partial(_kernel.compute, call, wanted=wanted)
    if jax.default_backend() == "cpu":  # the formula as well would double the time of tracing
        return kernel(operands)
    kernels = {"cpu": kernel}
    if _gpus.have_kernels():
        kernels["cuda"] = kernel
    formula = partial(_by_formula, call, wanted, False)
    found: Found = jax.lax.platform_dependent(operands, default=formula, **kernels)
    return found


def _by_formula(
    call: Call, wanted: Wanted, differentiates_weights: bool, operands: Operands
) -> Found:
    """As `_kernel.compute`."""
    predictions = (operands.y_pred, *operands.more)

    def total(call: Call, variables: tuple[Array, ...]) -> tuple[Array, Array]:
        given = iter(variables)
        pairs = zip(predictions, wanted.gradients, strict=False)
        y_pred, *more = (next(given) if want else each for each, want in pairs)
        given_here = operands._replace(y_pred=y_pred, more=(*more,))
        losses = _formula(call, differentiates_weights, given_here)
        return losses.sum(), losses

    scale, unscaled = None, call
    if wanted.scale:
        scale, unscaled = (
            _kernel.inverse_divisor(call, operands),
            call._replace(reduction=_core.SUM),
        )
    if any(wanted.gradients):
        variables = tuple(
            each for each, want in zip(predictions, wanted.gradients, strict=True) if want
        )
        differentiate = jax.grad(total, argnums=1, has_aux=True)
        gradients, _ = differentiate(unscaled, variables)
        gradients = tuple(each.astype(operands.y_pred.dtype) for each in gradients)
    else:
        gradients = ()
    described = _statistics(call, operands) if wanted.statistics else ()
    return Found(_formula(call, differentiates_weights, operands), gradients, scale, described)


def _formula(call: Call, differentiates_weights: bool, operands: Operands) -> Array:
    loss: Array = calls.compute(_namespace, call, operands, differentiates_weights)
    return loss


def _statistics(call: Call, operands: Operands) -> tuple[Array, ...]:
    return tuple(each for each in calls.statistics(_namespace, call, operands) if each is not None)


def _along_rows(call: Call, products: Array) -> Array:
    """What the products of gradients and tangents add up to, for each loss."""
    if call.reduction != _core.NONE:
        return products.sum()
    return products if call.row_axis is None else products.sum(call.row_axis)


def _moves(tangent: Any) -> bool:
    return tangent is not None and not isinstance(tangent, SymbolicZero)


def _moving(moves: Operands, names: tuple[str, ...]) -> dict[str, Any]:
    """The tangents that there are, by the name of what they belong to."""
    found = {}
    for name in names:
        tangent = getattr(moves, name)
        if name == "more":
            if any(map(_moves, tangent)):
                found[name] = tuple(
                    each if _moves(each) else jnp.zeros(each.aval.shape, each.aval.dtype)
                    for each in tangent
                )
        elif _moves(tangent):
            found[name] = tangent
    return found


def _push(function: Callable[[Operands], Any], operands: Operands, moves: dict[str, Any]) -> Any:
    """The tangent of a function of the operands, of which some move."""
    start = {name: getattr(operands, name) for name in moves}
    return jax.jvp(lambda each: function(operands._replace(**each)), (start,), (moves,))[1]


def _still(values: Array) -> Any:
    """A tangent of 0."""
    if jnp.issubdtype(values.dtype, jnp.inexact):
        return jnp.zeros_like(values)
    return np.zeros(values.shape, jax.dtypes.float0)
