"""The core as a custom call of XLA in JAX."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, ShapeDtypeStruct

from fusedloss import _xla
from fusedloss._formulas.calls import Call
from fusedloss._xla import HANDLERS, TARGET

for _platform, _handler in HANDLERS.items():
    jax.ffi.register_ffi_target(TARGET, _handler, platform=_platform)


def custom_call(
    call: Call, ndim: int, operands: dict[str, Array], results: tuple[str, ...]
) -> dict[str, Array]:
    """Compute ``results``; they and the operands have the names of the core, in its order.

    Before the ``ndim`` axes of y_pred in a call, all may have axes that number the calls of a
    batch: of their own size, or 1 for what all calls share.
    """
    told = _xla.attributes(call, ndim, operands, results)
    shapes = tuple(_shape(name, call, ndim, operands["y_pred"]) for name in results)
    aliases = {}
    # A batch of vmap is one call, and what its members share is not repeated for it, ...
    vmap_method = "expand_dims"
    if call.inplace and "grad" in results:
        aliases = {tuple(operands).index("y_pred"): results.index("grad")}
        vmap_method = "broadcast_all"  # ... unless it must have room for all gradients
    compute = jax.ffi.ffi_call(
        TARGET, shapes, vmap_method=vmap_method, input_output_aliases=aliases or None
    )
    attributes = {name: _attribute(value) for name, value in told.items()}
    return dict(zip(results, compute(*operands.values(), **attributes), strict=True))


def _attribute(value: _xla.Attribute) -> Any:
    if isinstance(value, tuple):
        return np.array(value, np.float64)
    if isinstance(value, str):
        return value
    return np.float64(value) if isinstance(value, float) else np.int64(value)


def _shape(name: str, call: Call, ndim: int, y_pred: Array) -> ShapeDtypeStruct:
    """Of a result."""
    start = y_pred.ndim - ndim
    batch, shape = y_pred.shape[:start], y_pred.shape[start:]
    dtype: Any = jnp.promote_types(y_pred.dtype, jnp.float32)
    if _xla.is_gradient(name):
        dtype = y_pred.dtype
    elif name == "argmax":
        dtype = jax.dtypes.canonicalize_dtype(np.int64)
    own = (shape[axis] for axis in _xla.axes_of(name, call, ndim))
    return ShapeDtypeStruct((*batch, *own), dtype)  # type: ignore[no-untyped-call]
