"""What the losses need of the framework that Keras runs on: one module for each, chosen here."""

from typing import Any, Protocol, TypeAlias

import keras
import numpy as np

Tensor: TypeAlias = Any
"""A tensor of the framework."""

Shape: TypeAlias = tuple[int | None, ...]
"""Sizes of axes. In a graph of TensorFlow one may be known only when it runs: None."""


class Backend(Protocol):
    """The functions of each module. Where a framework has views, none of them copies."""

    def fused(
        self,
        loss_id: int,
        params: tuple[float, ...],
        y_true: Tensor | None,
        y_pred: Tensor,
        *,
        more: tuple[Tensor, ...] = (),
        sample_weight: Tensor | None = None,
        mask: Tensor | None = None,
        class_weight: Tensor | None = None,
        ignore_label: int | None = None,
        row_axis: int | None = None,
        reduction: int,
        denominator: float = 0.0,
    ) -> Tensor:
        """Return the loss that `_core.compute` computes, differentiable by all its operands."""

    def share(self, mean: Tensor, /) -> Tensor:
        """Return what a mean over a part of the batch adds to that of the whole batch."""

    def dtype_of(self, name: str, /) -> Any:
        """Return the dtype that Keras calls by this name."""

    def cast(self, x: Tensor, dtype: Any, /) -> Tensor:
        """Return `x` in a dtype of the framework."""

    def predictions(self, values: Any, /) -> Tensor:
        """Return `values` as a tensor of a floating dtype."""

    def beside(self, y_pred: Tensor, values: Any, /) -> Tensor:
        """Return `values` as a tensor on the device of `y_pred`; their dtype stays."""

    def numbers(self, values: Any, /) -> np.ndarray:
        """Return real numbers, in whatever holds them, as float64; or raise TypeError.

        Raises:
          NotImplementedError: they are not known yet, or something is differentiated by them.
        """

    def constant(self, values: np.ndarray, /) -> Any:
        """Return an array as something to be kept, which `beside` makes a tensor of."""

    def shape_of(self, x: Tensor, /) -> Shape:
        """Return the sizes of the axes, as far as they are known."""

    def unsqueeze(self, x: Tensor, axis: int, /) -> Tensor:
        """Return `x` with a new axis of size 1."""

    def squeeze(self, x: Tensor, axis: int, /) -> Tensor:
        """Return `x` without an axis of size 1."""

    def broadcast(self, x: Tensor, y: Tensor, /) -> tuple[Tensor, Tensor]:
        """Return both in the shape that they broadcast to; or raise ValueError."""

    def spread(self, x: Tensor, shape: Shape, /) -> Tensor:
        """Return `x`, which broadcasts to a shape, as `fused` takes it for a tensor of that."""

    def fill(self, value: float, y_pred: Tensor, /) -> Tensor:
        """Return a number as `fused` takes it in place of a tensor of the shape of `y_pred`."""

    def halves(self, x: Tensor, axis: int, /) -> tuple[Tensor, Tensor]:
        """Return the first and the second half of an axis."""

    def labels(self, y_true: Tensor, /) -> Tensor:
        """Return integers of a dtype that the core reads; floating numbers are truncated."""

    def readable(self, y_true: Tensor, y_pred: Tensor, /) -> Tensor:
        """Return targets in a real dtype that the core reads."""

    def signs(self, y_true: Tensor, /) -> Tensor:
        """Return 0 and 1 as -1 and 1 if there are no others, and anything else as it is."""

    def truth(self, mask: Tensor, /) -> Tensor:
        """Return a mask in the dtype of truth values."""

    def positives(self, y_true: Tensor, weight: Tensor | None, mask: Tensor | None, /) -> Tensor:
        """Return the sum of the positive targets of what counts, at least 1, as a constant."""

    def mask_of(self, x: Any, /) -> Tensor | None:
        """Return the mask that Keras attached to a tensor."""

    def attach_mask(self, x: Tensor, mask: Tensor, /) -> None:
        """Attach a mask to a tensor, where Keras looks for it."""


def _chosen() -> Backend:
    name = keras.backend.backend()
    if name == "torch":
        from fusedloss.keras._backend import torch

        return torch
    if name == "jax":
        from fusedloss.keras._backend import jax

        return jax
    if name == "tensorflow":
        from fusedloss.keras._backend import tensorflow

        return tensorflow
    raise ImportError(
        f"fusedloss.keras needs the torch, jax or tensorflow backend of Keras, got {name!r}: set "
        "the environment variable KERAS_BACKEND before Keras is imported"
    )


backend = _chosen()
