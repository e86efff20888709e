"""How targets and predictions line up, and which axis is a row: one kind of kernel for each way."""

import warnings
from typing import Any

import keras

from fusedloss.keras._backend import Shape, Tensor, backend
from fusedloss.keras._kernel import Kernel
from fusedloss.keras._rows import fits, refuse_labels, refuse_targets, squeeze_or_expand
from fusedloss.keras._symbolic import is_symbolic

_saved = keras.saving.register_keras_serializable(package="fusedloss")


@_saved
class ElementKernel(Kernel):
    """A loss of single elements, averaged over the axis of a row."""

    __slots__ = ()
    broadcasts = False

    def _line_up(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, int, Shape]:
        y_true, y_pred = squeeze_or_expand(y_true, y_pred)
        given, shape = backend.shape_of(y_true), backend.shape_of(y_pred)
        if given != shape:
            if self.broadcasts:
                try:
                    y_true, y_pred = backend.broadcast(y_true, y_pred)
                except ValueError:
                    refuse_targets(given, shape)
                shape = backend.shape_of(y_pred)
            elif not fits(given, shape):
                refuse_targets(given, shape)
        if not shape:
            y_true, y_pred, shape = y_true[None], y_pred[None], (1,)
        return backend.readable(y_true, y_pred), y_pred, *self._split(shape)

    def _weigh(self, weights: Any, y_pred: Tensor, axis: int) -> Tensor:
        self._require_one_each(weights, y_pred, axis)
        weights = weights.reshape(*[1] * axis, -1, *[1] * (y_pred.ndim - 1 - axis))
        return backend.spread(backend.beside(y_pred, weights), backend.shape_of(y_pred))


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
        return super()._line_up(backend.signs(y_true), y_pred)


@_saved
class PairKernel(ElementKernel):
    """A loss of two predictions, which are the first and the second half of the last axis."""

    __slots__ = ()

    def _line_up(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, int, Shape]:
        shape = backend.shape_of(y_pred)
        last = shape[-1] if shape else 1
        if last is not None and last % 2:
            raise ValueError(
                "y_pred must hold two predictions of each target, one half of its last axis each, "
                f"got shape {(*shape,)}"
            )
        half = (*shape[:-1], None if last is None else last // 2)
        if half[-1] == 1 and fits(backend.shape_of(y_true), half[:-1]):
            y_true = backend.unsqueeze(y_true, -1)
        given = backend.shape_of(y_true)
        if not fits(given, half):
            raise ValueError(
                f"y_true must have the shape of y_pred with half of its last axis, {half}, got "
                f"{(*given,)}"
            )
        return backend.readable(y_true, y_pred), y_pred, *self._split(shape)

    def _parts(self, y_pred: Tensor, axis: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        first, second = backend.halves(y_pred, axis)
        return first, (second,)


@_saved
class DenseKernel(Kernel):
    """A loss of rows of classes whose targets have a value for every class."""

    __slots__ = ()

    def _line_up(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, int, Shape]:
        y_true, y_pred = squeeze_or_expand(y_true, y_pred)
        given, shape = backend.shape_of(y_true), backend.shape_of(y_pred)
        axis, rows = self._split(shape)
        if not fits(given, shape):
            refuse_targets(given, shape, labels=fits(given, rows))
        if shape[axis] == 1:
            warnings.warn(
                f"y_pred of shape {(*shape,)} has one class, whose probability is always 1: "
                "two classes with one output need a binary loss",
                SyntaxWarning,
                stacklevel=4,
            )
        return backend.readable(y_true, y_pred), y_pred, axis, rows


@_saved
class SparseKernel(Kernel):
    """A loss of rows of classes whose targets are integer labels."""

    __slots__ = ()

    def losses(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the losses of the rows, with a Keras mask of those that count."""
        losses = super().losses(y_true, y_pred)
        if self.ignore_label is not None:
            labels = y_true if is_symbolic(y_true, y_pred) else backend.beside(losses, y_true)
            if len(labels.shape) > len(losses.shape) + 1:
                labels = keras.ops.squeeze(labels, -1)
            if len(labels.shape) > len(losses.shape):
                labels = keras.ops.squeeze(labels, self.axis)
            backend.attach_mask(losses, labels != self.ignore_label)
        return losses

    def _line_up(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, int, Shape]:
        shape = backend.shape_of(y_pred)
        axis, rows = self._split(shape)
        if y_true.ndim == y_pred.ndim + 1 and backend.shape_of(y_true)[-1] == 1:
            y_true = backend.squeeze(y_true, -1)
        if y_true.ndim == y_pred.ndim and backend.shape_of(y_true)[axis] == 1:
            y_true = backend.squeeze(y_true, axis)
        given = backend.shape_of(y_true)
        if not fits(given, rows):
            refuse_labels(given, shape, rows)
        return backend.labels(y_true), y_pred, axis, rows
