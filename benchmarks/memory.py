"""Peak memory of a call, as Linux counts it."""

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fusedloss as fl

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def peak_bytes(call: Callable[[], Any]) -> int | None:
    """How far resident memory rises above what it is before; None where that cannot be asked.

    Nothing that earlier calls have kept helps: it is given back before, so that what a library
    keeps for its next call counts as well.
    """
    try:
        gc.collect()
        # Results that are alive occupy what a library, such as XLA, keeps for its next ones.
        alive = [call() for _ in range(2)]
        fl.release_memory()
        ctypes.CDLL(None).malloc_trim(0)
        _CLEAR.write_text("5")  # the peak is the present, from here
        before = _resident("VmRSS")
        call()
        peak = max(0, _resident("VmHWM") - before)
    except (OSError, AttributeError):
        return None
    del alive
    return peak


def _resident(field: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) << 10
    raise OSError(f"{_STATUS} does not say {field}")
