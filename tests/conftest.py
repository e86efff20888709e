"""The core's global settings are put back after every test."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from fusedloss import _core

# Folders of tests beside this file would pass for a framework of their name that is not installed.
modules: dict[str, Any] = sys.modules
for name in ("jax", "keras", "tensorflow", "torch"):
    spec = find_spec(name)
    if spec is not None and spec.origin is None:
        modules[name] = None


@pytest.fixture(autouse=True)
def _settings_restored() -> Iterator[None]:
    isa, threads = _core.get_isa(), _core.get_num_threads()
    yield
    _core.set_isa(isa)
    _core.set_num_threads(threads)
