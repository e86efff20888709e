"""Losses through TensorFlow: in which modes they are computed, and from what."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

import core_calls
from cases import Inputs
from fusedloss._formulas.calls import Call, Operands
from fusedloss._tensorflow._loss import fused
from support import Result

Derivative = tuple[Any, list[Any]]
"""A value, and its gradients."""


def operands_of(inputs: Inputs) -> Operands:
    return tensors_of(
        Operands(inputs.y_true, inputs.y_pred, inputs.more, class_weight=inputs.class_weight)
    )


def tensors_of(operands: Operands) -> Operands:
    return tf.nest.map_structure(lambda x: None if x is None else tf.convert_to_tensor(x), operands)


def without_tensorflow(call: Call, operands: Operands) -> Result:
    """The same call of the core on NumPy arrays, gradients included."""
    arrays = tf.nest.map_structure(lambda x: None if x is None else x.numpy(), operands)
    return core_calls.compute(call, arrays)


def loss_of(call: Call, operands: Operands) -> Callable[..., Any]:
    """The loss as a function of all predictions."""
    return lambda *each: fused(call, core_calls.with_predictions(operands, each))


def differentiate(loss: Callable[..., Any], variables: Any) -> Derivative:
    """The loss and its gradients."""
    with tf.GradientTape() as tape:
        tape.watch(variables)
        value = loss(*variables)
    return value, tape.gradient(value, variables)


def in_graph(loss: Callable[..., Any], variables: Any, **options: Any) -> Derivative:
    """The same by a function whose arguments have no known sizes."""
    signature = [tf.TensorSpec((None,) * each.ndim, each.dtype) for each in variables]
    function = tf.function(
        lambda *each: differentiate(loss, each),
        input_signature=signature,
        autograph=False,
        **options,
    )
    return function(*variables)


def in_xla(loss: Callable[..., Any], variables: Any) -> Derivative:
    return in_graph(loss, variables, jit_compile=True)


def from_outside(loss: Callable[..., Any], variables: Any) -> Derivative:
    """By a tape around a function that knows of no tape."""
    return differentiate(tf.function(loss, autograph=False), variables)


def array(tensor: Any) -> Any:
    return np.asarray(tensor)
