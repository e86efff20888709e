"""TensorFlow in a process of its own, where KERAS_BACKEND names it: not beside JAX and PyTorch."""

import os

if os.environ.get("KERAS_BACKEND") != "tensorflow":
    collect_ignore_glob = ["*.py"]
