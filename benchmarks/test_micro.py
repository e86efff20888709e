"""One benchmark per registered loss, size and output, for regressions: `make bench`.

The core is called directly, without a front end. A loss added to the registry appears here by
itself. Keep and compare runs with `--benchmark-autosave` and `--benchmark-compare`.
"""

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from fusedloss import _core

SHAPES = {"small": (32, 32), "large": (1024, 1024)}


@pytest.mark.parametrize("output", ["value", "value and gradient"])
@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("loss", _core.losses(), ids=lambda loss: loss.name)
def test_loss(benchmark: BenchmarkFixture, loss: _core.LossInfo, size: str, output: str) -> None:
    benchmark.group = f"{size}, {output}"
    shape = SHAPES[size]
    rng = np.random.default_rng(0)
    # In the domain of every loss: a probability is a logit and a rate too.
    y_pred = rng.uniform(0.05, 0.95, shape).astype(np.float32)
    if loss.kind == "row":
        y_true, row_axis = rng.integers(0, shape[1], shape[0]), 1
    else:
        y_true, row_axis = rng.integers(0, 2, shape).astype(np.float32), None
    value = np.empty((), np.float32)
    gradient = np.empty_like(y_pred) if output == "value and gradient" else None
    # fmt: off
    benchmark(
        _core.compute, loss.id, (), y_true, y_pred, None, None, None, None, row_axis, _core.MEAN,
        0.0, 0, value, gradient,
    )
    # fmt: on
    assert np.isfinite(value)
