"""Tapes: who looks at tensors in order to differentiate, and a derivative that needs nobody to."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from fusedloss._tensorflow._namespace import Tensor

try:
    from tensorflow.python.eager.record import should_record_backprop
    from tensorflow.python.ops import gradients_util

    # 0: none, 1: of the first order, 2: of higher orders
    _possible = gradients_util.PossibleTapeGradientTypes
except (AttributeError, ImportError):  # they are private

    def should_record_backprop(_: Sequence[Any]) -> bool:
        return False

    def _possible(_: Sequence[Any]) -> int:
        return 2


def records(tensors: Sequence[Any]) -> bool:
    """Whether operations on one of the tensors are recorded. If it is not known, they may be."""
    return bool(_possible(tensors))


def derivatives(
    function: Callable[[dict[str, Tensor]], Any], variables: dict[str, Tensor], upstream: Any = None
) -> tuple[Any, dict[str, Tensor]]:
    """Return a function of variables, and what flows on to these; 0 where that is nothing.

    All of it can be differentiated again.

    Raises:
      RuntimeError: nothing is recorded in a `tf.GradientTape.stop_recording`.
    """
    if not variables:
        return function(variables), {}
    if tf.executing_eagerly():
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            if not records(list(variables.values())):
                raise RuntimeError("this derivative cannot be taken while recording is stopped")
            value = function(variables)
        found = tape.gradient(value, variables, upstream, unconnected_gradients="zero")
    else:
        # While forward mode has a function traced, tapes record nothing. Copies, as the variables
        # may be those of a graph around this one.
        variables = {name: tf.identity(each) for name, each in variables.items()}
        value = function(variables)
        given = list(variables.values())
        gradients = tf.gradients(value, given, upstream, unconnected_gradients="zero")
        found = dict(zip(variables, gradients, strict=True))
    # Of a lookup it is a list of entries.
    return value, {name: tf.convert_to_tensor(each) for name, each in found.items()}


def records_once(tensors: Sequence[Any]) -> bool:
    """Whether that is done by nobody but a single tape for derivatives of the first order."""
    return bool(_possible(tensors) == 1 and should_record_backprop(tensors))
