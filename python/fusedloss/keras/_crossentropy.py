"""The kernel of the categorical cross-entropies, whose targets are dense or integer labels."""

from typing import Any, TypeVar

from fusedloss._arguments import integer, number
from fusedloss._crossentropy import cross_entropy
from fusedloss.keras._kernel import EPSILON, Kernel
from fusedloss.keras._options import per_class

_Layout = TypeVar("_Layout", bound=Kernel)


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
    loss, parameters = cross_entropy(
        from_logits,
        number("label_smoothing", label_smoothing),
        number("temperature", temperature),
        number("softcap", softcap),
        number("z_loss", z_loss),
    )
    return layout(
        loss.name,
        parameters if from_logits else (*parameters, EPSILON),
        axis,
        None if class_weight is None else per_class("class_weight", class_weight),
        ignore_label=None if ignore_class is None else integer("ignore_class", ignore_class),
    )
