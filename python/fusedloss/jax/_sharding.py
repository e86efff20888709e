"""The custom call where there are several devices: each computes the rows that it has.

Left to itself, XLA would gather all operands of a custom call on every device.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.custom_batching import custom_vmap
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import NamedSharding, PartitionSpec

from fusedloss._formulas.calls import Call
from fusedloss.jax._custom_call import custom_call

# Without types in JAX.
_partitioned: Any = custom_partitioning
_spec: Any = PartitionSpec

# Of the axis along which a row lies: that is never divided.
_ROW = "c"

Factors = tuple[str, ...]


def run(
    call: Call, ndim: int, operands: dict[str, Array], results: tuple[str, ...]
) -> dict[str, Array]:
    """As `custom_call`, for a call that returns the losses of the rows."""
    shapes = tuple((name, array.shape) for name, array in operands.items())
    found = _operation(call, ndim, shapes, results)(*operands.values())
    return dict(zip(results, found, strict=True))


@lru_cache(maxsize=256)
def _operation(
    call: Call,
    ndim: int,
    operands: tuple[tuple[str, tuple[int, ...]], ...],
    results: tuple[str, ...],
) -> Callable[..., tuple[Array, ...]]:
    """The call as an operation that is divided by rows, and that vmap can make a batch of."""
    names = [name for name, _ in operands]
    shape = dict(operands)["y_pred"]
    start = len(shape) - ndim

    def compute(*arrays: Array) -> tuple[Array, ...]:
        return tuple(
            custom_call(call, ndim, dict(zip(names, arrays, strict=True)), results).values()
        )

    batch = tuple(f"b{axis}" for axis in range(start))
    row = call.row_axis
    whole = tuple(_ROW if axis == row else f"r{axis}" for axis in range(ndim))
    rows = tuple(factor for factor in whole if factor != _ROW)

    def factors_of(place: int) -> Factors:
        name, sizes = operands[place]
        own = len(sizes) - start
        if name == "upstream":
            factors: Factors = ()
        elif own == ndim:
            factors = whole
        else:
            factors = (_ROW,) if name == "class_weight" else rows
        wanted = dict(zip((*batch, *whole), shape, strict=True))
        return tuple(
            factor if size == wanted[factor] else f"x{place}y{axis}"  # repeated along an axis
            for axis, (factor, size) in enumerate(zip((*batch, *factors), sizes, strict=True))
        )

    of_operands = [factors_of(place) for place in range(len(operands))]
    of_results = [(*batch, *(whole if "grad" in name else rows)) for name in results]

    def divide(mesh: Any, arguments: Any, _: Any) -> Any:
        spec = tuple(arguments[names.index("y_pred")].sharding.spec)
        spec += (None,) * (len(shape) - len(spec))
        axes = dict(zip((*batch, *whole), spec, strict=True)) | {_ROW: None}

        def sharding(factors: Factors) -> NamedSharding:
            return NamedSharding(mesh, _spec(*(axes.get(factor) for factor in factors)))

        shardings = tuple(map(sharding, of_results)), tuple(map(sharding, of_operands))
        return mesh, compute, *shardings

    divided: Any = _partitioned(compute)
    divided.def_partition(
        divide,
        sharding_rule=f"{_text(of_operands)} -> {_text(of_results)}",
        need_replication_factors=() if row is None else (_ROW,),
    )
    operation: Any = custom_vmap(divided)

    @operation.def_vmap  # type: ignore[untyped-decorator]
    def _(size: int, batched: Any, *arrays: Array) -> Any:
        arrays = tuple(
            array if is_batched else jnp.broadcast_to(array, (size, *array.shape))
            for array, is_batched in zip(arrays, batched, strict=True)
        )
        shapes = tuple((name, array.shape) for name, array in zip(names, arrays, strict=True))
        found = _operation(call, ndim, shapes, results)(*arrays)
        return found, (True,) * len(found)

    compiled: Callable[..., tuple[Array, ...]] = operation
    return compiled


def _text(all_factors: list[Factors]) -> str:
    return ", ".join(" ".join(factors) for factors in all_factors)
