"""Every loss of the core through JAX: the same bits, and derivatives that agree with formulas."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax_calls import operands_of, without_jax

from cases import CASES, DEFAULTS, FLOATS, Case
from core_calls import call_of, flushed, predictions_of, with_predictions
from edge_calls import edge_calls
from fusedloss import _core
from fusedloss._formulas import calls
from fusedloss._formulas.calls import Call, Operands
from fusedloss.jax import _namespace
from fusedloss.jax._loss import fused
from support import assert_same_bits

# Every loss, and once more with class weights.
ONCE = [*DEFAULTS, *(case for case in CASES if case.weighted)]
FORMULAS = [case for case in DEFAULTS if not case.labels]
# ... with parameters other than the defaults, if it has any.
CHANGED = list({case.loss.name: case for case in CASES if not case.labels}.values())
HALVES = [dtype for dtype in FLOATS if dtype.itemsize == 2]


def loss_of(call: Call, operands: Operands) -> Any:
    """The loss as a function of all predictions."""
    return lambda *each: fused(call, False, with_predictions(operands, each))[0]


def formula_of(call: Call, operands: Operands) -> Any:
    return lambda *each: calls.compute(_namespace, call, with_predictions(operands, each))


def argnums(case: Case) -> tuple[int, ...]:
    return tuple(range(1 + len(case.loss.more)))


def assert_same_call(case: Case, call: Call, operands: Operands) -> None:
    wanted = without_jax(call, operands)
    function = loss_of(call, operands)
    predictions = predictions_of(operands)
    differentiate = jax.jit(jax.value_and_grad(function, argnums(case)))
    loss, gradients = differentiate(*predictions)
    assert_same_bits(np.asarray(loss), wanted.loss, f"loss of {case}")
    for got, want in zip(gradients, wanted.grads, strict=True):
        assert_same_bits(flushed(got), flushed(want), f"gradient of {case}")


@pytest.mark.parametrize("case", ONCE, ids=str)
def test_the_same_bits_as_without_jax(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float32), (9, 7))
    call = call_of(case, inputs)._replace(inplace=case.loss.id % 2 == 0)
    assert_same_call(case, call, operands_of(inputs))


@pytest.mark.parametrize("case", DEFAULTS[::4], ids=str)  # how numbers are read, not the formula
def test_half_precision(case: Case) -> None:
    inputs = case.inputs(HALVES[case.loss.id % 2], (9, 7))
    assert_same_call(case, call_of(case, inputs, axis=1), operands_of(inputs))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("case", CHANGED, ids=str)
def test_formulas_compute_what_the_kernels_do(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float64), (5, 4))
    call, operands = call_of(case, inputs, _core.MEAN), operands_of(inputs)
    wanted = without_jax(call, operands)
    formula = jax.jit(jax.value_and_grad(formula_of(call, operands), argnums(case)))
    loss, gradients = formula(*predictions_of(operands))
    np.testing.assert_allclose(loss, wanted.loss, rtol=1e-11, atol=1e-13)
    for got, want in zip(gradients, wanted.grads, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("float64")
def test_formulas_at_edges() -> None:
    """Ties, bounds and zeros, where each framework has slopes of its own."""
    edges = list(edge_calls())

    @jax.jit
    def differentiate() -> Any:
        return [
            jax.value_and_grad(formula_of(call, jax.tree.map(jnp.asarray, operands)))(
                operands.y_pred
            )
            for _, call, operands, _ in edges
        ]

    for (what, _, _, wanted), (loss, gradient) in zip(edges, differentiate(), strict=True):
        np.testing.assert_allclose(loss, wanted.loss, 1e-11, 1e-12, err_msg=what)
        np.testing.assert_allclose(gradient, wanted.grad, 1e-9, 1e-12, err_msg=what)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("case", FORMULAS, ids=str)
def test_forward_mode_and_second_order(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float64), (3, 4))
    call, operands = call_of(case, inputs, _core.MEAN), operands_of(inputs)
    predictions = predictions_of(operands)
    random = np.random.default_rng(1)
    moves = tuple(jnp.asarray(random.normal(size=each.shape)) for each in predictions)

    def derivatives(loss: Any) -> Any:
        """Of the first order forwards, and of the second."""

        def push(*each: Any) -> Any:
            return jax.jvp(loss, each, moves)[1]

        gradient = jax.grad(loss, argnums(case))
        curve = jax.jvp(gradient, predictions, moves)[1]
        return push(*predictions), curve

    ours = jax.jit(lambda: derivatives(loss_of(call, operands)))()
    formula = jax.jit(lambda: derivatives(formula_of(call, operands)))()
    for got, want in zip(jax.tree.leaves(ours), jax.tree.leaves(formula), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("case", DEFAULTS[1::4], ids=str)
def test_vmap_is_one_call_with_the_same_bits(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float32), (3, 5, 4))
    operands = operands_of(inputs)
    call = call_of(case, inputs, _core.MEAN)
    if call.row_axis is not None:
        call = call._replace(row_axis=1)  # of a single member of the batch

    def loss(each: Operands) -> Any:
        return fused(call, False, each)[0]

    def differentiate(y_pred: Any, others: Operands) -> Any:
        return jax.value_and_grad(lambda each: loss(others._replace(y_pred=each)))(y_pred)

    losses, gradients = jax.jit(jax.vmap(differentiate))(operands.y_pred, operands)
    for place in range(3):
        member = jax.tree.map(lambda array, i=place: array[i], operands)
        wanted = without_jax(call, member)
        assert_same_bits(np.asarray(losses[place]), wanted.loss, f"loss of {case}")
        assert_same_bits(flushed(gradients[place]), flushed(wanted.grad), f"gradient of {case}")
    assert str(jax.make_jaxpr(jax.vmap(loss))(operands)).count("ffi_call[") == 1


@pytest.mark.parametrize("case", ONCE[2::7], ids=str)
def test_vmap_of_losses_is_a_call_with_more_rows(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float32), (3, 5, 4))
    operands = operands_of(inputs)
    call = call_of(case, inputs, _core.NONE)
    member = call if call.row_axis is None else call._replace(row_axis=1)
    first = jax.tree.map(lambda array: array[0], operands)
    axes = jax.tree.map(lambda _: 0, operands)
    if case.is_row:  # weights of classes have no axis of the batch
        first = first._replace(class_weight=operands.class_weight)
        axes = axes._replace(class_weight=None)

    def losses(each: Operands) -> Any:
        return fused(member, False, each)[0]

    got = jax.jit(jax.vmap(losses, (axes,)))(operands)
    assert_same_bits(np.asarray(got), without_jax(call, operands).loss, f"losses of {case}")
    got = jax.jit(jax.vmap(lambda y_pred: losses(first._replace(y_pred=y_pred))))(operands.y_pred)
    for place in range(3):
        wanted = without_jax(member, first._replace(y_pred=operands.y_pred[place])).loss
        assert_same_bits(np.asarray(got[place]), wanted, f"losses of {case}, the others shared")
