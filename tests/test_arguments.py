"""Calls of the NumPy functions that cannot be right: each is refused by an error that names the
argument, what came and what is expected, before anything is written."""

import re
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fusedloss as fl

NAN, INF = np.nan, np.inf
PREDICTIONS = np.linspace(0.1, 0.9, 12).reshape(4, 3)
ONE_HOT = np.eye(3)[[0, 2, 1, 0]]
LABELS = np.array([0, 2, 1, 0])
READ_ONLY = np.broadcast_to(0.0, (4, 3))
ZERO_D = np.array(0.5)
BALANCED = {"apply_class_balancing": True}


def refused(name: str, error: type, message: str, **arguments: Any) -> Any:
    """A test case: fl.<name> called with otherwise valid arguments."""
    given = "-".join(f"{key}={getattr(value, 'shape', value)}" for key, value in arguments.items())
    return pytest.param(name, error, message, arguments, id=f"{name}-{given}")


def call(name: str, arguments: dict[str, Any]) -> Any:
    y_true = LABELS if name.startswith("sparse") else ONE_HOT
    return getattr(fl, name)(**{"y_true": y_true, "y_pred": PREDICTIONS} | arguments)


def check(name: str, error: type, message: str, arguments: dict[str, Any]) -> None:
    arrays = [value for value in arguments.values() if isinstance(value, np.ndarray)]
    before = [array.copy() for array in arrays]
    with pytest.raises(error, match=re.escape(message)):
        call(name, arguments)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


CALL = ("name", "error", "message", "arguments")
HUBER, DENSE, SPARSE = "huber", "categorical_crossentropy", "sparse_categorical_crossentropy"
BINARY, BINARY_FOCAL = "binary_crossentropy", "binary_focal_crossentropy"
FOCAL, SPARSE_FOCAL = "categorical_focal_crossentropy", "sparse_categorical_focal_crossentropy"


@pytest.mark.parametrize(
    CALL,
    [
        refused(HUBER, TypeError, "y_true must be a numpy.ndarray, got a list", y_true=[1.0]),
        refused(HUBER, TypeError, "y_pred must be a numpy.ndarray, got a list", y_pred=[1.0]),
        refused(HUBER, TypeError, "y_true must be a numpy.ndarray, got 1.0", y_true=1.0),
        refused(HUBER, TypeError, "y_pred must be a numpy.ndarray, got None", y_pred=None),
        refused(
            HUBER,
            TypeError,
            "y_pred must be a numpy.ndarray, got a float32",
            y_pred=np.float32(0.5),
        ),
        refused(SPARSE, TypeError, "y_true must be a numpy.ndarray, got a tuple", y_true=(0, 2, 1)),
        refused(HUBER, TypeError, "got a MaskedArray: pass its data", y_true=np.ma.array(ONE_HOT)),
        refused(HUBER, TypeError, "sample_weight must be a numpy.ndarray", sample_weight=[1, 1, 0]),
        refused(
            HUBER, TypeError, "sample_weight must be a numpy.ndarray, got 2", sample_weight=2.0
        ),
        refused(HUBER, TypeError, "mask must be a numpy.ndarray, got a list", mask=[True, False]),
        refused(HUBER, TypeError, "out must be a numpy.ndarray, got a list", out=[0.0]),
    ],
)
def test_what_is_no_array(name: str, error: type, message: str, arguments: dict[str, Any]) -> None:
    check(name, error, message, arguments)


def test_tensors_are_sent_to_their_own_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    tensor = type("Tensor", (), {"__module__": "torch"})()
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    with pytest.raises(TypeError, match=r"y_pred must be .*, got a Tensor: fusedloss\.torch"):
        fl.huber(ONE_HOT, tensor)


def shaped(*shape: int) -> np.ndarray:
    return np.full(shape, 0.5)


