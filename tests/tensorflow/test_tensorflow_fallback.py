"""Where the kernels do not run, formulas do, and it is said why; and what is wrong is refused."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_calls import (
    differentiate,
    from_outside,
    in_graph,
    in_xla,
    loss_of,
    operands_of,
    without_tensorflow,
)

from cases import DEFAULTS, Case
from core_calls import call_of, predictions_of
from fusedloss import _core
from fusedloss._formulas.calls import Call, Operands
from fusedloss._registry import BY_NAME
from fusedloss._tensorflow import _custom_call, _kernel, _registration
from fusedloss._tensorflow._loss import fused

X = tf.ones((4, 3))
LABELS = tf.constant([0, 1, 2, 0])
CALL = Call(BY_NAME["categorical_crossentropy_from_logits"].id, (), None, 1, _core.MEAN)


def forget() -> None:
    _kernel._works.cache_clear()
    _kernel._say.cache_clear()


@pytest.fixture
def first_use(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if nothing had been computed before; and nothing that is found out stays."""
    forget()
    yield
    monkeypatch.undo()
    forget()
    assert _kernel._works()


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("the core is not to be asked")


@pytest.mark.usefixtures("first_use")
@pytest.mark.parametrize("case", DEFAULTS[1::7], ids=str)
def test_formulas_do_instead(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf, "__version__", "2.17.1")
    monkeypatch.setattr(_kernel, "_run", refuse)
    inputs = case.inputs(np.dtype(np.float32), (5, 4))
    call, operands = call_of(case, inputs, _core.MEAN), operands_of(inputs)
    wanted = without_tensorflow(call, operands)
    for mode in (differentiate, from_outside, in_xla if case is DEFAULTS[1] else in_graph):
        loss, gradients = mode(loss_of(call, operands), predictions_of(operands))
        np.testing.assert_allclose(loss, wanted.loss, rtol=2e-5, atol=1e-6)
        for got, want in zip(gradients, wanted.grads, strict=True):
            np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-6)


@pytest.mark.usefixtures("first_use")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((tf, "__version__", "2.17.1"), "need TensorFlow 2.18 or later"),
        ((_registration, "_LIBRARIES", ()), "does not export the interface of its XLA"),
        ((_custom_call, "TARGET", "unknown"), "unknown"),
        ((_kernel, "_run", lambda *_: SimpleNamespace(loss=7.0, gradients=[X])), "came out wrong"),
        (
            (
                tf.config,
                "list_logical_devices",
                lambda: [
                    tf.config.LogicalDevice("/device:CPU:0", "CPU"),
                    tf.config.LogicalDevice("/device:GPU:0", "GPU"),
                ],
            ),
            "it uses /device:GPU:0",
        ),
        (
            (
                tf.config,
                "list_logical_devices",
                lambda: [
                    tf.config.LogicalDevice(f"/job:worker/task:{i}/device:CPU:0", "CPU")
                    for i in range(2)
                ],
            ),
            "other processes",
        ),
    ],
    ids=["version", "symbol", "handler", "result", "GPU", "cluster"],
)
def test_the_reason_is_said_once(
    change: tuple[Any, str, Any],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if change[1] == "_LIBRARIES":
        monkeypatch.setattr(_registration, "register", _registration._find_api)
    _custom_call._program.cache_clear()
    monkeypatch.setattr(*change)
    with caplog.at_level(logging.WARNING, "fusedloss"):
        for _ in range(2):
            loss, (gradient,) = differentiate(lambda x: fused(CALL, Operands(LABELS, x)), [X])
    _custom_call._program.cache_clear()
    np.testing.assert_allclose(loss, np.log(3), rtol=1e-6)
    np.testing.assert_allclose(gradient, (1 / 3 - tf.one_hot(LABELS, 3)) / 4, rtol=1e-6)
    (message,) = caplog.messages
    assert reason in message


@pytest.mark.usefixtures("first_use")
def test_the_first_use_may_be_in_a_graph() -> None:
    loss, _ = in_xla(lambda x: fused(CALL, Operands(LABELS, x)), [X])
    np.testing.assert_allclose(loss, np.log(3), rtol=1e-6)
    assert _kernel._works.cache_info().currsize == 1


@pytest.mark.usefixtures("first_use")
def test_formulas_make_a_label_that_is_no_class_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kernel, "_works", lambda: False)
    for name in ("categorical_crossentropy_from_logits", "kl_divergence"):
        call = CALL._replace(loss_id=BY_NAME[name].id, reduction=_core.NONE)
        losses = fused(call, Operands(tf.constant([0, 1, 3, -1]), X))
        assert np.isnan(losses).tolist() == [False, False, True, True]


def test_a_label_out_of_range_names_the_row() -> None:
    labels = tf.constant([0, 1, 3, 0])
    for mode in (differentiate, in_graph, in_xla):
        with pytest.raises(tf.errors.InvalidArgumentError, match="label 3 in row 2"):
            mode(lambda x: fused(CALL, Operands(labels, x)), [X])


def test_errors() -> None:
    with pytest.raises(TypeError, match="y_pred must be float16, bfloat16, float32 or float64"):
        fused(CALL, Operands(LABELS, tf.ones((4, 3), tf.int32)))
    unknown = tf.function(
        lambda x: fused(CALL, Operands(LABELS, x)),
        input_signature=[tf.TensorSpec(None)],
        autograph=False,
    )
    with pytest.raises(ValueError, match="y_pred must have a known number of axes"):
        unknown(X)
    taped = Operands(LABELS, X)
    with tf.GradientTape() as tape:
        tape.watch(X)
        with tape.stop_recording():
            loss = fused(CALL, taped)
    assert tape.gradient(loss, X) is None
