"""The library for GPUs as a file: what it needs and shows, and what is said without it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from cuda_support import Gpu

from built import EMULATED, newest
from fusedloss import _core

LIBRARY = newest("libfusedloss_cuda.so")
with_library = pytest.mark.skipif(LIBRARY is None, reason="built where there is nvcc")


def output_of(tool: str, *arguments: str | Path) -> str:
    assert shutil.which(tool)
    return subprocess.run([tool, *arguments], check=True, capture_output=True, text=True).stdout


def run(code: str) -> str:
    """What a process prints that has opened no library yet."""
    return output_of(sys.executable, "-c", code)


@with_library
def test_it_needs_neither_driver_nor_runtime_to_be_opened() -> None:
    assert LIBRARY is not None
    lines = output_of("readelf", "--dynamic", LIBRARY).splitlines()
    needed = [line.partition("[")[2].rstrip("]") for line in lines if "(NEEDED)" in line]
    assert needed
    assert not [name for name in needed if name.startswith(("libcuda", "libnv", "libtorch"))]


@with_library
def test_it_shows_nothing_but_its_interface() -> None:
    assert LIBRARY is not None
    symbols = output_of("nm", "--dynamic", "--defined-only", "--format=posix", LIBRARY)
    names = {line.split()[0] for line in symbols.splitlines()}
    assert names == {
        "fl_cuda_capture_id",
        "fl_cuda_compute",
        "fl_cuda_device_count",
        "fl_cuda_interface_version",
        "fl_cuda_preload",
        "fl_cuda_scale",
        "fl_cuda_stream_device",
        "fl_cuda_workspace_bytes",
    }


@with_library
def test_it_is_small() -> None:
    assert LIBRARY is not None
    assert LIBRARY.stat().st_size < 8 << 20


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "none.so", f"no kernels for GPUs (there is no {tmp_path / 'none.so'})"),
        (Path(_core.__file__), f"{_core.__file__} belongs to another version of fusedloss"),
    ):
        with pytest.raises(RuntimeError) as error:
            _core.open_emulated_cuda(str(path))
        assert message in str(error.value)
    _core.open_emulated_cuda(None)
    if not torch.cuda.is_available():
        assert _core.cuda_problem() is not None


def test_without_kernels_plain_torch_computes_the_loss_and_a_warning_says_why() -> None:
    printed = run(
        "import warnings, torch, fusedloss.torch.functional as FL\n"
        "from fusedloss import _core\n"
        "_core.torch_covers = lambda *_: False\n"  # as for tensors elsewhere
        "_core.torch_loss = lambda *_: None\n"
        "_core.torch_covers_cuda = lambda *_: True\n"
        "_core.cuda_problem = lambda: 'there is none'\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    for _ in range(2):\n"
        "        loss = FL.mse_loss(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0]))\n"
        "print(loss.item(), [str(each.message) for each in caught])\n"
    )
    assert printed.strip() == (
        "2.0 ['losses of CUDA tensors are computed in plain torch, which is correct but slower: "
        "there is none']"
    )


def test_importing_opens_nothing() -> None:
    printed = run(
        "import torch, fusedloss.torch.functional as FL\n"
        "FL.mse_loss(torch.ones(2), torch.ones(2))\n"
        "print('fusedloss_cuda' in open('/proc/self/maps').read())\n"
    )
    assert printed.strip() == "False"


def test_the_emulated_library_is_closed_again(gpu: Gpu) -> None:
    if gpu.device == "cuda":
        pytest.skip("no library is emulated")
    assert EMULATED is not None
    assert _core.cuda_is_emulated()
    with gpu.on_cpu():
        assert not _core.cuda_is_emulated()
    assert _core.cuda_problem() is None