@pytest.mark.parametrize(
    CALL,
    [
        refused(HUBER, ValueError, "got (4,): add an axis", y_true=shaped(4), y_pred=shaped(4, 1)),
        refused(HUBER, ValueError, "got (4, 1): drop the", y_true=shaped(4, 1), y_pred=shaped(4)),
        refused(HUBER, ValueError, "of y_pred, (4, 3), got (1, 3): ", y_true=shaped(1, 3)),
        refused(HUBER, ValueError, "of y_pred, (4, 3), got (): ", y_true=shaped()),
        refused(HUBER, ValueError, "of y_pred, (4, 3), got (3, 4): ", y_true=shaped(3, 4)),
        refused(HUBER, ValueError, "y_pred must have a batch axis", y_true=ZERO_D, y_pred=ZERO_D),
        refused(
            DENSE,
            ValueError,
            "and one along which a row lies, got",
            y_true=shaped(3),
            y_pred=shaped(3),
        ),
        refused(DENSE, ValueError, "y_true must have a value for every class", y_true=LABELS),
        refused(DENSE, ValueError, "of y_pred, (4, 3), got (4, 2)", y_true=shaped(4, 2)),
        refused(SPARSE, ValueError, "class axis, (4,), got (4, 3): for one-hot", y_true=ONE_HOT),
        refused(SPARSE, ValueError, "(4,), got (4, 1): drop the last axis", y_true=LABELS[:, None]),
        refused(SPARSE, ValueError, "(4,), got (2,): one integer", y_true=LABELS[:2]),
        refused(SPARSE_FOCAL, ValueError, "(3,), got (4,): one integer", axis=0),
        refused(HUBER, ValueError, "rows, (4,), got (3,)", sample_weight=shaped(3)),
        refused(HUBER, ValueError, "rows, (4,), got (4, 3): there is", sample_weight=shaped(4, 3)),
        refused(SPARSE, ValueError, "rows, (4,), got (4, 1): drop", sample_weight=shaped(4, 1)),
        refused(
            HUBER,
            ValueError,
            "sample_weight must broadcast to the shape of the rows, (4, 3), got (3,): axes are",
            y_true=shaped(4, 3, 2),
            y_pred=shaped(4, 3, 2),
            sample_weight=shaped(3),
        ),
        refused(HUBER, ValueError, "mask must broadcast to the", mask=np.ones((4, 3), bool)),
        refused(
            DENSE, ValueError, "class_weight must have shape (3,), got (4,)", class_weight=shaped(4)
        ),
        refused(
            DENSE, ValueError, "class_weight must have shape (3,), got (4, 3)", class_weight=ONE_HOT
        ),
        refused(DENSE, ValueError, "class_weight must have shape (3,), got ()", class_weight=2.0),
        refused(FOCAL, ValueError, "alpha must have shape (3,), got (2,)", alpha=[0.1, 0.9]),
        refused(BINARY, ValueError, "pos_weight must", pos_weight=shaped(4), from_logits=True),
        refused(DENSE, ValueError, "axis must be in [-2, 2) for 2-d y_pred, got 2", axis=2),
        refused(BINARY, ValueError, "axis must be in [-2, 2) for 2-d y_pred, got -3", axis=-3),
        refused(HUBER, ValueError, "out must have the shape of y_pred, (4, 3), got", out=shaped(3)),
    ],
)
def test_shapes(name: str, error: type, message: str, arguments: dict[str, Any]) -> None:
    check(name, error, message, arguments)


@pytest.mark.parametrize(
    CALL,
    [
        refused(HUBER, TypeError, "y_pred must be float16, bfloat16", y_pred=ONE_HOT.astype(int)),
        refused(HUBER, TypeError, "got dtype('bool')", y_pred=ONE_HOT.astype(bool)),
        refused(HUBER, TypeError, "got dtype('complex128')", y_pred=ONE_HOT.astype(complex)),
        refused(HUBER, TypeError, "got dtype('O')", y_pred=ONE_HOT.astype(object)),
        refused(HUBER, TypeError, "got dtype('<U3')", y_pred=ONE_HOT.astype("U3")),
        refused(HUBER, TypeError, "y_pred must be", y_pred=PREDICTIONS.astype(np.longdouble)),
        refused(HUBER, TypeError, "got dtype('>f8')", y_pred=PREDICTIONS.astype(">f8")),
        refused(HUBER, TypeError, "y_true", y_true=ONE_HOT.astype(complex)),
        refused(HUBER, TypeError, "y_true", y_true=ONE_HOT.astype(object)),
        refused(HUBER, TypeError, "y_true", y_true=ONE_HOT.astype("U3")),
        refused(HUBER, TypeError, "y_true", y_true=ONE_HOT.astype("M8[s]")),
        refused(DENSE, TypeError, "y_true", y_true=ONE_HOT.astype(complex)),
        refused(SPARSE, TypeError, "integer dtype, got float64: ", y_true=LABELS.astype(float)),
        refused(SPARSE, TypeError, "integer dtype, got bool: ", y_true=LABELS.astype(bool)),
        refused(SPARSE, TypeError, "integer dtype, got object: ", y_true=LABELS.astype(object)),
        refused(HUBER, TypeError, "sample_weight", sample_weight=np.ones(4, complex)),
        refused(HUBER, TypeError, "sample_weight", sample_weight=np.ones(4, object)),
        refused(
            HUBER, TypeError, "mask must be a bool array, got int64", mask=np.ones(4, np.int64)
        ),
        refused(HUBER, TypeError, "mask must be a bool array, got float64", mask=shaped(4)),
        refused(DENSE, TypeError, "class_weight must hold numbers", class_weight={0: 1.0, 1: 2.0}),
        refused(DENSE, TypeError, "class_weight must hold numbers", class_weight=["a", "b", "c"]),
        refused(HUBER, TypeError, "out must have the dtype of", out=PREDICTIONS.astype("f4")),
    ],
)
def test_dtypes(name: str, error: type, message: str, arguments: dict[str, Any]) -> None:
    check(name, error, message, arguments)


