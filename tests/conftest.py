"""The core's global settings are put back after every test."""

from collections.abc import Iterator

import pytest

from fusedloss import _core


@pytest.fixture(autouse=True)
def _settings_restored() -> Iterator[None]:
    isa, threads = _core.get_isa(), _core.get_num_threads()
    yield
    _core.set_isa(isa)
    _core.set_num_threads(threads)
