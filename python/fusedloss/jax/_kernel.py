"""The core as one custom call of XLA: arrays in, arrays out, and nothing differentiable yet."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, ShapeDtypeStruct

from fusedloss import _core
from fusedloss._formulas.calls import Call, Operands
from fusedloss._registry import BY_ID

((TARGET, _HANDLER),) = _core.xla_handlers().items()
jax.ffi.register_ffi_target(TARGET, _HANDLER, platform="cpu")

_OPERANDS = {name: 1 << place for place, name in enumerate(_core.XLA_OPERANDS)}
_RESULTS = {name: 1 << place for place, name in enumerate(_core.XLA_RESULTS)}


def _shape(shape: tuple[int, ...], dtype: Any) -> ShapeDtypeStruct:
    return ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]


class Wanted(NamedTuple):
    """What is to be computed beside the loss."""

    gradients: tuple[bool, ...] = ()  # of y_pred, and of each further prediction
    statistics: bool = False
    scale: bool = False  # leave the divisor out of the gradients, and return what it is


class Found(NamedTuple):
    """What was computed."""

    loss: Array
    gradients: tuple[Array, ...] = ()  # those that are wanted
    scale: Array | None = None
    statistics: tuple[Array, ...] = ()  # in the order of the core, without what there is not


def rows_of(call: Call, y_pred: Any) -> tuple[int, ...]:
    """The shape of the rows."""
    shape: tuple[int, ...] = y_pred.shape
    return shape if call.row_axis is None else shape[: call.row_axis] + shape[call.row_axis + 1 :]


def named_operands(operands: Operands, upstream: Array | None = None) -> dict[str, Array]:
    """The arrays that are given, under the names and in the order of the core."""
    more = (*operands.more, None, None)
    arrays = {
        "y_true": operands.y_true,
        "y_pred": operands.y_pred,
        "more_0": more[0],
        "more_1": more[1],
        "sample_weight": operands.sample_weight,
        "mask": operands.mask,
        "class_weight": operands.class_weight,
        "upstream": upstream,
    }
    return {name: array for name, array in arrays.items() if array is not None}


def named_results(call: Call, operands: Operands, wanted: Wanted) -> dict[str, ShapeDtypeStruct]:
    """What the call returns, under the names and in the order of the core."""
    y_pred = operands.y_pred
    rows, dtype = rows_of(call, y_pred), jnp.promote_types(y_pred.dtype, jnp.float32)
    losses, loss = _shape(rows, dtype), _shape((), dtype)
    results = {"loss": losses if call.reduction == _core.NONE else loss}
    names = ("grad", "more_grad_0", "more_grad_1")
    for name, is_wanted in zip(names, wanted.gradients, strict=False):
        if is_wanted:
            results[name] = _shape(y_pred.shape, y_pred.dtype)
    if wanted.scale:
        results["scale"] = loss
    if wanted.statistics:
        results["log_sum_exp"] = losses
        if operands.y_true is not None and operands.y_true.ndim < y_pred.ndim:
            results["label_log_prob"] = losses
        results["entropy"] = losses
        results["argmax"] = _shape(rows, jax.dtypes.canonicalize_dtype(np.int64))
    return results


def run(
    call: Call, ndim: int, operands: dict[str, Array], results: dict[str, ShapeDtypeStruct]
) -> dict[str, Array]:
    """Compute ``results``, given operands that are named as the core names them.

    Beside ``ndim`` axes of y_pred all may have axes before these that are a batch of calls: their
    own size, or 1 for one that all calls share.
    """
    attributes: dict[str, Any] = {
        "loss": BY_ID[call.loss_id].name,
        "ndim": np.int64(ndim),
        "row_axis": np.int64(-1 if call.row_axis is None else call.row_axis),
        "reduction": np.int64(call.reduction),
        "flags": np.int64(call.flags),
        "has_ignore_label": np.int64(call.ignore_label is not None),
        "ignore_label": np.int64(call.ignore_label or 0),
        "denominator": np.float64(call.denominator),
        "operands": np.int64(sum(_OPERANDS[name] for name in operands)),
        "results": np.int64(sum(_RESULTS[name] for name in results)),
    }
    if call.params:  # an array without elements has no form as an attribute
        attributes["params"] = np.array(call.params, np.float64)
    # expand_dims: a batch of vmap is one call, and what all have in common is not repeated for it.
    custom_call = jax.ffi.ffi_call(TARGET, tuple(results.values()), vmap_method="expand_dims")
    return dict(zip(results, custom_call(*operands.values(), **attributes), strict=True))


def gather(results: dict[str, Array], wanted: Wanted) -> Found:
    """``results`` by what they are."""
    rest = [array for name, array in results.items() if name not in ("loss", "scale")]
    count = sum(wanted.gradients)
    return Found(results["loss"], (*rest[:count],), results.get("scale"), (*rest[count:],))


def compute(call: Call, operands: Operands, wanted: Wanted = Wanted()) -> Found:  # noqa: B008
    """The loss, and what is wanted beside it, in one pass."""
    if wanted.scale:
        call = call._replace(flags=call.flags | _core.UNSCALED_GRAD)
    divisor, upstream = operands.divisor, None
    kernel_wanted = wanted
    if divisor is not None:
        call = call._replace(reduction=_core.SUM)
        kernel_wanted = wanted._replace(scale=False)
        if any(wanted.gradients) and not wanted.scale:
            upstream = 1 / divisor
    results = named_results(call, operands, kernel_wanted)
    arrays = named_operands(operands, upstream)
    found = gather(run(call, operands.y_pred.ndim, arrays, results), wanted)
    if divisor is None:
        return found
    return found._replace(loss=found.loss / divisor, scale=1 / divisor if wanted.scale else None)
