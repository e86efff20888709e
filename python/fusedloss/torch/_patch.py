"""torch's losses replaced by these, for code that is not to be changed."""

import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from typing import Any

import torch.nn.functional as F

from fusedloss.torch import functional


class patch(ContextDecorator):  # noqa: N801
    """Let the losses of `torch.nn.functional` and of `torch.nn` be those of this package.

        with fusedloss.torch.patch():
            train(model)                     # code that knows nothing of it

        patched = fusedloss.torch.patch().apply()  # or until further notice
        patched.undo()

    It also decorates functions. Every function of `fusedloss.torch.functional` that torch has under
    the same name takes its place in `torch.nn.functional`. The modules of `torch.nn` are left as
    they are, for they look these functions up when they are called: also those that exist already
    compute the new loss, and all stay instances of their classes, to be saved and loaded as before.
    Losses that this package lacks stay torch's.

    Not reached is what holds on to a function itself: `from torch.nn.functional import mse_loss`
    before the patch, and graphs recorded before it. Code to be compiled may run inside the patch,
    but not enter it, and `torch.jit.script` does not know our functions. What else unmodified code
    may notice is listed in docs/torch-differences.md, above all that losses of float16 and bfloat16
    predictions are float32.

    It holds for all threads, until as many patches are undone as were applied; torch then has the
    same objects as before.

    >>> import torch, fusedloss.torch
    >>> x, y = torch.tensor([1.0, 3.0], requires_grad=True), torch.zeros(2)
    >>> with fusedloss.torch.patch():
    ...     torch.nn.MSELoss()(x, y)
    tensor(5., grad_fn=<FusedLossBackward>)
    >>> torch.nn.MSELoss()(x, y)
    tensor(5., grad_fn=<MseLossBackward0>)
    """

    _lock = threading.Lock()
    _applied = 0  # by all instances
    _originals: dict[str, Callable[..., Any]] = {}  # noqa: RUF012

    def __init__(self) -> None:
        self._own = 0

    def apply(self) -> "patch":
        """Replace the losses until `undo` is called."""
        with patch._lock:
            if patch._applied == 0:
                for name in functional.__all__:
                    if hasattr(F, name):
                        patch._originals[name] = getattr(F, name)
                        setattr(F, name, getattr(functional, name))
            patch._applied += 1
            self._own += 1
        return self

    def undo(self) -> None:
        """Take back one `apply`; the last one gives torch its own losses back."""
        with patch._lock:
            if self._own == 0:
                raise RuntimeError("nothing to undo: this patch is not applied")
            self._own -= 1
            patch._applied -= 1
            if patch._applied == 0:
                for name, original in patch._originals.items():
                    setattr(F, name, original)
                patch._originals.clear()

    def __enter__(self) -> "patch":
        return self.apply()

    def __exit__(self, *_: object) -> None:
        self.undo()
