"""One call of the core, by JAX and without it."""

import jax
import numpy as np

import core_calls
from cases import Inputs
from fusedloss._formulas.calls import Call, Operands
from support import Result


def operands_of(inputs: Inputs) -> Operands:
    given = inputs.y_true, inputs.y_pred, inputs.more
    arrays = jax.tree.map(jax.numpy.asarray, given)
    weight = None if inputs.class_weight is None else jax.numpy.asarray(inputs.class_weight)
    return Operands(*arrays, class_weight=weight)


def without_jax(call: Call, operands: Operands) -> Result:
    """The same call of the core on NumPy arrays, gradients included."""
    return core_calls.compute(call, jax.tree.map(np.asarray, operands))
