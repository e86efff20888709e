"""Which GPUs there are kernels for: what is the same for every framework."""

_OLDEST = (8, 0)


def outdated(name: str, capability: tuple[int, int]) -> str | None:
    """What is wrong with a GPU from before those that kernels are compiled for."""
    if capability >= _OLDEST:
        return None
    first = ".".join(map(str, _OLDEST))
    return f"{name} is older than compute capability {first}, with which the kernels begin"
