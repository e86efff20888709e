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
    row_axis = 1 if loss.kind == "row" else None
    targets = {"elements": rng.integers(0, 2, shape).astype(np.float32), "none": None}
    y_true = targets.get(loss.targets, rng.choice([-1, 1], shape[0]))
    if loss.kind == "row" and loss.targets == "elements":
        y_true = rng.integers(0, shape[1], shape[0])
    more = tuple(rng.uniform(0.05, 0.95, shape).astype(np.float32) for _ in loss.more)
    value = np.empty((), np.float32)
    with_gradient = output == "value and gradient"
    gradient, *more_gradients = (
        np.empty_like(p) if with_gradient else None for p in (y_pred, *more)
    )
    # fmt: off
    benchmark(
        _core.compute, loss.id, (), y_true, y_pred, None, None, None, None, row_axis, _core.MEAN,
        0.0, 0, value, gradient, more, tuple(more_gradients),
    )
    # fmt: on
    assert np.isfinite(value)
