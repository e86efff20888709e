"""Calls that ask for nothing special take a short way to the core: it computes the same."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusedloss as fl
from fusedloss import _arrays, _core

DRAW = np.random.default_rng(0)
X = DRAW.standard_normal((6, 5))
SHARES = DRAW.dirichlet(np.ones(5), 6)
LABELS = DRAW.integers(5, size=6)
BINARY = DRAW.integers(2, size=(6, 5))
Case = tuple[Callable[..., Any], np.ndarray, np.ndarray, dict[str, Any]]
CASES: dict[str, Case] = {
    "huber": (fl.huber, X[::-1], X, {"delta": 0.5}),
    "hinge": (fl.hinge, BINARY, X, {}),
    "squared_hinge": (fl.squared_hinge, 2 * BINARY - 1, X, {}),
    "binary": (fl.binary_crossentropy, BINARY, SHARES, {}),
    "binary-logits": (fl.binary_crossentropy, SHARES, X, {"from_logits": True, "axis": 0}),
    "dense": (fl.categorical_crossentropy, SHARES, SHARES, {}),
    "dense-axis": (fl.categorical_crossentropy, SHARES, X, {"from_logits": True, "axis": 0}),
    "sparse": (fl.sparse_categorical_crossentropy, LABELS, X, {"from_logits": True}),
    "ignore": (fl.sparse_categorical_crossentropy, LABELS, SHARES, {"ignore_class": 2}),
}
each = pytest.mark.parametrize(
    ("function", "y_true", "y_pred", "options"), CASES.values(), ids=CASES
)


def general(*_: Any) -> None:
    """Leaves every call to the general code."""


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_the_same_bits_as_from_the_general_code(
    function: Callable[..., Any],
    y_true: np.ndarray,
    y_pred: np.ndarray,
    options: dict[str, Any],
    dtype: type,
    order: Any,
    reduction: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = y_true, y_pred.astype(dtype, order=order)
    options = {**options, "reduction": reduction}
    value = function(*arguments, **options)
    loss, gradient = function(*arguments, **options, return_grad=True)
    monkeypatch.setattr(_arrays, "direct", general)
    monkeypatch.setattr(_core, "numpy_signs", general)
    expected, slope = function(*arguments, **options, return_grad=True)
    assert type(loss) is type(value) is type(expected)
    assert value == loss == expected
    assert (gradient.dtype, gradient.strides) == (slope.dtype, slope.strides)
    assert gradient.tobytes() == slope.tobytes()


@each
def test_ordinary_calls_take_the_short_way(
    function: Callable[..., Any],
    y_true: np.ndarray,
    y_pred: np.ndarray,
    options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = []

    def look(*args: Any) -> Any:
        answers.append(short(*args))
        return answers[-1]

    short = _arrays.direct
    monkeypatch.setattr(_arrays, "direct", look)
    function(y_true, y_pred, **options, return_grad=True)
    # With labels to ignore, a probability may be anything where they are.
    assert (answers[0] is None) == ("ignore_class" in options)
    answers.clear()
    rows = np.ones(5 if options.get("axis") == 0 else 6)
    for special in ({"sample_weight": rows}, {"mask": rows > 0}, {"denominator": 2.0}):
        function(y_true, y_pred, **options, **special)
    function(y_true, y_pred, **options, reduction="none")
    function(y_true, y_pred, **options, return_grad=True, out=np.empty_like(y_pred))
    assert answers == [None] * 5


def test_signs_of_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    for labels in ([0, 1, 1, 0], [1, 1], [-1, 1], [0, 2], [], [[0], [1]], [0.5, 1]):
        for dtype in (np.float32, np.float64, np.int8, np.int16, np.int32, np.int64):
            y_true = np.array(labels, dtype)
            y_pred = np.linspace(-2, 2, y_true.size).reshape(y_true.shape)
            with monkeypatch.context() as patch:
                actual = fl.hinge(y_true, y_pred, reduction="none")
                patch.setattr(_core, "numpy_signs", general)
                np.testing.assert_array_equal(actual, fl.hinge(y_true, y_pred, reduction="none"))
    binary = np.array([False, True])
    assert _core.numpy_signs(binary).tolist() == [-1, 1]
    assert _core.numpy_signs(np.array([0.0, np.nan])).dtype == np.float64
    assert _core.numpy_signs(np.zeros(4)[::2]) is None
    assert _core.numpy_signs([0, 1]) is None