@pytest.mark.parametrize(
    CALL,
    [
        refused(HUBER, ValueError, "delta must be finite and > 0, got 0", delta=0.0),
        refused(HUBER, ValueError, "delta must be finite and > 0, got -1", delta=-1),
        refused(HUBER, ValueError, "delta must be finite and > 0, got nan", delta=NAN),
        refused(HUBER, TypeError, "delta must be a number, got '1'", delta="1"),
        refused(HUBER, TypeError, "delta must be a number, got None", delta=None),
        refused(HUBER, TypeError, "delta must be a number, got an array of", delta=shaped(4)),
        refused(HUBER, TypeError, "delta must be a number, got 1j", delta=1j),
        refused("poisson", ValueError, "epsilon must be", epsilon=-1e-7),
        refused("poisson", ValueError, "epsilon must be", epsilon=NAN),
        refused("poisson", TypeError, "full must be a number, got 'yes'", full="yes"),
        refused(BINARY, ValueError, "label_smoothing must be", label_smoothing=-0.1),
        refused(BINARY, ValueError, "label_smoothing must be", label_smoothing=1.1),
        refused(BINARY, ValueError, "label_smoothing must be", label_smoothing=NAN),
        refused(BINARY, ValueError, "pos_weight needs from_logits=True", pos_weight=2.0),
        refused(BINARY, ValueError, "pos_weight must be", pos_weight=-1.0, from_logits=True),
        refused(BINARY, ValueError, "pos_weight must be", pos_weight=NAN, from_logits=True),
        refused(BINARY, TypeError, "pos_weight must hold", pos_weight="2", from_logits=True),
        refused(BINARY_FOCAL, ValueError, "gamma must be", gamma=-1.0),
        refused(BINARY_FOCAL, ValueError, "gamma must be", gamma=NAN),
        refused(BINARY_FOCAL, ValueError, "alpha must be in [0, 1], got -1", alpha=-1, **BALANCED),
        refused(BINARY_FOCAL, ValueError, "alpha must be in [0, 1], got n", alpha=NAN, **BALANCED),
        refused(BINARY_FOCAL, TypeError, "alpha must be a number", alpha=None, **BALANCED),
        refused(BINARY_FOCAL, ValueError, "alpha must have shape (3,)", alpha=[0.5], **BALANCED),
        refused(BINARY_FOCAL, ValueError, "alpha must be in [0, 1]", alpha=[0, 1, 2], **BALANCED),
        refused(DENSE, ValueError, "label_smoothing must be", label_smoothing=2),
        refused(DENSE, ValueError, "class_weight must be finite", class_weight=[1, -1, 1]),
        refused(DENSE, ValueError, "class_weight must be finite", class_weight=[1, NAN, 1]),
        refused(DENSE, ValueError, "class_weight must be finite", class_weight=[1, INF, 1]),
        refused(FOCAL, ValueError, "alpha must be", alpha=-1.0),
        refused(FOCAL, ValueError, "alpha must be", alpha=NAN),
        refused(FOCAL, ValueError, "alpha must be finite and >= 0, got [0.5", alpha=[0.5, -1, 1]),
        refused(FOCAL, TypeError, "alpha must be a number, got None", alpha=None),
        refused(SPARSE_FOCAL, ValueError, "gamma must be", gamma=-0.1),
        refused(SPARSE, TypeError, "ignore_class must be an integer, got 1.5", ignore_class=1.5),
        refused(SPARSE, ValueError, "ignore_class must fit into 64 bits", ignore_class=2**63),
        refused(DENSE, TypeError, "axis must be an integer, got None", axis=None),
        refused(
            HUBER,
            ValueError,
            "reduction must be one of 'sum_over_batch_size', 'mean', 'sum', "
            "'mean_with_sample_weight', 'none', None, got 'average'",
            reduction="average",
        ),
        refused(HUBER, ValueError, "reduction must be one of", reduction=1),
        refused(HUBER, ValueError, "reduction must be one of", reduction=["mean"]),
        refused(HUBER, ValueError, "denominator must be finite and > 0, got 0", denominator=0),
        refused(HUBER, ValueError, "denominator must be finite and > 0, got -3", denominator=-3),
        refused(HUBER, ValueError, "denominator must be finite and > 0, got nan", denominator=NAN),
        refused(HUBER, ValueError, "denominator must be finite and > 0, got inf", denominator=INF),
        refused(HUBER, TypeError, "denominator must be a number, got '3'", denominator="3"),
        refused(FOCAL, ValueError, "a number or 'positives', got 'all'", denominator="all"),
        refused(HUBER, ValueError, "but reduction='sum' has", denominator=3, reduction="sum"),
        refused(HUBER, ValueError, "but reduction=None has", denominator=3, reduction=None),
        refused(HUBER, ValueError, "out must be writeable, got a read-only array", out=READ_ONLY),
    ],
)
def test_values(name: str, error: type, message: str, arguments: dict[str, Any]) -> None:
    check(name, error, message, arguments)


