"""How targets and predictions line up, and which axis is a row: one kind of kernel for each way."""

import warnings
from typing import Any

import keras
import torch
from torch import Tensor

from fusedloss.keras._kernel import Kernel, beside
from fusedloss.keras._rows import Shape, refuse_labels, refuse_targets, squeeze_or_expand
from fusedloss.keras._symbolic import is_symbolic
from fusedloss.torch._arguments import signs_of

_LABELS = {torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8}
_TARGETS = _LABELS | {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool}

_saved = keras.saving.register_keras_serializable(package="fusedloss")


@_saved
class ElementKernel(Kernel):
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

    def _weigh(self, weights: Tensor, y_pred: Tensor, axis: int) -> Tensor:
        weights = super()._weigh(weights, y_pred, axis)
        if weights.ndim:
            weights = weights.reshape(-1, *[1] * (y_pred.ndim - 1 - axis))
        return weights.expand(y_pred.shape)


@_saved
class BroadcastKernel(ElementKernel):
    """A loss whose targets and predictions broadcast with each other, as in Keras."""

    __slots__ = ()
    broadcasts = True


@_saved
class SignKernel(BroadcastKernel):
    """A loss of targets -1 and 1. If all of them are 0 or 1, 0 stands for -1, as in Keras."""

    __slots__ = ()

    def _line_up(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, int, Shape]:
        return super()._line_up(signs_of(y_true), y_pred)


@_saved
class PairKernel(ElementKernel):
    """A loss of two predictions, which are the first and the second half of the last axis."""

    __slots__ = ()

    def _line_up(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, int, Shape]:
        if not y_pred.ndim or y_pred.shape[-1] % 2:
            raise ValueError(
                "y_pred must hold two predictions of each target, one half of its last axis each, "
                f"got shape {(*y_pred.shape,)}"
            )
        half = (*y_pred.shape[:-1], y_pred.shape[-1] // 2)
        if y_true.shape == half[:-1] and half[-1] == 1:
            y_true = y_true.unsqueeze(-1)
        if y_true.shape != half:
            raise ValueError(
                f"y_true must have the shape of y_pred with half of its last axis, {half}, got "
                f"{(*y_true.shape,)}"
            )
        return _readable(y_true, y_pred), y_pred, *self._split(y_pred.shape)

    def _parts(self, y_pred: Tensor, axis: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        first, second = y_pred.chunk(2, axis)
        return first, (second,)


@_saved
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


@_saved
class SparseKernel(Kernel):
    """A loss of rows of classes whose targets are integer labels."""

    __slots__ = ()

    def losses(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the losses of the rows, with a Keras mask of those that count."""
        losses = super().losses(y_true, y_pred)
        if self.ignore_label is not None:
            labels = y_true if is_symbolic(y_true, y_pred) else beside(losses, y_true)
            if len(labels.shape) > len(losses.shape) + 1:
                labels = keras.ops.squeeze(labels, -1)
            if len(labels.shape) > len(losses.shape):
                labels = keras.ops.squeeze(labels, self.axis)
            losses._keras_mask = labels != self.ignore_label  # type: ignore[attr-defined]
        return losses

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


def _readable(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Targets in a dtype that the core reads, which are all real ones of torch but a few."""
    return y_true if y_true.dtype in _TARGETS else y_true.to(y_pred.dtype)
