"""Whether there are kernels for the GPUs that JAX uses."""

import warnings
from functools import cache

import jax

from fusedloss import _core
from fusedloss._gpus import outdated


def have_kernels() -> bool:
    """Whether all GPUs of this process have them. Says once why not, if there are GPUs."""
    if jax.default_backend() != "gpu":
        return False
    problem = _core.cuda_problem() or _outdated()
    if problem is not None:
        _warn(problem)
    return problem is None


def _outdated() -> str | None:
    """What is wrong with the first GPU that is too old."""
    for device in jax.local_devices():
        major, _, minor = str(getattr(device, "compute_capability", "")).partition(".")
        if major.isdigit() and minor.isdigit():  # otherwise of another kind
            problem = outdated(device.device_kind, (int(major), int(minor)))
            if problem is not None:
                return problem
    return None


@cache
def _warn(problem: str) -> None:
    """Each problem once."""
    warnings.warn(
        f"losses on GPUs are computed in jax.numpy, which is correct but slower: {problem}",
        RuntimeWarning,
        stacklevel=3,
    )
