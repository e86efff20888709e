"""Which versions of TensorFlow take the kernels: asked before anything inside it is looked at."""

import tensorflow as tf

# 2.17 ends the process at the first call: its table of functions has no version to be asked for.
_OLDEST = (2, 18)


def why_not() -> str | None:
    """What is said of a version whose operations have to do."""
    major, minor, *_ = tf.__version__.split(".")
    if (int(major), int(minor)) >= _OLDEST:
        return None
    oldest = ".".join(map(str, _OLDEST))
    return f"the kernels need TensorFlow {oldest} or later, and this is {tf.__version__}"
