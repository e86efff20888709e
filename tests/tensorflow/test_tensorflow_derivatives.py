"""Weights, masks and divisors, and derivatives with respect to what is no prediction."""

from collections.abc import Callable
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
    without_tensorflow,
)

from core_calls import flushed
from fusedloss import _core
from fusedloss._formulas.calls import Call, Operands
from fusedloss._registry import BY_NAME
from fusedloss._tensorflow import _kernel
from fusedloss._tensorflow._loss import fused
from support import assert_same_bits

RANDOM = np.random.default_rng(0)
LOGITS = tf.constant(RANDOM.normal(size=(6, 4)), tf.float32)
LABELS = tf.constant(RANDOM.integers(0, 4, 6))
SOFT = tf.nn.softmax(tf.constant(RANDOM.normal(size=(6, 4)), tf.float32))
WEIGHTS = tf.constant([0.5, 0.0, 2.0, 1.0, -1.0, 1.5])
MASK = tf.constant([True, True, False, True, True, True])
CLASS_WEIGHTS = tf.constant([1.0, 2.0, 0.5, 3.0])
MEANS = {_core.MEAN, _core.WEIGHTED_MEAN}


def call_of(name: str, reduction: int, **options: Any) -> Call:
    return Call(BY_NAME[name].id, (), None, 1, reduction)._replace(**options)


def ours(reduction: int) -> Callable[..., Any]:
    call = call_of("categorical_crossentropy_from_logits", reduction)

    def loss(logits: Any, soft: Any, weights: Any, classes: Any, divisor: Any = None) -> Any:
        operands = Operands(soft, logits, (), weights, MASK, classes, divisor)
        losses = fused(call, operands)
        return tf.reduce_sum(losses * tf.range(1.0, 7)) if losses.ndim else losses

    return loss


def plain(reduction: int) -> Callable[..., Any]:
    def loss(logits: Any, soft: Any, weights: Any, classes: Any, divisor: Any = None) -> Any:
        losses = -tf.reduce_sum(classes * soft * tf.nn.log_softmax(logits), 1) * weights
        exists = tf.cast(MASK, tf.float32)
        losses *= exists
        if reduction == _core.NONE:
            return tf.reduce_sum(losses * tf.range(1.0, 7))
        if reduction == _core.SUM:
            return tf.reduce_sum(losses)
        if divisor is None:
            divisor = tf.reduce_sum(exists * (weights if reduction == _core.WEIGHTED_MEAN else 1))
        return tf.reduce_sum(losses) / divisor

    return loss


