"""The core as a custom call of XLA: what is the same for every framework that XLA compiles for."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from fusedloss import _core
from fusedloss._formulas.calls import Call, Operands
from fusedloss._formulas.namespace import Array
from fusedloss._registry import BY_ID

TARGET = _core.XLA_TARGET
HANDLERS = _core.xla_handlers()

Attribute = str | int | float | tuple[float, ...]

# (call, axes of y_pred in a call, operands by their names in the core, names of the results)
CustomCall = Callable[[Call, int, dict[str, Array], tuple[str, ...]], dict[str, Array]]

_OPERANDS = {name: 1 << place for place, name in enumerate(_core.XLA_OPERANDS)}
_RESULTS = {name: 1 << place for place, name in enumerate(_core.XLA_RESULTS)}
_GRADIENTS = ("grad", "more_grad_0", "more_grad_1")
_STATISTICS = ("log_sum_exp", "label_log_prob", "entropy", "argmax")
_MEANS = (_core.MEAN, _core.WEIGHTED_MEAN)


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


def wanted_of(
    call: Call, gradients: tuple[bool, ...], float16: bool, statistics: bool = False
) -> Wanted:
    """What is to be computed where some of the predictions are differentiated by.

    A mean's 1 / N would flush most of a float16 gradient to 0: it waits for what flows in.
    """
    scale = float16 and any(gradients) and call.reduction in _MEANS
    return Wanted(gradients, statistics, scale)


def divides(call: Call) -> bool:
    """Whether the loss is a mean."""
    return call.reduction in _MEANS


def named(operands: Operands) -> dict[str, Array]:
    """Those arrays that there are, by their names in the core and in its order."""
    more = {f"more_{place}": array for place, array in enumerate(operands.more)}
    given = {
        "y_true": operands.y_true,
        "y_pred": operands.y_pred,
        **more,
        "sample_weight": operands.sample_weight,
        "mask": operands.mask,
        "class_weight": operands.class_weight,
        "divisor": operands.divisor,
    }
    return {name: array for name, array in given.items() if array is not None}


def operands_of(arrays: dict[str, Array]) -> Operands:
    """The opposite of `named`."""
    more = tuple(array for name, array in arrays.items() if name.startswith("more_"))
    others = {name: array for name, array in arrays.items() if not name.startswith("more_")}
    return Operands(others.pop("y_true", None), more=more, **others)


def run(
    custom_call: CustomCall,
    call: Call,
    operands: Operands,
    wanted: Wanted,
    upstream: Array | None = None,
) -> Found:
    """Compute what is wanted by one custom call, with the gradients multiplied by ``upstream``."""
    arrays = named(operands._replace(divisor=None))
    if upstream is not None:
        arrays["upstream"] = upstream
    pairs = zip(_GRADIENTS, wanted.gradients, strict=False)
    gradients = [name for name, is_wanted in pairs if is_wanted]
    statistics: tuple[str, ...] = ()
    if wanted.statistics:
        y_true, y_pred = operands.y_true, operands.y_pred
        labels = y_true is not None and y_true.ndim < y_pred.ndim
        statistics = tuple(name for name in _STATISTICS if labels or name != "label_log_prob")
    scale = ("scale",) if wanted.scale else ()
    names = ("loss", *gradients, *scale, *statistics)
    if wanted.scale:
        call = call._replace(flags=call.flags | _core.UNSCALED_GRAD)
    found = custom_call(call, operands.y_pred.ndim, arrays, names)
    # fmt: off
    return Found(
        found["loss"], tuple(found[name] for name in gradients), found.get("scale"),
        tuple(found[name] for name in statistics),
    )
    # fmt: on


def attributes(
    call: Call, ndim: int, operands: Iterable[str], results: Iterable[str]
) -> dict[str, Attribute]:
    """What the handler is told beside the arrays: of int and float, 64 bits."""
    told: dict[str, Attribute] = {
        "loss": BY_ID[call.loss_id].name,
        "ndim": ndim,
        "row_axis": -1 if call.row_axis is None else call.row_axis,
        "reduction": call.reduction,
        "flags": call.flags,
        "has_ignore_label": int(call.ignore_label is not None),
        "ignore_label": call.ignore_label or 0,
        "denominator": float(call.denominator),
        "operands": sum(_OPERANDS[name] for name in operands),
        "results": sum(_RESULTS[name] for name in results),
    }
    if call.params:  # an array without elements has no form as an attribute
        told["params"] = call.params
    return told


def axes_of(result: str, call: Call, ndim: int) -> tuple[int, ...]:
    """The axes of y_pred that a result has."""
    if is_gradient(result):
        return tuple(range(ndim))
    if result == "scale" or (result == "loss" and call.reduction != _core.NONE):
        return ()
    return tuple(axis for axis in range(ndim) if axis != call.row_axis)


def is_gradient(result: str) -> bool:
    """Whether a result has the dtype of y_pred. argmax has integers, others that of the loss."""
    return "grad" in result


def is_prediction(operand: str) -> bool:
    """Whether a loss is mostly differentiated by it."""
    return operand == "y_pred" or operand.startswith("more_")


def rows_of(call: Call, shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """The shape of the rows of predictions."""
    axis = call.row_axis
    return shape if axis is None else shape[:axis] + shape[axis + 1 :]
