"""Which losses the package offers, and under which names in each framework."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import fusedloss as fl
import fusedloss.keras
import fusedloss.torch

LOSSES: dict[str, Callable[..., Any]] = {
    name: getattr(fl.losses, name) for name in fl.losses.__all__
}
TORCH_FUNCTIONS = tuple(fusedloss.torch.functional.__all__)


def torch_modules(function: str) -> list[str]:
    """The modules that compute a function: their docstrings name it."""
    return [name for name, computed in _MODULES.items() if computed == function]


def keras_names(loss: str) -> list[str]:
    """Class and function of `fusedloss.keras` that have the name of a loss, however spelled."""
    return [name for name in KERAS_LOSSES if _plain(name) == _plain(loss)]


def require_same(where: str, placed: Sequence[str], offered: Iterable[str]) -> None:
    """Refuse a page that lacks a loss of a module, or has one that it does not offer.

    Raises:
      ValueError: `placed` and `offered` differ.
    """
    missing, unknown = set(offered) - set(placed), set(placed) - set(offered)
    if missing or unknown:
        raise ValueError(f"{where}: no place for {sorted(missing)}, unknown {sorted(unknown)}")


def _plain(name: str) -> str:
    """`KLDivergence`, `kl_divergence` -> `kldivergence`."""
    return name.replace("_", "").lower()


def _computed(module: type) -> str:
    found = re.search(r"fusedloss\.torch\.functional\.(\w+)", module.__doc__ or "")
    if found is None:
        raise ValueError(f"the docstring of {module.__name__} names no function")
    return found[1]


def _keras_losses() -> list[str]:
    """Classes first; then functions, which carry the name of a class."""
    offered: Mapping[str, Any] = {
        name: getattr(fusedloss.keras, name) for name in fusedloss.keras.__all__
    }
    base = fusedloss.keras.FusedLoss
    classes = [
        name
        for name, item in offered.items()
        if inspect.isclass(item) and issubclass(item, base) and item is not base
    ]
    plain = {_plain(name) for name in classes}
    functions = [name for name in offered if name not in classes and _plain(name) in plain]
    return classes + functions


_MODULES = {
    name: _computed(getattr(fusedloss.torch.modules, name))
    for name in fusedloss.torch.modules.__all__
}
KERAS_LOSSES = _keras_losses()
