"""What the tests of GPUs share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from built import EMULATED
from fusedloss import _core
from fusedloss.torch import _plain


class Gpu:
    """Where tensors have to be for the kernels of GPUs to compute their losses."""

    def __init__(self, device: str) -> None:
        self.device = device

    def put(self, value: Any) -> Any:
        """``value`` there, if it is a tensor, otherwise itself."""
        return value.to(self.device) if isinstance(value, Tensor) else value

    def put_all(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: self.put(value) for name, value in values.items()}

    @contextmanager
    def on_cpu(self) -> Iterator[None]:
        """Tensors on the CPU are such, whatever stands in for a GPU."""
        if self.device == "cuda":
            yield
            return
        _core.open_emulated_cuda(None)
        try:
            yield
        finally:
            _core.open_emulated_cuda(str(EMULATED))


@contextmanager
def only_kernels() -> Iterator[None]:
    """Fails a test that looks at a tensor's value, or computes a loss in plain torch."""

    def refuse(name: str) -> Callable[..., Any]:
        def fail(*_: Any, **__: Any) -> Any:
            raise AssertionError(f"{name} was called")

        return fail

    looks = "item", "tolist", "numpy", "cpu", "nonzero", "__bool__", "__float__", "__int__"
    with (
        mock.patch.multiple(Tensor, **{name: refuse(name) for name in looks}),
        mock.patch.object(_plain, "compute", refuse("_plain.compute")),
        mock.patch.object(_core, "compute", refuse("_core.compute")),
        mock.patch.object(_core, "scale", refuse("_core.scale")),
    ):
        yield
        if torch.cuda.is_available():
            torch.cuda.synchronize()