@pytest.mark.parametrize("name", [SPARSE, SPARSE_FOCAL])
@pytest.mark.parametrize(
    ("dtype", "label"),
    [(dtype, -1) for dtype in ("i1", "i2", "i4", "i8")]
    + [(dtype, np.iinfo(dtype).min) for dtype in ("i1", "i2", "i4", "i8")]
    + [(dtype, 3) for dtype in ("i1", "i2", "i4", "i8", "u1", "u2", "u4")]
    + [(dtype, np.iinfo(dtype).max) for dtype in ("i1", "i2", "i4", "i8", "u1", "u2", "u4")],
)
def test_labels_outside_the_classes(name: str, dtype: str, label: int) -> None:
    labels = LABELS.astype(dtype)
    labels[2] = label
    out = np.zeros_like(PREDICTIONS)
    with pytest.raises(fl.LabelError, match=rf"^y_true .*{label}\b"):
        call(name, {"y_true": labels, "out": out})
    with pytest.raises(IndexError):  # as from indexing with the label
        call(name, {"y_true": labels})
    # A row that does not exist may hold anything.
    mask = np.array([True, True, False, True])
    expected = call(name, {"mask": mask})
    assert call(name, {"y_true": labels, "mask": mask}) == expected
    assert call(name, {"y_true": labels, "ignore_class": label}) == expected


def overlapping(count: int) -> list[np.ndarray]:
    """Arrays like PREDICTIONS, each shifted by one row in the memory of the one before."""
    memory = np.random.default_rng(0).uniform(0.1, 0.9, (4 + count, 3))
    return [memory[k : k + 4] for k in range(count)]


def test_out_overlapping_y_true() -> None:
    y_true, out = overlapping(2)
    check(HUBER, ValueError, "out must not overlap y_true", {"y_true": y_true, "out": out})
    check(HUBER, ValueError, "out must not overlap y_true", {"y_true": y_true, "out": y_true})
    check(
        HUBER,
        ValueError,
        "out must not overlap y_true",
        {"y_true": y_true, "y_pred": y_true, "out": y_true},
    )


def test_out_overlapping_a_part_of_y_pred() -> None:
    y_pred, out = overlapping(2)
    message = "out must be y_pred itself or not overlap it"
    check(HUBER, ValueError, message, {"y_pred": y_pred, "out": out})
    check(HUBER, ValueError, message, {"y_pred": y_pred, "out": y_pred[::-1]})


def test_out_overlapping_weights() -> None:
    out = shaped(4, 3)
    weight = out[:, 1]
    message = "out must not overlap sample_weight"
    check(HUBER, ValueError, message, {"sample_weight": weight, "out": out})
    check(
        DENSE, ValueError, "out must not overlap class_weight", {"class_weight": out[1], "out": out}
    )


def test_out_whose_elements_share_memory() -> None:
    out = np.lib.stride_tricks.as_strided(np.zeros(3), (4, 3), (0, 8))
    check(HUBER, ValueError, "out must have memory for each element", {"out": out})


@pytest.mark.parametrize(
    ("threads", "error"),
    [(0, ValueError), (-1, ValueError), (2**40, ValueError), (1.5, TypeError), (None, TypeError)],
)
def test_threads(threads: Any, error: type) -> None:
    before = fl.get_num_threads()
    with pytest.raises(error, match=rf"threads must .*, got {threads}"):
        fl.set_num_threads(threads)
    assert fl.get_num_threads() == before


def test_mode_of_show_config() -> None:
    with pytest.raises(ValueError, match="mode must be 'stdout' or 'dicts', got 'json'"):
        fl.show_config(mode="json")  # type: ignore[call-overload]


def test_options_are_keywords() -> None:
    with pytest.raises(TypeError, match="positional"):
        fl.huber(ONE_HOT, PREDICTIONS, 1.0)  # type: ignore[misc]
