"""Every test runs on an emulated GPU, and on a real one where there is one."""

import warnings
from collections.abc import Iterator

import pytest
import torch
from cuda_support import Gpu

from built import EMULATED
from fusedloss import _core


def gpus() -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a driver that is too old
        return ["emulated", "hardware"] if torch.cuda.is_available() else ["emulated"]


@pytest.fixture(params=gpus())
def gpu(request: pytest.FixtureRequest) -> Iterator[Gpu]:
    torch.manual_seed(0)
    if request.param == "hardware":
        yield Gpu("cuda")
        return
    if EMULATED is None:
        pytest.skip("no emulated library under build/: `make test` builds it")
    _core.open_emulated_cuda(str(EMULATED))
    try:
        yield Gpu("cpu")
    finally:
        _core.open_emulated_cuda(None)