def assert_close(got: Any, wanted: Any, rtol: float = 1e-4, atol: float = 1e-5) -> None:
    for one, other in zip(tf.nest.flatten(got), tf.nest.flatten(wanted), strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


CASES = [
    (_core.NONE, None),
    (_core.MEAN, None),
    (_core.MEAN, tf.constant(3.0)),
    (_core.WEIGHTED_MEAN, None),
]


@pytest.mark.parametrize(("reduction", "divisor"), CASES)
def test_every_argument_has_its_derivative(reduction: int, divisor: Any) -> None:
    arguments = [LOGITS, SOFT, WEIGHTS, CLASS_WEIGHTS]
    arguments += [] if divisor is None else [divisor]
    wanted = differentiate(plain(reduction), arguments)
    for mode in (differentiate, in_graph if divisor is None else in_xla, from_outside):
        assert_close(mode(ours(reduction), arguments), wanted)
    # Of each alone, a tape looks at nothing else.
    for place, argument in enumerate(arguments):

        def alone(each: Any, loss: Any, place: int = place) -> Any:
            return loss(*arguments[:place], each, *arguments[place + 1 :])

        got, want = (
            differentiate(lambda each, loss=loss: alone(each, loss), [argument])
            for loss in (ours(reduction), plain(reduction))
        )
        assert_close(got, want)


@pytest.mark.parametrize(("reduction", "divisor"), [CASES[0], *CASES[2:]])
def test_second_order_and_forward_mode_of_every_argument(reduction: int, divisor: Any) -> None:
    arguments = [LOGITS, SOFT, WEIGHTS, CLASS_WEIGHTS]
    arguments += [] if divisor is None else [divisor]
    moves = [tf.constant(RANDOM.normal(size=each.shape), tf.float32) for each in arguments]

    def mixed(loss: Any, mode: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            gradients = mode(loss, arguments)[1]
        return tape.gradient(gradients, arguments, moves, unconnected_gradients="zero")

    def pushed(loss: Any) -> Any:
        with tf.autodiff.ForwardAccumulator(arguments, moves) as accumulator:
            value = loss(*arguments)
        return accumulator.jvp(value)

    @tf.function(autograph=False)
    def pushed_inside() -> Any:
        return pushed(ours(reduction))

    wanted = mixed(plain(reduction), differentiate)
    for mode in (differentiate, from_outside) if divisor is None else (in_graph,):
        assert_close(mixed(ours(reduction), mode), wanted)
    slope = pushed(plain(reduction))
    outside = tf.function(ours(reduction), autograph=False)
    for got in (pushed(ours(reduction)), pushed(outside), pushed_inside()):
        assert_close(got, slope)


def test_third_order() -> None:
    call = call_of("categorical_crossentropy_from_logits", _core.MEAN)

    def third(loss: Any) -> Any:
        def second(x: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                squares = tf.reduce_sum(differentiate(loss, [x])[1][0] ** 2)
            return tape.gradient(squares, x)

        with tf.GradientTape() as tape:
            tape.watch(LOGITS)
            total = tf.reduce_sum(second(LOGITS) * tf.range(1.0, 5))
        return tape.gradient(total, LOGITS)

    def cross_entropy(x: Any) -> Any:
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(LABELS, x))

    loss = tf.function(lambda x: fused(call, Operands(LABELS, x)), autograph=False)
    assert_close(third(loss), third(cross_entropy), 1e-4, 1e-6)


def test_jacobians_and_vectorized_maps() -> None:
    call = call_of("categorical_crossentropy_from_logits", _core.NONE)

    def rows(x: Any) -> Any:
        return fused(call, Operands(LABELS, x))

    def cross_entropies(x: Any) -> Any:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(LABELS, x)

    def jacobian(loss: Any) -> Any:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(LOGITS)
            losses = loss(LOGITS)
        return tape.jacobian(losses, LOGITS), tape.gradient(losses, LOGITS)

    assert_close(jacobian(rows), jacobian(cross_entropies))
    assert_close(jacobian(tf.function(rows, autograph=False)), jacobian(cross_entropies))

    mean = call._replace(reduction=_core.MEAN, row_axis=0)

    def of_one(pair: Any) -> Any:
        x, y = pair
        return differentiate(lambda x: fused(mean, Operands(y, x)), [x])

    losses, (gradients,) = tf.vectorized_map(of_one, (LOGITS, LABELS))
    wanted, (wanted_gradients,) = differentiate(cross_entropies, [LOGITS])
    assert_close((losses, gradients), (wanted, wanted_gradients))


def test_weights_masks_and_ignored_labels() -> None:
    labels = tf.constant([0, -7, 2, 1, 3, 0], tf.int8)
    for reduction, divided in ((_core.NONE, 0.0), (_core.MEAN, 2.5), (_core.WEIGHTED_MEAN, 0.0)):
        call = call_of(
            "categorical_crossentropy_from_logits",
            reduction,
            ignore_label=-7,
            denominator=divided,
            flags=_core.CLASS_WEIGHTED_MEAN if reduction == _core.WEIGHTED_MEAN else 0,
        )
        operands = Operands(labels, LOGITS, (), WEIGHTS, MASK, CLASS_WEIGHTS)
        wanted = without_tensorflow(call, operands)
        formula = _kernel.formula(call, operands, False)
        np.testing.assert_allclose(formula, wanted.loss, rtol=1e-5, atol=1e-6)
        for mode in (differentiate, in_graph):
            loss, (gradient,) = mode(
                lambda x, c=call, o=operands: fused(c, o._replace(y_pred=x)), [LOGITS]
            )
            assert_same_bits(array(loss), wanted.loss, "loss")
            if reduction != _core.NONE:
                assert_same_bits(flushed(gradient), flushed(wanted.grad), "gradient")


@pytest.mark.parametrize("dtype", [tf.int8, tf.uint8, tf.int16, tf.uint16, tf.int32, tf.uint64])
def test_labels_of_any_integer_dtype(dtype: Any) -> None:
    call = call_of("categorical_crossentropy_from_logits", _core.MEAN, ignore_label=-1)
    wanted = fused(call, Operands(LABELS, LOGITS))
    assert fused(call, Operands(tf.cast(LABELS, dtype), LOGITS)) == wanted
    assert (
        abs(_kernel.formula(call, Operands(tf.cast(LABELS, dtype), LOGITS), False) - wanted) < 1e-6
    )


def test_repeated_predictions_and_weights() -> None:
    """Axes of size 1, along which gradients add up."""
    y_true = tf.constant(RANDOM.normal(size=(6, 4)))
    mean, variance = tf.cast(LOGITS, tf.float64), tf.constant([[1.5]], tf.float64)
    weight = tf.constant([[2.0], [0.5], [1.0]], tf.float64)
    shape = (3, 2, 4)
    call = call_of("gaussian_nll", _core.SUM, row_axis=2)

    def loss(mean: Any, variance: Any, weight: Any) -> Any:
        operands = tf.reshape(y_true, shape), tf.reshape(mean, shape), (variance[None],)
        return fused(call, Operands(*operands, weight))

    def formula(mean: Any, variance: Any, weight: Any) -> Any:
        losses = 0.5 * (tf.math.log(variance) + (mean - y_true) ** 2 / variance)
        return tf.reduce_sum(tf.reshape(tf.reduce_mean(losses, 1), (3, 2)) * weight)

    wanted = differentiate(formula, [mean, variance, weight])
    for mode in (differentiate, from_outside):
        assert_close(mode(loss, [mean, variance, weight]), wanted, 1e-9, 1e-12)


def test_nothing_is_heard_of_rows_that_weigh_nothing() -> None:
    broken = np.array(LOGITS)
    broken[1], broken[2] = np.nan, np.inf
    arguments = [tf.constant(broken), SOFT, WEIGHTS, CLASS_WEIGHTS]
    for mode in (differentiate, in_graph, from_outside):
        loss, (gradient, _, _, of_classes) = mode(ours(_core.MEAN), arguments)
        assert np.isfinite(loss)
        assert np.isfinite(gradient).all()
        assert (array(gradient)[1:3] == 0).all()
        assert np.isfinite(of_classes).all()


def test_the_gradient_of_a_float16_mean_is_not_flushed() -> None:
    logits = tf.constant(RANDOM.normal(size=(4096, 50)), tf.float16)
    labels = tf.constant(RANDOM.integers(0, 50, 4096))
    call = call_of("categorical_crossentropy_from_logits", _core.MEAN)

    def loss(x: Any, divisor: Any = None) -> Any:
        return 2.0**15 * fused(call, Operands(labels, x, divisor=divisor))

    def exact(x: Any) -> Any:
        x = tf.cast(x, tf.float32)
        return 2.0**15 * tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, x))

    _, (wanted,) = differentiate(exact, [tf.cast(logits, tf.float32)])
    for mode in (differentiate, in_graph, from_outside):
        gradient = mode(loss, [logits])[1][0]
        assert gradient.dtype == tf.float16
        np.testing.assert_allclose(gradient, wanted, rtol=2e-3, atol=1e-6)
    divided = differentiate(lambda x: loss(x, tf.constant(4096.0)), [logits])[1][0]
    np.testing.assert_allclose(divided, wanted, rtol=2e-3, atol=1e-6)


def test_no_rows() -> None:
    call = call_of("categorical_crossentropy_from_logits", _core.MEAN)
    for mode in (differentiate, in_graph, in_xla):
        loss, (gradient,) = mode(lambda x: fused(call, Operands(LABELS[:0], x)), [LOGITS[:0]])
        assert loss == 0
        assert gradient.shape == (0, 4)
