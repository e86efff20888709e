"""Train five small models with the framework's own loss and with ours, and compare.

Run `make demo`. Every task is trained in a PyTorch loop and by Keras `fit`, on PyTorch and on each
other backend of Keras that is installed; each time with the framework's loss and with fusedloss
from the same seed. The learning curves must agree; the time spent in the loss should not. Exits
with 1 if a pair of curves differs by more than TOLERANCE.

Read `tasks.py` for the losses side by side, `training.py` for the loops around them.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

# Chosen before Keras is first imported. The pairs are compared on the CPU, where both run.
os.environ["KERAS_BACKEND"] = "torch"
os.environ["KERAS_TORCH_DEVICE"] = "cpu"

from tqdm import tqdm

from backends import NAMES, installed, train_on
from report import Comparison, print_backends, print_table, save_picture
from tasks import TASKS
from training import Record, train_with_keras, train_with_torch

# Largest difference of a pair of curves, as a share of the largest loss. Two correct float32 losses
# differ in the last bits of their gradients, and training can amplify that. With a random relative
# error of 1e-6 put into every gradient, ten times the rounding, the curves of the first four tasks
# stay within 3e-7; with one of 1e-2, a small mistake in a formula, they part by 4e-4 or more. Keras
# computes its focal loss from rounded probabilities, which alone makes 5e-6.
TOLERANCE = 1e-4

PICTURE = Path(__file__).parent.parent / "build" / "demo" / "learning_curves.png"


def compare() -> list[Comparison]:
    """Train every task with both losses in both front ends."""
    comparisons = []
    epochs = sum(2 * task.epochs for task in TASKS)
    with tqdm(total=epochs, unit="epoch", mininterval=0.5) as progress:
        for task in TASKS:
            data = task.data()
            for front_end, train, losses in (
                ("PyTorch", train_with_torch, task.torch_losses),
                ("Keras", train_with_keras, task.keras_losses),
            ):
                progress.set_description(f"{task.name}, {front_end}")
                theirs, ours = Record(), Record()
                # The two take turns, epoch by epoch, so that a busy machine slows down both;
                # being strict, zip also runs both to their ends, where they are tested.
                for _ in zip(
                    train(task, data, losses[0], theirs),
                    train(task, data, losses[1], ours),
                    strict=True,
                ):
                    progress.update()
                comparisons.append(Comparison(task, front_end, theirs, ours))
    return comparisons


def compare_backends() -> list[Comparison]:
    """Train every task with both losses by Keras on other backends, one after the other."""
    comparisons = []
    backends = installed()
    epochs = len(backends) * sum(task.epochs for task in TASKS)
    with tqdm(total=epochs, unit="epoch", mininterval=0.5, disable=not backends) as progress:
        for backend in backends:
            progress.set_description(f"Keras on {NAMES[backend]}")
            for trainings in train_on(backend):
                if trainings is None:
                    progress.update()
                    continue
                for task, pair in zip(TASKS, trainings, strict=True):
                    theirs, ours = (Record(**record) for record in pair)
                    comparisons.append(Comparison(task, NAMES[backend], theirs, ours))
    return comparisons


def main() -> int:
    """Run the demo; return the exit status."""
    comparisons = compare()
    others = compare_backends()
    print_table(comparisons)
    on_torch = [replace(c, front_end="PyTorch") for c in comparisons if c.front_end == "Keras"]
    print_backends(on_torch + others)
    save_picture(comparisons, PICTURE)
    print(f"\nLearning curves: {PICTURE}")

    trained = comparisons + others
    apart = [c for c in trained if not c.largest_difference <= TOLERANCE]  # catches NaN too
    for comparison in apart:
        print(f"{comparison.task.name}, {comparison.front_end}: the curves differ", file=sys.stderr)
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
