"""The kernel of the categorical cross-entropies, whose targets are dense or integer labels."""

from typing import Any, TypeVar

from fusedloss._arguments import integer, number
from fusedloss.keras._kernel import EPSILON, Kernel
from fusedloss.keras._options import per_class

_Layout = TypeVar("_Layout", bound=Kernel)
_PLAIN = (1.0, 0.0, 0.0)


def crossentropy(
    layout: type[_Layout],
    from_logits: bool,
    label_smoothing: float,
    axis: int,
    class_weight: Any,
    temperature: float,
    softcap: float,
    z_loss: float,
    ignore_class: int | None = None,
) -> _Layout:
    """Return the kernel for the arguments of the public functions."""
    name = "categorical_crossentropy"
    smoothing = number("label_smoothing", label_smoothing)
    scaling = (
        number("temperature", temperature),
        number("softcap", softcap),
        number("z_loss", z_loss),
    )
    parameters: tuple[float | None, ...]
    if scaling != _PLAIN:
        if not from_logits:
            raise ValueError("temperature, softcap and z_loss act on logits: use from_logits=True")
        name, parameters = f"{name}_from_scaled_logits", (smoothing, *scaling)
    elif from_logits:
        name, parameters = f"{name}_from_logits", (smoothing,)
    else:
        parameters = (smoothing, EPSILON)
    return layout(
        name,
        parameters,
        axis,
        None if class_weight is None else per_class("class_weight", class_weight),
        ignore_label=None if ignore_class is None else integer("ignore_class", ignore_class),
    )
