"""From what a Keras user passes to one call of the core: conversions, axes and shapes."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import keras
import numpy as np
import torch
from torch import Tensor

from fusedloss import _core
from fusedloss._arguments import integer
from fusedloss.keras._rows import Shape, line_up, refuse_labels, refuse_targets, squeeze_or_expand
from fusedloss.torch._autograd import fused

_IDS = {info.name: info.id for info in _core.losses()}
_LABELS = {torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8}
_TARGETS = _LABELS | {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool}


def is_symbolic(*tensors: Any) -> bool:
    """Whether one of the tensors stands for a value that is known only later."""
    for tensor in tensors:  # noqa: SIM110 (any() would cost a tenth of a small loss)
        if isinstance(tensor, keras.KerasTensor):
            return True
    return False


def refuse_symbolic(*_: Any) -> NoReturn:
    """Stand in for an option that Keras lacks."""
    raise NotImplementedError(
        "smoothed_focus=False needs tensors that have values, got a symbolic one, whose loss is "
        "left to Keras"
    )


@dataclass(slots=True)
class Kernel:
    """A loss of the core and its options: what is computed, whatever becomes of the rows.

    `in_keras` is the same loss, along the last axis, for symbolic tensors. `takes_epsilon`: the
    parameters are followed by Keras' epsilon, as it is at the time of the call.
    """

    name: str
    in_keras: Callable[..., Any]
    parameters: tuple[float, ...] = ()
    takes_epsilon: bool = False
    axis: int = -1
    class_weight: Tensor | None = None
    ignore_label: int | None = None

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
        if is_symbolic(y_true, y_pred):
            symbolic: Tensor = self._symbolic(y_true, y_pred)
            return symbolic
        y_pred = _predictions(y_pred)
        y_true, y_pred, axis, rows = self._line_up(_beside(y_pred, y_true), y_pred)
        weight = exists = None
        if sample_weight is not None:
            sample_weight = _beside(y_pred, sample_weight)
            weight = line_up("sample_weight", sample_weight, rows)
            if weight.shape != rows:
                y_true, y_pred, axis, rows = _repeat(y_true, y_pred, axis, rows, weight.shape)
        if mask is not None:
            exists = line_up("mask", _beside(y_pred, mask).bool(), rows)
            if exists.shape != rows:
                y_true, y_pred, axis, rows = _repeat(y_true, y_pred, axis, rows, exists.shape)
                weight = None if weight is None else weight.expand(rows)
        class_weight = self.class_weight
        if class_weight is not None:
            class_weight = _beside(y_pred, class_weight)
        loss = fused(
            _IDS[self.name],
            self._all_parameters(),
            y_true,
            y_pred,
            sample_weight=weight,
            mask=exists,
            class_weight=class_weight,
            ignore_label=self.ignore_label,
            row_axis=axis,
            reduction=reduction,
        )
        if reduction == _core.NONE and sample_weight is not None:
            # In Keras the losses follow the weights: (n,) losses by (n, 1) weights are (n, 1).
            loss, _ = squeeze_or_expand(loss, sample_weight)
        return loss

    def check(self) -> None:
        """Have the core refuse a parameter outside its domain before there are any data."""
        empty, loss = np.empty((0, 1), np.float32), np.empty((), np.float32)
        # fmt: off
        _core.compute(
            _IDS[self.name], self._all_parameters(), empty, empty, None, None, None, None,
            1, _core.MEAN, 0.0, 0, loss, None,
        )
        # fmt: on

    def _symbolic(self, y_true: Any, y_pred: Any) -> Any:
        if self.axis != -1:
            if len(y_true.shape) == len(y_pred.shape):
                y_true = keras.ops.moveaxis(y_true, self.axis, -1)
            y_pred = keras.ops.moveaxis(y_pred, self.axis, -1)
        return self.in_keras(y_true, y_pred)

    def _all_parameters(self) -> tuple[float, ...]:
        return (*self.parameters, keras.config.epsilon()) if self.takes_epsilon else self.parameters

    def _line_up(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, int, Shape]:
        """Return targets and predictions that fit, the axis of a row, and the shape of the rows."""
        raise NotImplementedError

    def _split(self, shape: Shape) -> tuple[int, Shape]:
        """The axis of a row, counted from the front, and the shape of the rows."""
        axis, ndim = self.axis, len(shape)
        if not -ndim <= axis < ndim:
            raise ValueError(
                f"axis must be in [{-ndim}, {ndim}) for y_pred of shape {(*shape,)}, got {axis}"
            )
        axis %= ndim
        return axis, shape[:-1] if axis == ndim - 1 else shape[:axis] + shape[axis + 1 :]


class PointwiseKernel(Kernel):
    """A loss of single elements, averaged over the axis of a row."""

    __slots__ = ()
    broadcasts = False

    def _line_up(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, int, Shape]:
        y_true, y_pred = squeeze_or_expand(y_true, y_pred)
        if y_true.shape != y_pred.shape:
            if not self.broadcasts:
                refuse_targets(y_true, y_pred)
            try:
                y_true, y_pred = torch.broadcast_tensors(y_true, y_pred)  # type: ignore[no-untyped-call]
            except RuntimeError:
                refuse_targets(y_true, y_pred)
        if y_pred.ndim == 0:
            y_true, y_pred = y_true[None], y_pred[None]
        return _readable(y_true, y_pred), y_pred, *self._split(y_pred.shape)


class RegressionKernel(PointwiseKernel):
    """A pointwise loss whose targets and predictions broadcast with each other, as in Keras."""

    __slots__ = ()
    broadcasts = True


class DenseKernel(Kernel):
    """A loss of rows of classes whose targets have a value for every class."""

    __slots__ = ()

    def _line_up(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, int, Shape]:
        y_true, y_pred = squeeze_or_expand(y_true, y_pred)
        axis, rows = self._split(y_pred.shape)
        if y_true.shape != y_pred.shape:
            refuse_targets(y_true, y_pred, labels=y_true.shape == rows)
        if y_pred.shape[axis] == 1:
            warnings.warn(
                f"y_pred of shape {(*y_pred.shape,)} has one class, whose probability is always 1: "
                "two classes with one output need a binary loss",
                SyntaxWarning,
                stacklevel=4,
            )
        return _readable(y_true, y_pred), y_pred, axis, rows


class SparseKernel(Kernel):
    """A loss of rows of classes whose targets are integer labels."""

    __slots__ = ()

    def _line_up(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, int, Shape]:
        axis, rows = self._split(y_pred.shape)
        if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1:
            y_true = y_true.squeeze(-1)
        if y_true.ndim == y_pred.ndim and y_true.shape[axis] == 1:
            y_true = y_true.squeeze(axis)
        if y_true.shape != rows:
            refuse_labels(y_true, y_pred, rows)
        if y_true.dtype not in _LABELS:  # floating labels are truncated, as Keras does
            y_true = y_true.to(torch.int64)
        return y_true, y_pred, axis, rows


def _predictions(y_pred: Any) -> Tensor:
    tensor: Tensor = y_pred if isinstance(y_pred, Tensor) else keras.ops.convert_to_tensor(y_pred)
    return (
        tensor if tensor.is_floating_point() else tensor.to(getattr(torch, keras.config.floatx()))
    )


def _beside(y_pred: Tensor, values: Any) -> Tensor:
    """`values` as a tensor on the device of `y_pred`. The dtype stays: labels are never floated."""
    tensor: Tensor = values if isinstance(values, Tensor) else keras.ops.convert_to_tensor(values)
    return tensor if tensor.device == y_pred.device else tensor.to(y_pred.device)


def _readable(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Targets in a dtype that the core reads, which are all real ones of torch but a few."""
    return y_true if y_true.dtype in _TARGETS else y_true.to(y_pred.dtype)


def _repeat(
    y_true: Tensor, y_pred: Tensor, axis: int, rows: Shape, repeated: Shape
) -> tuple[Tensor, Tensor, int, Shape]:
    """Expand targets and predictions from `rows` to as many rows as there are weights."""
    sparse = y_true.shape == rows
    new_axis = axis + len(repeated) - len(rows)
    shape = (*repeated[:new_axis], y_pred.shape[axis], *repeated[new_axis:])
    y_true = y_true.expand(repeated if sparse else shape)
    return y_true, y_pred.expand(shape), new_axis, repeated
