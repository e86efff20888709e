"""The list of losses: complete, described, and strict about parameters."""

import math

import numpy as np
import pytest

from cases import DEFAULTS, Case
from fusedloss import _core
from references import REFERENCES
from support import assert_same_result, blank, call

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
    assert loss.targets in ("elements", "rows", "none")
    assert all(name.isidentifier() for name in loss.more)
    names = [*(parameter.name for parameter in loss.parameters), *loss.more]
    assert len(set(names)) == len(names)
    for parameter in loss.parameters:
        assert parameter.low <= parameter.default <= parameter.high
        assert not (parameter.low_excluded and parameter.default == parameter.low)


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_parameters_left_out_take_their_defaults(case: Case) -> None:
    inputs = case.inputs(np.dtype(np.float32), (5, 4))
    given = call(case, inputs)
    loss, grad, *more = (np.zeros_like(array) for array in (given.loss, *given.grads))
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
        inputs.more,
        (*more,),
    )
    assert_same_result(type(given)(loss, grad, scale, (*more,)), given, str(case))


@pytest.mark.parametrize(("case", "parameter"), PARAMETERS)
def test_a_parameter_outside_its_domain_is_refused(case: Case, parameter: _core.Parameter) -> None:
    outside = [math.nan, parameter.low - 1, parameter.high + 1]
    if parameter.low_excluded:
        outside.append(parameter.low)
    inputs = blank(case, (2, 3))
    for value in outside:
        if math.isinf(value):
            continue  # the domain is open on this side
        bad = Case(case.loss, case.reference, {parameter.name: value})
        grad = np.full_like(inputs.y_pred, 7)
        with pytest.raises(ValueError, match=rf"^{parameter.name}\b"):
            call(bad, inputs, grad_out=grad)
        assert (grad == 7).all()


@pytest.mark.parametrize("case", DEFAULTS, ids=str)
def test_too_many_parameters_are_refused(case: Case) -> None:
    inputs = blank(case, (2, 3))
    parameters = (0.5,) * (len(case.loss.parameters) + 1)
    arrays, grad = (inputs.y_true, inputs.y_pred), np.empty_like(inputs.y_pred)
    options = *[None] * 4, 1, _core.SUM, 0.0, 0
    with pytest.raises(ValueError, match="parameter"):
        _core.compute(case.loss.id, parameters, *arrays, *options, None, grad, inputs.more)


@pytest.mark.parametrize("loss", [-1, len(_core.losses()), 2**31 - 1])
def test_an_unknown_loss_is_refused(loss: int) -> None:
    y = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match="loss"):
        _core.compute(loss, (), y, y, *[None] * 4, None, _core.SUM, 0.0, 0, None, y.copy())
