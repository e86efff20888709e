"""The losses of the core, by name and by number."""

import math

import numpy as np

from fusedloss import _core

BY_NAME = {info.name: info for info in _core.losses()}
BY_ID = {info.id: info for info in BY_NAME.values()}

# Loss -> the largest prediction there is, of those that take probabilities. They clip what is
# beyond, so that logits given by mistake would look like a perfect model. Rows of classes are
# normalised.
LARGEST_PROBABILITY = {
    BY_NAME["binary_crossentropy"].id: 1.0,
    BY_NAME["binary_focal_crossentropy"].id: 1.0,
    BY_NAME["categorical_crossentropy"].id: math.inf,
    BY_NAME["categorical_focal_crossentropy"].id: math.inf,
    BY_NAME["categorical_generalized_crossentropy"].id: 1.0,
}


def complete_parameters(loss: _core.LossInfo, params: tuple[float, ...]) -> tuple[float, ...]:
    """All parameters of a loss, of which the first ones are given; they are in their domains."""
    params += tuple(parameter.default for parameter in loss.parameters[len(params) :])
    # The core decides; asked each time, it would break the graphs of a compiler.
    if not all(map(_allows, loss.parameters, params)):
        require_parameters(loss, params)
    return params


def require_parameters(loss: _core.LossInfo, params: tuple[float, ...]) -> None:
    """Have the core refuse a parameter outside its domain, whatever there is to compute."""
    y_pred, result = np.empty((0, 1), np.float32), np.empty((), np.float32)
    y_true = {"elements": y_pred, "rows": np.empty(0, np.int64), "none": None}[loss.targets]
    # fmt: off
    _core.compute(
        loss.id, params, y_true, y_pred, None, None, None, None, 1, _core.SUM, 0.0, 0, result,
        None, (y_pred,) * len(loss.more),
    )
    # fmt: on


def _allows(parameter: _core.Parameter, value: float) -> bool:
    above = value > parameter.low or (value == parameter.low and not parameter.low_excluded)
    return above and value <= parameter.high and math.isfinite(value)
