"""The core as a custom call of XLA."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, ShapeDtypeStruct

from fusedloss import _core
from fusedloss._formulas.calls import Call
from fusedloss._registry import BY_ID

((TARGET, _HANDLER),) = _core.xla_handlers().items()
jax.ffi.register_ffi_target(TARGET, _HANDLER, platform="cpu")

_OPERANDS = {name: 1 << place for place, name in enumerate(_core.XLA_OPERANDS)}
_RESULTS = {name: 1 << place for place, name in enumerate(_core.XLA_RESULTS)}


def custom_call(
    call: Call, ndim: int, operands: dict[str, Array], results: tuple[str, ...]
) -> dict[str, Array]:
    """Compute ``results``; they and the operands have the names of the core, in its order.

    Before the ``ndim`` axes of y_pred in a call, all may have axes that number the calls of a
    batch: of their own size, or 1 for what all calls share.
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
    shapes = tuple(_shape(name, call, ndim, operands["y_pred"]) for name in results)
    # expand_dims: a batch of vmap is one call, and what its members share is not repeated for it.
    compute = jax.ffi.ffi_call(TARGET, shapes, vmap_method="expand_dims")
    return dict(zip(results, compute(*operands.values(), **attributes), strict=True))


def rows_of(call: Call, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the rows of predictions."""
    axis = call.row_axis
    return shape if axis is None else shape[:axis] + shape[axis + 1 :]


def _shape(name: str, call: Call, ndim: int, y_pred: Array) -> ShapeDtypeStruct:
    """Of a result."""
    start = y_pred.ndim - ndim
    batch, shape = y_pred.shape[:start], y_pred.shape[start:]
    dtype: Any = jnp.promote_types(y_pred.dtype, jnp.float32)
    if name.endswith("grad") or "grad_" in name:
        dtype = y_pred.dtype
    elif name == "scale" or (name == "loss" and call.reduction != _core.NONE):
        shape = ()
    else:
        shape = rows_of(call, shape)
        if name == "argmax":
            dtype = jax.dtypes.canonicalize_dtype(np.int64)
    return ShapeDtypeStruct((*batch, *shape), dtype)  # type: ignore[no-untyped-call]
