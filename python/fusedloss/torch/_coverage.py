"""Where the kernels may run: on ordinary tensors, while nothing but eager autograd looks on.

Everything else torch does with a function goes through its dispatcher, which the kernels do not
use: to compile or trace it, to transform it, to run it on tensors without memory of their own. A
kernel called there would give a value without its derivative, or a constant. So it is asked first;
and then, whether torch should see the loss as an operation that it dispatches to the kernels.
"""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch._subclasses.functional_tensor import FunctionalTensor
from torch.autograd import forward_ad
from torch.nn import Parameter

from fusedloss import _core
from fusedloss.torch import _cuda
from fusedloss.torch._memory import TEMPLATES

_KINDS = frozenset({Tensor, Parameter})
_TRACED = _KINDS | {FakeTensor, FunctionalTensor}  # what stands for ordinary tensors in a trace


def _private(path: str, otherwise: Callable[..., bool]) -> Callable[..., bool]:
    """Look up a function of torch that other versions may not have."""
    found: Any = torch._C
    for name in path.split("."):
        found = getattr(found, name, None)
    return otherwise if found is None else found


def _perhaps(*_: Any) -> bool:
    return True


_transforms = _private("_are_functorch_transforms_active", _perhaps)
_dispatch_modes = _private("_len_torch_dispatch_stack", _perhaps)
_tracing_state = _private("_get_tracing_state", _perhaps)
_is_batched = _private("_functorch.is_legacy_batchedtensor", _perhaps)

# Whether the graph that is being differentiated is kept for another backward.
keeps_graph = _private("_autograd._get_current_graph_task_keep_graph", _perhaps)

is_compiling = torch.compiler.is_dynamo_compiling
_KNOWN = hasattr(forward_ad, "_current_level") and _perhaps not in (
    _transforms,
    _dispatch_modes,
    _tracing_state,
)
if not _KNOWN:
    warnings.warn(
        f"fusedloss does not know torch {torch.__version__}: its losses are computed in plain "
        "torch, which is correct but not faster",
        RuntimeWarning,
        stacklevel=2,
    )
else:
    _core.know_torch(
        (*_KINDS,),
        (_dispatch_modes, _tracing_state),
        _transforms,
        vars(forward_ad),
        "_current_level",
        torch.is_grad_enabled,
        keeps_graph,
        _is_batched,
        torch.empty_like,
        TEMPLATES[torch.float32],
        TEMPLATES[torch.float64],
    )


def covers(recording: bool, y_pred: Tensor, *constants: Tensor | None) -> bool:
    """Whether a kernel may compute the loss of ``y_pred``, with its gradient if it is wanted.

    On the CPU: where it may, the tensors' values may be looked at. ``recording`` says whether
    autograd is: if so, ``constants`` must not be differentiated.
    """
    # Dynamo, which reads this code without running it, finds True here and reads no further.
    if is_compiling() or not _KNOWN:
        return False
    # Asked in C: that is a third of the 3 us it takes here.
    return _core.torch_covers(recording, y_pred, *constants)


def covers_on_gpu(recording: bool, y_pred: Tensor, *constants: Tensor | None) -> bool:
    """The same for a ``y_pred`` on a GPU; an error of the kernel if ``constants`` are not there."""
    if is_compiling() or not _KNOWN:
        return False
    return _core.torch_covers_cuda(recording, y_pred, *constants) and _cuda.available(y_pred.device)


def is_traced(*tensors: Tensor | None) -> bool:
    """Whether torch looks on by its dispatcher, and at nothing but ordinary tensors.

    Of devices that have kernels.
    """
    compiling = is_compiling()
    traced = compiling or (_dispatch_modes() and not _tracing_state())
    for tensor in tensors:
        if tensor is not None:
            kind = type(tensor)
            if kind not in _TRACED:
                return False
            if not tensor.is_cpu and not (tensor.is_cuda and _cuda.available(tensor.device)):
                return False
            traced = traced or kind not in _KINDS
    return bool(traced) and not is_transformed()


def is_transformed() -> bool:
    """Whether tensors may be more than their values: batches, or with derivatives of their own."""
    return _transforms() or forward_ad._current_level >= 0


def is_observed(upstream: Tensor) -> bool:
    """Whether ``upstream`` is more than its values: a batch of tensors, or one with a tangent."""
    return is_transformed() or _is_batched(upstream)
