"""Examples in docstrings run where what they are about is installed."""

try:
    import fusedloss.jax  # noqa: F401
except ImportError:
    collect_ignore = ["fusedloss/jax"]
