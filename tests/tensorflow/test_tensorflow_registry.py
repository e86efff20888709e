"""Every loss of the core through TensorFlow: the same bits, and derivatives of higher order."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_calls import (
    array,
    differentiate,
    from_outside,
    in_graph,
    in_xla,
    loss_of,
    operands_of,
    without_tensorflow,
)

from cases import CASES, DEFAULTS, FLOATS, Case
from core_calls import call_of, flushed, predictions_of, with_predictions
from edge_calls import edge_calls
from fusedloss import _core
from fusedloss._formulas import calls
from fusedloss._formulas.calls import Call, Operands
from fusedloss._tensorflow import _kernel, _namespace
from support import assert_same_bits

# Every loss, and once more with class weights.
ONCE = [*DEFAULTS, *(case for case in CASES if case.weighted)]
# Those of which TensorFlow does not take 13 seconds to differentiate the formula twice.
DIFFERENTIATED = [
    case
    for case in ONCE
    if not (case.labels or case.weighted or case.loss.name.startswith("negative_binomial"))
]
# ... with parameters other than the defaults, if it has any; class weights and labels, too.
CHANGED = list({(case.loss.name, case.labels, case.weighted): case for case in CASES}.values())
HALVES = [dtype for dtype in FLOATS if dtype.itemsize == 2]


def assert_same_call(case: Case, call: Call, operands: Operands, *modes: Any) -> None:
    wanted = without_tensorflow(call, operands)
    for mode in modes:
        loss, gradients = mode(loss_of(call, operands), predictions_of(operands))
        assert_same_bits(array(loss), wanted.loss, f"loss of {case}")
        for got, want in zip(gradients, wanted.grads, strict=True):
            assert_same_bits(flushed(got), flushed(want), f"gradient of {case}")


def test_the_kernels_are_in_use() -> None:
    assert _kernel._only_cpus()
    assert _kernel._works()


@pytest.mark.parametrize("case", ONCE, ids=str)
def test_the_same_bits_as_without_tensorflow(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float32), (9, 7))
    assert_same_call(case, call_of(case, inputs), operands_of(inputs), differentiate, in_graph)


@pytest.mark.parametrize("case", DEFAULTS[::4], ids=str)  # how numbers are read, not the formula
def test_half_precision(case: Case) -> None:
    inputs = case.inputs(HALVES[case.loss.id % 2], (9, 7))
    assert_same_call(case, call_of(case, inputs, axis=1), operands_of(inputs), from_outside)


@pytest.mark.parametrize("case", DEFAULTS[1::6], ids=str)
def test_compiled_by_xla(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float64), (9, 7))
    call = call_of(case, inputs, _core.MEAN)
    assert_same_call(case, call, operands_of(inputs), in_xla)


@pytest.mark.parametrize("case", CHANGED, ids=str)
def test_formulas_compute_what_the_kernels_do(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float64), (5, 4))
    call, operands = call_of(case, inputs, _core.MEAN), operands_of(inputs)
    wanted = without_tensorflow(call, operands)

    def formula(*each: Any) -> Any:
        return calls.compute(_namespace, call, with_predictions(operands, each))

    loss, gradients = differentiate(formula, predictions_of(operands))
    np.testing.assert_allclose(loss, wanted.loss, rtol=1e-11, atol=1e-13)
    for got, want in zip(gradients, wanted.grads, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_formulas_at_edges() -> None:
    """Ties, bounds and zeros, where each framework has slopes of its own."""
    for what, call, operands, wanted in edge_calls():

        def formula(y_pred: Any, call: Call = call, operands: Operands = operands) -> Any:
            given = operands._replace(y_true=tf.constant(operands.y_true), y_pred=y_pred)
            return calls.compute(_namespace, call, given)

        loss, (gradient,) = differentiate(formula, [tf.constant(operands.y_pred)])
        np.testing.assert_allclose(loss, wanted.loss, 1e-11, 1e-12, err_msg=what)
        np.testing.assert_allclose(gradient, wanted.grad, 1e-9, 1e-12, err_msg=what)


@pytest.mark.parametrize("case", DIFFERENTIATED[::2], ids=str)
def test_forward_mode_and_second_order(case: Case) -> None:
    """A function by itself, in a graph, against differences of the core's gradients."""
    inputs = case.inputs(np.dtype(np.float64), (3, 4))
    call, operands = call_of(case, inputs, _core.MEAN), operands_of(inputs)
    predictions = list(predictions_of(operands))
    random = np.random.default_rng(1)
    moves = [tf.constant(random.normal(size=each.shape)) for each in predictions]
    function = tf.function(loss_of(call, operands), autograph=False)

    def at(step: float) -> Any:
        moved = [each + step * move for each, move in zip(predictions, moves, strict=True)]
        return without_tensorflow(call, with_predictions(operands, tuple(moved)))

    step = 2.0**-20
    high, low = at(step), at(-step)
    with tf.autodiff.ForwardAccumulator(predictions, moves) as accumulator:
        loss = function(*predictions)
    slope = (high.loss - low.loss) / (2 * step)
    np.testing.assert_allclose(accumulator.jvp(loss), slope, rtol=1e-6, atol=1e-8)

    with tf.GradientTape() as tape:
        tape.watch(predictions)
        gradients = differentiate(function, predictions)[1]
    curves = tape.gradient(gradients, predictions, moves, unconnected_gradients="zero")
    for got, above, below in zip(curves, high.grads, low.grads, strict=True):
        np.testing.assert_allclose(got, (above - below) / (2 * step), rtol=1e-6, atol=1e-7)
