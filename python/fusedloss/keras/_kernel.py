"""From what a Keras user passes to one call of the core: conversions, weights and reductions.

How targets and predictions line up is left to the kinds of kernels in `_layouts`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any

import keras
import numpy as np

from fusedloss import _core
from fusedloss._arguments import POSITIVES, integer
from fusedloss._registry import BY_NAME, require_parameters
from fusedloss.keras._backend import Shape, Tensor, backend
from fusedloss.keras._rows import line_up, squeeze_or_expand
from fusedloss.keras._symbolic import RowLosses, is_symbolic

# A parameter that is Keras' epsilon, as it is at the time of the call.
EPSILON = None

_MEANS = (_core.MEAN, _core.WEIGHTED_MEAN)


@dataclass(slots=True)
class Kernel(ABC):
    """A loss of the core and its options: what is computed, whatever becomes of the rows.

    Attributes:
      name: of the loss in the core.
      parameters: its first parameters; the others have their defaults.
      axis: the axis of a row.
      class_weight: a weight for each class, or for each output of a row; or a single one, of no
        axes. As `backend.constant` keeps it.
      weight_name: what the public class calls these weights.
      ignore_label: label of rows that do not count.
      constants: further predictions of the core that are the same number everywhere.
      denominator: what a mean divides by, if not by rows or weights: a number or POSITIVES.
    """

    name: str
    parameters: tuple[float | None, ...] = ()
    axis: int = -1
    class_weight: Any = None
    weight_name: str = "class_weight"
    ignore_label: int | None = None
    constants: tuple[float, ...] = ()
    denominator: float | str | None = None

    def __post_init__(self) -> None:
        self.axis = integer("axis", self.axis)

    def __call__(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        mask: Any = None,
        reduction: int = _core.NONE,
    ) -> Tensor:
        """Return the losses of the rows, or what the reduction makes of them."""
        y_pred = backend.predictions(y_pred)
        y_true, y_pred, axis, rows = self._line_up(backend.beside(y_pred, y_true), y_pred)
        weight = exists = None
        if sample_weight is not None:
            sample_weight = backend.beside(y_pred, sample_weight)
            weight, repeats = line_up("sample_weight", sample_weight, rows)
            if repeats:
                y_true, y_pred, axis, rows = _repeat(y_true, y_pred, axis, rows, weight)
        if mask is not None:
            mask = backend.truth(backend.beside(y_pred, mask))
            exists, repeats = line_up("mask", mask, rows)
            if repeats:
                y_true, y_pred, axis, rows = _repeat(y_true, y_pred, axis, rows, exists)
            exists = backend.spread(exists, rows)
        if weight is not None:
            weight = backend.spread(weight, rows)
        y_pred, more = self._parts(y_pred, axis)
        class_weight = self.class_weight
        if class_weight is not None:
            class_weight = self._weigh(class_weight, y_pred, axis)
        per_positive = self.denominator == POSITIVES and reduction in _MEANS
        loss = backend.fused(
            BY_NAME[self.name].id,
            self._all_parameters(),
            y_true,
            y_pred,
            more=more,
            sample_weight=weight,
            mask=exists,
            class_weight=class_weight,
            ignore_label=self.ignore_label,
            row_axis=axis,
            reduction=_core.SUM if per_positive else reduction,
            denominator=self.denominator if isinstance(self.denominator, float) else 0.0,
        )
        if per_positive:
            across = [
                None if each is None else backend.unsqueeze(each, axis) for each in (weight, exists)
            ]
            loss = loss / backend.cast(backend.positives(y_true, *across), loss.dtype)
        elif reduction == _core.NONE and sample_weight is not None:
            # In Keras the losses follow the weights: (n,) losses by (n, 1) weights are (n, 1).
            loss, _ = squeeze_or_expand(loss, sample_weight)
        # By a number the sums of all parts of a batch are divided, and then add up by themselves.
        is_mean = reduction in _MEANS and not isinstance(self.denominator, float)
        return backend.share(loss) if is_mean else loss

    def losses(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the losses of the rows. Tensors may be symbolic, and so is the result then."""
        call = RowLosses(self) if is_symbolic(y_true, y_pred) else self
        losses: Tensor = call(y_true, y_pred)
        return losses

    def check(self) -> None:
        """Have the core refuse a parameter outside its domain before there are any data."""
        require_parameters(BY_NAME[self.name], self._all_parameters())

    def get_config(self) -> dict[str, Any]:
        """Return every field, for a graph that is saved with a loss in it."""
        config = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.class_weight is not None:
            config["class_weight"] = self.class_weight.tolist()
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Kernel":
        """Return the kernel that `get_config` describes."""
        weights = config["class_weight"]
        if weights is not None:
            weights = backend.constant(np.array(weights, np.float64))
        tuples = {name: tuple(config[name]) for name in ("parameters", "constants")}
        return cls(**{**config, **tuples, "class_weight": weights})

    def _all_parameters(self) -> tuple[float, ...]:
        if EPSILON not in self.parameters:
            return self.parameters  # type: ignore[return-value]
        epsilon: float = keras.config.epsilon()
        return tuple(epsilon if value is EPSILON else value for value in self.parameters)

    @abstractmethod
    def _line_up(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, int, Shape]:
        """Return targets and predictions that fit, the axis of a row, and the shape of the rows."""

    def _parts(self, y_pred: Tensor, axis: int) -> tuple[Tensor, tuple[Tensor, ...]]:  # noqa: ARG002
        """Return the first prediction of the core, and the further ones in its shape."""
        return y_pred, tuple(backend.fill(value, y_pred) for value in self.constants)

    def _weigh(self, weights: Any, y_pred: Tensor, axis: int) -> Tensor:
        """Return the weights of the classes as the core takes them."""
        self._require_one_each(weights, y_pred, axis)
        return backend.beside(y_pred, weights)

    def _require_one_each(self, weights: Any, y_pred: Tensor, axis: int) -> None:
        classes = backend.shape_of(y_pred)[axis]
        if weights.ndim and classes is not None and weights.shape[0] != classes:
            raise ValueError(
                f"{self.weight_name} must hold one number for each of the {classes} entries of "
                f"y_pred along axis {self.axis}, got {weights.shape[0]}"
            )

    def _split(self, shape: Shape) -> tuple[int, Shape]:
        """The axis of a row, counted from the front, and the shape of the rows."""
        axis, ndim = self.axis, len(shape)
        if not -ndim <= axis < ndim:
            raise ValueError(
                f"axis must be in [{-ndim}, {ndim}) for y_pred of shape {(*shape,)}, got {axis}"
            )
        axis %= ndim
        return axis, shape[:-1] if axis == ndim - 1 else shape[:axis] + shape[axis + 1 :]


def _repeat(
    y_true: Tensor, y_pred: Tensor, axis: int, rows: Shape, weights: Tensor
) -> tuple[Tensor, Tensor, int, Shape]:
    """Repeat targets and predictions where there are several weights for one row."""
    sizes = keras.ops.shape(y_pred)  # known or not
    wanted = [*keras.ops.shape(weights)]
    new_axis = axis + len(wanted) - len(rows)
    own = [1] * (len(wanted) - len(rows)) + [*sizes[:axis], *sizes[axis + 1 :]]
    wanted = [
        there if isinstance(here, int) and here == 1 else here
        for here, there in zip(own, wanted, strict=True)
    ]
    whole = (*wanted[:new_axis], sizes[axis], *wanted[new_axis:])
    sparse = y_true.ndim == len(rows)
    y_true = keras.ops.broadcast_to(y_true, wanted if sparse else whole)
    y_pred = keras.ops.broadcast_to(y_pred, whole)
    shape = backend.shape_of(y_pred)
    return y_true, y_pred, new_axis, shape[:new_axis] + shape[new_axis + 1 :]
