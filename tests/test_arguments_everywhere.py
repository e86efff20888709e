"""Every NumPy function refuses what every function has to refuse, by the name of the argument."""

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fusedloss as fl
from cases import DEFAULTS
from cases import Case as CoreCase
from numpy_cases import CASES
from numpy_formulas import LOSSES
from test_numpy_predictions import POINTWISE, ROWS

SHAPE = (4, 3)


class Call:
    """A call of a public function that is right, and may be changed in one argument."""

    def __init__(self, case: Any) -> None:
        self.function, self.parameters = getattr(fl, case.name), dict(case.parameters)
        self.arguments = inspect.signature(self.function).parameters
        names = [n for n, p in self.arguments.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
        arrays = case.draw(np.random.default_rng(0), SHAPE)
        self.arrays = dict(zip(names, arrays[-len(names) :], strict=True))
        self.predictions = [name for name in names if name != "y_true"]
        self.name = str(case)

    def __call__(self, **changed: Any) -> Any:
        return self.function(**self.arrays | self.parameters | changed)


def of_each_function() -> Iterator[Call]:
    """The first case of each function in the lists."""
    for name in dict.fromkeys(case.name for case in [*CASES, *POINTWISE, *ROWS]):
        case = next(case for case in [*CASES, *POINTWISE, *ROWS] if case.name == name)
        if all(np.ndim(value) == 0 for value in case.parameters.values()):
            yield Call(case)


CALLS = list(of_each_function())
every_function = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.function.__name__)


def test_there_is_a_call_of_every_function() -> None:
    assert {call.function.__name__ for call in CALLS} == set(fl.losses.__all__)


@every_function
def test_the_call_itself_is_right(call: Call) -> None:
    assert np.isfinite(call())


@every_function
def test_what_is_no_array(call: Call) -> None:
    for name, array in call.arrays.items():
        for bad in [array.tolist(), None, "0", np.ma.array(array)]:
            with pytest.raises(TypeError, match=f"^{name} must be a .*numpy.ndarray, got "):
                call(**{name: bad})
    for name in ["sample_weight", "mask"]:
        with pytest.raises(TypeError, match=f"^{name} must be a numpy.ndarray, got a list"):
            call(**{name: [True] * 4})


@every_function
def test_shapes_that_do_not_match(call: Call) -> None:
    for name, array in call.arrays.items():
        if name == "anchor":
            continue  # what the others are compared with
        for bad in [array[:3], np.stack([array, array])]:
            with pytest.raises(
                ValueError, match=rf"^{name if name != 'y_pred' else 'y_true'} must"
            ):
                call(**{name: bad})


@every_function
def test_predictions_that_are_not_floating(call: Call) -> None:
    for name in call.predictions:
        for dtype in [int, bool, complex, object, np.longdouble, ">f8"]:
            with pytest.raises(TypeError, match=f"^{name} must be float16, bfloat16, float32 or "):
                call(**{name: call.arrays[name].astype(dtype)})


@every_function
def test_arrays_of_too_few_dimensions(call: Call) -> None:
    first = call.predictions[0]
    scalars = {name: np.asarray(array.flat[0]) for name, array in call.arrays.items()}
    with pytest.raises(ValueError, match=f"^{first} must have a batch axis"):
        call(**scalars)


@every_function
def test_weights_and_masks(call: Call) -> None:
    for name, dtype in [("sample_weight", float), ("mask", bool)]:
        with pytest.raises(
            ValueError, match=rf"^{name} must broadcast .* rows, \(4,\), got \(3,\)"
        ):
            call(**{name: np.ones(3, dtype)})
    with pytest.raises(TypeError, match=r"^mask must be a bool array, got int64"):
        call(mask=np.ones(4, np.int64))


@every_function
def test_reductions_and_denominators(call: Call) -> None:
    with pytest.raises(ValueError, match=r"^reduction must be one of 'sum_over_batch_size'"):
        call(reduction="average")
    for bad in [0, -1.0, np.nan, np.inf]:
        with pytest.raises(ValueError, match=r"^denominator must be finite and > 0, got"):
            call(denominator=bad)
    with pytest.raises((TypeError, ValueError), match=r"^denominator must be a number"):
        call(denominator="rows")
    with pytest.raises(ValueError, match=r"^denominator replaces the divisor of a mean"):
        call(denominator=2, reduction="sum")


@every_function
def test_outputs(call: Call) -> None:
    count = 1 + sum(isinstance(call.arrays[name], np.ndarray) for name in call.predictions[1:])

    def of(array: Any) -> Any:
        return array if count == 1 else (array, *(np.zeros(SHAPE) for _ in range(count - 1)))

    name = r"out(\[0\])?"
    for bad, error, message in [
        (np.zeros((3, 4)), ValueError, "must have the shape of y_pred"),
        (np.zeros(SHAPE, np.float32), TypeError, "must have the dtype of y_pred"),
        (np.broadcast_to(0.0, SHAPE), ValueError, "must be writeable"),
        ([0.0], TypeError, "must be a numpy.ndarray, got a list"),
    ]:
        with pytest.raises(error, match=f"^{name} {message}"):
            call(out=of(bad))


@pytest.mark.parametrize(
    "call",
    [call for call in CALLS if "axis" in call.arguments],
    ids=lambda call: call.function.__name__,
)
def test_axes(call: Call) -> None:
    for bad in [2, -3, 100]:
        with pytest.raises(ValueError, match=rf"^axis must be in \[-2, 2\) for 2-d \w+, got {bad}"):
            call(axis=bad)
    with pytest.raises(TypeError, match=r"^axis must be an integer, got 1\.0"):
        call(axis=1.0)


@every_function
def test_parameters_outside_their_domain(call: Call) -> None:
    """Whatever the core has a domain for, and whatever is no number."""
    parameters = {
        parameter.name: parameter
        for case in DEFAULTS
        for parameter in case.loss.parameters
        if _is_of(case, call.function.__name__)
    }
    for name in set(call.arguments) & set(parameters):
        low, high = parameters[name].low, parameters[name].high
        enabled = {"apply_class_balancing": True} if name == "alpha" else {}
        if "log_input" in call.arguments and name == "epsilon":
            enabled = {"log_input": False}
        enabled = {k: v for k, v in enabled.items() if k in call.arguments}
        if name in ("z_loss", "softcap", "temperature"):
            enabled["from_logits"] = True
        for bad in [low - 1, high + 1, np.nan]:
            if not np.isinf(bad) and name not in ("full", "swap"):
                with pytest.raises(ValueError, match=f"^{name} must be"):
                    call(**{name: bad, **enabled})
        for bad in ["1", None, 1j]:
            with pytest.raises(TypeError, match=f"^{name} must be a number, got"):
                call(**{name: bad, **enabled})


def _is_of(case: CoreCase, function: str) -> bool:
    """Whether a public function uses a registered loss."""
    names = {
        "multilabel_margin": "multi_margin",
        "nll": "categorical_crossentropy_from_log_probs",
        "categorical_generalized_cross_entropy": "categorical_generalized_crossentropy",
    }
    name = names.get(function, function).removeprefix("sparse_")
    assert name in LOSSES
    endings = ("", "_from_logits", "_from_scaled_logits", "_log_input")
    return case.loss.name in [name + ending for ending in endings]
