"""The list of losses: complete, described, and strict about parameters."""

import math

import numpy as np
import pytest

from cases import DEFAULTS, Case
from fusedloss import _core
from references import REFERENCES
from support import assert_same_result, call, compute

PARAMETERS = [
    pytest.param(case, parameter, id=f"{case.loss.name} {parameter.name}")
    for case in DEFAULTS
    if not case.labels
    for parameter in case.loss.parameters
]


def test_every_loss_has_a_reference_and_every_reference_a_loss() -> None:
    assert {loss.name for loss in _core.losses()} == set(REFERENCES)


def test_ids_are_places_in_the_list() -> None:
    losses = _core.losses()
    assert [loss.id for loss in losses] == list(range(len(losses)))


@pytest.mark.parametrize("loss", _core.losses(), ids=lambda loss: loss.name)
def test_a_loss_describes_itself(loss: _core.LossInfo) -> None:
    assert loss.name.isidentifier()
    assert loss.summary[0].isupper()
    assert loss.summary.endswith(".")
    assert loss.kind in ("pointwise", "row")
    assert len({parameter.name for parameter in loss.parameters}) == len(loss.parameters)
    for parameter in loss.parameters:
        assert parameter.low <= parameter.default <= parameter.high
        assert not (parameter.low_excluded and parameter.default == parameter.low)


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_parameters_left_out_take_their_defaults(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float32), (5, 4))
    given = call(case, inputs)
    loss, grad = np.zeros_like(given.loss), np.zeros_like(given.grad)
    scale = _core.compute(
        case.loss.id,
        (),
        inputs.y_true,
        inputs.y_pred,
        *[None] * 4,
        1 if case.is_row else None,
        _core.SUM,
        0.0,
        0,
        loss,
        grad,
    )
    assert_same_result(type(given)(loss, grad, scale), given, str(case))


@pytest.mark.parametrize(("case", "parameter"), PARAMETERS)
def test_a_parameter_outside_its_domain_is_refused(case: Case, parameter: _core.Parameter) -> None:
    outside = [math.nan, parameter.low - 1, parameter.high + 1]
    if parameter.low_excluded:
        outside.append(parameter.low)
    y = np.zeros((2, 3), np.float32)
    for value in outside:
        if math.isinf(value):
            continue  # the domain is open on this side
        bad = Case(case.loss, case.reference, {parameter.name: value})
        grad = np.full_like(y, 7)
        with pytest.raises(ValueError, match=rf"^{parameter.name}\b"):
            compute(bad, y, y, grad_out=grad)
        assert (grad == 7).all()


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_too_many_parameters_are_refused(case: Case) -> None:
    y = np.zeros((2, 3), np.float32)
    parameters = (0.5,) * (len(case.loss.parameters) + 1)
    with pytest.raises(ValueError, match="parameter"):
        _core.compute(
            case.loss.id, parameters, y, y, *[None] * 4, 1, _core.SUM, 0.0, 0, None, y.copy()
        )


@pytest.mark.parametrize("loss", [-1, len(_core.losses()), 2**31 - 1])
def test_an_unknown_loss_is_refused(loss: int) -> None:
    y = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match="loss"):
        _core.compute(loss, (), y, y, *[None] * 4, None, _core.SUM, 0.0, 0, None, y.copy())
