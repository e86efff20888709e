"""The edges of test_edges.py as calls, for the formulas: finite inputs, in float64."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from core_calls import compute
from fusedloss import _core
from fusedloss._formulas.calls import Call, Operands
from support import Result
from test_edges import EDGES, ROWS, named


def edge_calls() -> Iterator[tuple[str, Call, Operands, Result]]:
    """Each loss with the points that have the same parameters, and what the core says of them.

    Only points whose value and gradient are finite: a formula may have others through what is not.
    """
    points: dict[tuple[Any, ...], list[tuple[Any, Any]]] = {}
    for row_axis, edges in ((None, EDGES), (1, ROWS)):
        for name, parameters, y_true, y_pred, value, _ in edges:
            if np.isfinite([y_true, y_pred]).all() and (value is None or np.isfinite(value)):
                key = name, tuple(parameters.items()), row_axis
                points.setdefault(key, []).append((y_true, y_pred))
    for (name, parameters, row_axis), pairs in points.items():
        y_true, y_pred = (np.array(each, np.float64) for each in zip(*pairs, strict=True))
        case = named(name, dict(parameters))
        call = Call(case.loss.id, tuple(case.parameters.values()), None, row_axis, _core.SUM)
        operands = Operands(y_true, y_pred)
        yield f"{name} {dict(parameters)}", call, operands, compute(call, operands)
