"""What JAX and TensorFlow have in common: where Keras keeps a mask, and a call as it is traced."""

from typing import Any

import keras
import numpy as np

from fusedloss._formulas import operations
from fusedloss._formulas.calls import Call, Operands
from fusedloss._registry import BY_ID, complete_parameters
from fusedloss.keras._backend import Tensor

try:
    from keras.src.backend.common.masking import get_keras_mask, set_keras_mask
except ImportError:  # before Keras 3.7, which kept masks where a tensor takes attributes only

    def get_keras_mask(x: Any) -> Any:
        """Return the mask of a tensor, if it has one."""
        return getattr(x, "_keras_mask", None)

    def set_keras_mask(x: Any, mask: Any) -> None:
        """Give a tensor a mask."""
        x._keras_mask = mask


mask_of, attach_mask = get_keras_mask, set_keras_mask


def numbers(values: Any) -> np.ndarray:
    """Return real numbers as an array of float64."""
    array = np.asarray(values)
    if array.dtype.kind in "USOcMm":  # NumPy would read numbers from text
        raise TypeError(f"not real numbers: {array.dtype}")
    return array.astype(np.float64)


def described(
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
) -> tuple[Call, Operands]:
    """Return the arguments of a call: what a compiled program depends on, and its arrays."""
    params = complete_parameters(BY_ID[loss_id], params)
    call = Call(loss_id, params, ignore_label, row_axis, reduction, denominator)
    return call, Operands(y_true, y_pred, more, sample_weight, mask, class_weight)


def positives(y_true: Tensor, weight: Tensor | None, mask: Tensor | None) -> Tensor:
    """Return the sum of the positive targets of what counts, at least 1, as a constant."""
    is_double = keras.backend.standardize_dtype(y_true.dtype) == "float64"
    dtype = "float64" if is_double else keras.config.floatx()
    targets = keras.ops.cast(y_true, dtype)
    counted = operations.positives(keras.ops, targets, weight, mask)
    return keras.ops.maximum(1, keras.ops.sum(counted))
