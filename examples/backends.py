"""The tasks by Keras on another backend than PyTorch, in a process of its own.

    KERAS_BACKEND=jax python examples/backends.py

A process has one backend. This one prints an empty line after each epoch, and in the end what there
is to know of each training, in JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.util import find_spec

# Names as people write them, of those that may be installed beside PyTorch.
NAMES = {"jax": "JAX", "tensorflow": "TensorFlow"}

Trainings = list[tuple[dict[str, object], dict[str, object]]]  # (with theirs, with ours) of a task


def installed() -> list[str]:
    """The backends that there are."""
    return [backend for backend in NAMES if find_spec(backend)]


def train_on(backend: str) -> Iterator[Trainings | None]:
    """Train every task in another process: None after each epoch, and the trainings at last."""
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "JAX_PLATFORMS": "cpu",  # where both losses run, as in the rest of the demo
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    command = [sys.executable, __file__]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line) if line.strip() else None
    if process.returncode:
        raise RuntimeError(f"Keras on {NAMES[backend]} ended with {process.returncode}")


def main() -> None:
    """Train every task, with both losses."""
    from tasks import TASKS
    from training import Record, train_compiled

    trainings = []
    for task in TASKS:
        data = task.data()
        records = Record(), Record()
        pair = [
            train_compiled(task, data, loss, record)
            for loss, record in zip(task.keras_losses, records, strict=True)
        ]
        for _ in zip(*pair, strict=True):
            print(flush=True)
        trainings.append([asdict(record) for record in records])
    print(json.dumps(trainings))


if __name__ == "__main__":
    main()
