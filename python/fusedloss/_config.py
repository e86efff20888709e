"""What the library was built with, what it runs on, and the threads and memory it keeps."""

from typing import Any, Literal, overload

from fusedloss import _core
from fusedloss._arguments import integer


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, Any]: ...
def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Show the version, the compiler, the instruction set and the threads in use.

    The instruction set is the best one this CPU has, unless the environment variable
    ``FUSEDLOSS_ISA`` names another when the library is loaded.

    Args:
      mode: ``"stdout"`` prints, ``"dicts"`` returns a dictionary, as in ``numpy.show_config``.

    Raises:
      ValueError: another mode.

    >>> import fusedloss as fl
    >>> config = fl.show_config(mode="dicts")
    >>> config["instruction set"] in config["instruction sets available"]
    True
    """
    config = {
        "version": _core.__version__,
        "compiler": _core.__compiler__,
        "instruction set": _core.get_isa(),
        "instruction sets available": _core.isas(),
        "threads": _core.get_num_threads(),
    }
    if mode == "dicts":
        return config
    if mode != "stdout":
        raise ValueError(f"mode must be 'stdout' or 'dicts', got {mode!r}")
    width = max(map(len, config))
    for name, value in config.items():
        print(f"{name:{width}}  {', '.join(value) if isinstance(value, list) else value}")
    return None


def get_num_threads() -> int:
    """Return how many threads a large call on NumPy arrays may use.

    At first the value of the environment variable ``FUSEDLOSS_NUM_THREADS``, or else the CPUs
    that this process may use. Results do not depend on it, to the last bit.

    >>> import fusedloss as fl
    >>> fl.get_num_threads() >= 1
    True
    """
    return _core.get_num_threads()


def set_num_threads(threads: int) -> None:
    """Set how many threads a large call on NumPy arrays may use, the caller's among them.

    Args:
      threads: from 1 to 1024.

    Raises:
      TypeError: ``threads`` is not an integer.
      ValueError: ``threads`` is out of range.

    >>> import fusedloss as fl
    >>> before = fl.get_num_threads()
    >>> fl.set_num_threads(1)
    >>> fl.get_num_threads()
    1
    >>> fl.set_num_threads(before)
    """
    _core.set_num_threads(integer("threads", threads, bits=32))


def release_memory() -> None:
    """Give the memory that is kept for the next large gradient back to the system.

    Gradients of 1 MiB and more are written to memory that is reused when they are gone, because
    fresh pages cost more than the arithmetic. Arrays that are still alive keep theirs.

    >>> import fusedloss as fl
    >>> fl.release_memory()
    """
    _core.release_memory()
