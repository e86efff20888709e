"""The core as a custom call of XLA in TensorFlow: in an operation that runs a program of XLA.

XLA compiles the program once for each new shape, which takes milliseconds, also where nothing else
is compiled by XLA.
"""

from functools import lru_cache
from typing import Any

import tensorflow as tf
from tensorflow.compiler.tf2xla.ops.gen_xla_ops import xla_call_module

from fusedloss import _xla
from fusedloss._formulas.calls import Call
from fusedloss._tensorflow._namespace import Tensor, loss_dtype
from fusedloss._xla import TARGET

_TYPES = {
    tf.float16: "f16",
    tf.bfloat16: "bf16",
    tf.float32: "f32",
    tf.float64: "f64",
    tf.int8: "i8",
    tf.int16: "i16",
    tf.int32: "i32",
    tf.int64: "i64",
    tf.uint8: "ui8",
    tf.bool: "i1",
}

# Of the operation: from 4 on text is taken, from 6 on the platforms must be named.
_VERSION = 5

# Name, dtype and number of axes.
Kind = tuple[str, Any, int]


def custom_call(
    call: Call, ndim: int, operands: dict[str, Tensor], results: tuple[str, ...]
) -> dict[str, Tensor]:
    """Compute ``results``; they and the operands have the names of the core, in its order."""
    y_pred = operands["y_pred"]
    given = tuple((name, each.dtype, each.ndim) for name, each in operands.items())
    program, dtypes, axes = _program(call, ndim, given, results)
    if tf.executing_eagerly():
        # The operation is kept with its attributes, which here are the same for every shape.
        shapes: Any = [(None,) * len(each) for each in axes]
    else:
        shapes = [[y_pred.shape[axis] for axis in each] for each in axes]
    found = xla_call_module(
        list(operands.values()),
        version=_VERSION,
        module=program,
        Sout=shapes,
        Tout=dtypes,
        platforms=[],
        disabled_checks=[f"custom_call_target:{TARGET}"],
    )
    return dict(zip(results, found, strict=True))


@lru_cache(maxsize=1024)
def _program(
    call: Call, ndim: int, operands: tuple[Kind, ...], results: tuple[str, ...]
) -> tuple[str, list[Any], list[tuple[int, ...]]]:
    """A program in StableHLO for any sizes; dtypes of its results, and which axes they have."""
    names = [name for name, _, _ in operands]
    place = names.index("y_pred")
    own = operands[place][1]
    axes = [_xla.axes_of(name, call, ndim) for name in results]
    dtypes = [own if _xla.is_gradient(name) else loss_dtype(own) for name in results]

    given = [_type(dtype, rank) for _, dtype, rank in operands]
    made = [_type(dtype, len(each)) for dtype, each in zip(dtypes, axes, strict=True)]
    predictions = given[place]
    lines = []
    for axis in range(ndim):
        lines += [
            f"%n{axis} = stablehlo.get_dimension_size %x{place}, dim = {axis} : "
            f"({predictions}) -> tensor<i32>",
            f"%d{axis} = stablehlo.reshape %n{axis} : (tensor<i32>) -> tensor<1xi32>",
        ]
    # The sizes of the results are further operands, which XLA removes once it knows the sizes.
    sizes = [f"tensor<{len(each)}xi32>" for each in axes]
    for result, each in enumerate(axes):
        if each:
            parts = ", ".join(f"%d{axis}" for axis in each)
            types = ", ".join(["tensor<1xi32>"] * len(each))
            form = f"stablehlo.concatenate {parts}, dim = 0 : ({types}) -> {sizes[result]}"
        else:
            form = f"stablehlo.constant dense<> : {sizes[result]}"
        lines.append(f"%s{result} = {form}")
    count = len(given)
    values = [f"%x{i}" for i in range(count)] + [f"%s{i}" for i in range(len(axes))]
    ranks = [rank for _, _, rank in operands] + [1] * len(axes)
    options = {
        "api_version": "4 : i32",
        "backend_config": _dictionary(_xla.attributes(call, ndim, names, results)),
        "indices_of_shape_operands": _indices(range(count, count + len(axes)), "i64"),
        "operand_layouts": _list(_layout(rank) for rank in ranks),
        "result_layouts": _list(_layout(len(each)) for each in axes),
    }
    told = ", ".join(f"{name} = {value}" for name, value in options.items())
    several = f":{len(made)}" if len(made) > 1 else ""
    returned = ", ".join(f"%r#{i}" for i in range(len(made))) if several else "%r"
    made_types = ", ".join(made)
    lines += [
        f"%r{several} = stablehlo.custom_call @{TARGET}({', '.join(values)}) {{{told}}} : "
        f"({', '.join(given + sizes)}) -> {f'({made_types})' if several else made_types}",
        f"return {returned} : {made_types}",
    ]
    arguments = ", ".join(f"%x{i}: {each}" for i, each in enumerate(given))
    body = "\n".join(f"    {line}" for line in lines)
    program = (
        "module @fusedloss attributes {jax.uses_shape_polymorphism = true} {\n"
        f"  func.func public @main({arguments}) -> ({made_types}) {{\n{body}\n  }}\n}}\n"
    )
    return program, dtypes, axes


def _type(dtype: Any, rank: int) -> str:
    return f"tensor<{'?x' * rank}{_TYPES[dtype]}>"


def _layout(rank: int) -> str:
    return _indices(range(rank - 1, -1, -1), "index")


def _indices(values: range, dtype: str) -> str:
    numbers = ", ".join(map(str, values))
    return f"dense<{f'[{numbers}]' if values else ''}> : tensor<{len(values)}x{dtype}>"


def _list(parts: Any) -> str:
    return f"[{', '.join(parts)}]"


def _dictionary(attributes: dict[str, _xla.Attribute]) -> str:
    return f"{{{', '.join(f'{name} = {_attribute(value)}' for name, value in attributes.items())}}}"


def _attribute(value: _xla.Attribute) -> str:
    match value:
        case str():
            return f'"{value}"'
        case int():
            return f"{value} : i64"
        case float():
            return f"{_number(value)} : f64"
        case _:
            return f"array<f64: {', '.join(map(_number, value))}>"


def _number(value: float) -> str:
    return f"{value:.17e}"  # exactly, and with a point, which the language demands
