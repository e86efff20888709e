"""The bound: how fast memory is copied in the sizes of a case, in four ways.

torch's copy_ is a plain one: stores that first read the lines they overwrite. NumPy's and the C
library's are too, up to sizes of a hundred MiB. A copy that goes round the caches can not be had
from Python, and is compiled here.
"""

import ctypes
import mmap
import os
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from results import COPY, COPY_FRESH, COPY_IN_PLACE, COPY_STREAMED

# Below this the time of a copy is that of the call, and no bandwidth; up to a few MiB it is that of
# a core's own cache.
LEAST_BYTES = 4 << 20


def copies(like: Tensor) -> dict[str, Callable[[], Any]]:
    """The predictions copied by torch's threads, if they are large.

    Each call reads and writes as many bytes as they have. In place means one half of twice the
    memory, and in the next call the other half: so that no call finds more of it in the caches
    than a copy does.
    """
    if like.nbytes < LEAST_BYTES:
        return {}
    source = like.detach().reshape(-1).view(torch.int32)
    target = torch.zeros_like(source)
    halves = [torch.zeros_like(source), torch.zeros_like(source)]

    def copy_to_fresh_memory() -> Tensor:
        # Anonymous pages, as malloc takes them for large arrays; given back after the call.
        memory = mmap.mmap(-1, source.nbytes)
        return torch.frombuffer(memory, dtype=source.dtype).copy_(source)

    def write_over() -> None:
        halves[0].bitwise_not_()
        halves.reverse()

    calls = {
        COPY: lambda: target.copy_(source),
        COPY_FRESH: copy_to_fresh_memory,
        COPY_IN_PLACE: write_over,
    }
    if not why_not_streamed():
        copy, threads = _streamed_copy(), torch.get_num_threads()
        calls[COPY_STREAMED] = lambda: copy(
            target.data_ptr(), source.data_ptr(), source.nbytes, threads
        )
    return calls


@cache
def why_not_streamed() -> str | None:
    """What keeps the copy round the caches from being measured."""
    try:
        _streamed_copy()
    except subprocess.CalledProcessError as error:
        return f"{error.cmd[0]}: {error.stderr.strip().splitlines()[0]}"
    except OSError as error:
        return str(error)
    return None


@cache
def _streamed_copy() -> Callable[[int, int, int, int], None]:
    source = Path(__file__).with_name("streamed_copy.cpp")
    compiler = os.environ.get("CXX", "c++")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "streamed_copy.so"
        # -fopenmp: as torch has loaded it already, these are torch's own threads.
        command = [compiler, "-O2", "-fopenmp", "-shared", "-fPIC", "-o", str(library), str(source)]
        subprocess.run(command, check=True, capture_output=True, text=True)
        function: Any = ctypes.CDLL(str(library)).streamed_copy
    function.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    function.restype = None
    copy: Callable[[int, int, int, int], None] = function
    return copy
