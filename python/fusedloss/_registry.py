"""The losses of the core, by name and by number."""

import numpy as np

from fusedloss import _core

BY_NAME = {info.name: info for info in _core.losses()}
BY_ID = {info.id: info for info in BY_NAME.values()}


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
