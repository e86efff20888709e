"""JAX, where it is installed."""

from collections.abc import Iterator

import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("fusedloss.jax", exc_type=ImportError)

# Most of the time here goes into compiling programs that run once.
jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture
def float64() -> Iterator[None]:
    """JAX computes in float64 if it is told to."""
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)
