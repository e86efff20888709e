"""What the last build left beside the package."""

from pathlib import Path

BUILD = Path(__file__).parents[1] / "build"


def newest(name: str) -> Path | None:
    """A library of the last build."""
    found = BUILD.rglob(name)
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


EMULATED = newest("libfusedloss_emulated.so")
"""The kernels of GPUs, on a GPU that is emulated: `make test` builds it."""
