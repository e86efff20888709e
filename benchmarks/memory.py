"""Peak memory of a call, as Linux counts it."""

import ctypes
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fusedloss as fl

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_LEAST_CALLS, _MOST_CALLS, _SECONDS = 2, 8, 0.3


def peak_bytes(call: Callable[[], Any]) -> int | None:
    """How far resident memory rises above what it is before; None where that cannot be asked.

    The most of a few calls, each beside the results of those before it: what a library keeps for
    its next call is given back, or occupied, and counts.
    """
    alive: list[Any] = []
    most, end = 0, time.perf_counter() + _SECONDS
    try:
        while len(alive) < _LEAST_CALLS or (len(alive) < _MOST_CALLS and time.perf_counter() < end):
            gc.collect()
            fl.release_memory()
            ctypes.CDLL(None).malloc_trim(0)
            _CLEAR.write_text("5")  # the peak is the present, from here
            before = _resident("VmRSS")
            alive.append(call())
            most = max(most, _resident("VmHWM") - before)
    except (OSError, AttributeError):
        return None
    return most


def _resident(field: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) << 10
    raise OSError(f"{_STATUS} does not say {field}")
