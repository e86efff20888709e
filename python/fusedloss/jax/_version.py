"""Which versions of JAX there is support for: asked before anything of them is used."""

_OLDEST = (0, 7)

try:
    from jaxlib.version import __version__ as _version
except ImportError as error:
    raise ImportError("fusedloss.jax needs JAX: pip install 'fusedloss[jax]'") from error

if tuple(map(int, _version.split(".")[:2])) < _OLDEST:
    raise ImportError(
        f"fusedloss.jax needs jaxlib {'.'.join(map(str, _OLDEST))} or later, got "
        f"{_version}: pip install --upgrade jax"
    )
