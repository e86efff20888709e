"""What the demo ends with: one table, one picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from tasks import Task
from training import Record

# The framework's loss pale and wide, ours on top of it dark and thin.
COLOURS = {"PyTorch": ("#9ecae1", "#08519c"), "Keras": ("#fdae6b", "#a63603")}
WIDTHS = (7, 1.5)


@dataclass(frozen=True)
class Comparison:
    """One task in one front end: trained with the framework's loss and with ours."""

    task: Task
    front_end: str
    theirs: Record
    ours: Record

    @property
    def largest_difference(self) -> float:
        """Over all steps of the two curves, as a share of the framework's largest loss."""
        theirs, ours = np.array(self.theirs.losses), np.array(self.ours.losses)
        return float(np.abs(theirs - ours).max() / np.abs(theirs).max())

    @property
    def loss_times(self) -> tuple[float, float]:
        """Milliseconds in the loss, forward and backward, per step: with theirs, with ours."""
        return undisturbed(self.theirs.loss_seconds), undisturbed(self.ours.loss_seconds)

    @property
    def loss_ratio(self) -> float:
        """How many times faster the loss is with ours."""
        return self.loss_times[0] / self.loss_times[1]

    @property
    def step_ratio(self) -> float:
        """How many times faster a whole step is with ours, network and optimizer included."""
        return undisturbed(self.theirs.epoch_seconds) / undisturbed(self.ours.epoch_seconds)


def undisturbed(seconds: Sequence[float]) -> float:
    """Milliseconds of the fastest: whatever else the machine does only ever adds time."""
    return 1e3 * min(seconds)


def print_table(comparisons: Sequence[Comparison]) -> None:
    print(
        "\n"
        "                                          test loss        largest    loss, ms per step"
        "    times faster\n"
        "task           loss           in       theirs     ours  difference     theirs     ours"
        "    loss   step"
    )
    print("-" * 101)
    for c in comparisons:
        their_time, our_time = c.loss_times
        print(
            f"{c.task.name:15}{c.task.loss:15}{c.front_end:7}"
            f"{c.theirs.test_loss:8.4f} {c.ours.test_loss:8.4f}{c.largest_difference:12.0e}"
            f"{their_time:11.3f}{our_time:9.3f}{c.loss_ratio:8.1f}{c.step_ratio:7.2f}"
        )
    print(
        "\ntest loss: after training.  largest difference: over all steps of the two curves, as a"
        "\nshare of the largest loss.  loss: forward and backward, the fastest step.  step: network"
        "\nand optimizer as well, the fastest epoch."
    )


def print_backends(comparisons: Sequence[Comparison]) -> None:
    """Keras by `fit`, a column for each backend."""
    backends = list(dict.fromkeys(c.front_end for c in comparisons))
    print("\nKeras on       " + "".join(f"{name:>34}" for name in backends))
    heads = f"{'theirs':>10}{'ours':>8}{'diff.':>8}{'step':>8}"
    print("task           " + heads * len(backends))
    print("-" * (15 + 34 * len(backends)))
    for task in dict.fromkeys(c.task for c in comparisons):
        line = f"{task.name:15}"
        for c in comparisons:
            if c.task is task:
                line += f"{c.theirs.last_loss:10.4f}{c.ours.last_loss:8.4f}"
                line += f"{c.largest_difference:8.0e}{c.step_ratio:8.2f}"
        print(line)
    print(
        "\ntheirs, ours: training loss of the last epoch.  diff.: the largest between the curves,"
        "\nas above.  step: times faster, network and optimizer included, the fastest epoch."
    )


def save_picture(comparisons: Sequence[Comparison], path: Path) -> None:
    """A panel of paired learning curves for each task, and one of the speed of the losses."""
    figure, axes = plt.subplots(2, 3, figsize=(13, 7), layout="constrained")
    tasks = list(dict.fromkeys(c.task for c in comparisons))
    for task, panel in zip(tasks, axes.flat, strict=False):
        draw_curves(panel, [c for c in comparisons if c.task is task])
        panel.set_title(f"{task.name}: {task.loss}")
    draw_ratios(axes.flat[-1], comparisons)

    lines = {
        f"{front_end}, {whose}": Line2D([], [], color=colour, linewidth=width)
        for front_end, colours in COLOURS.items()
        for whose, colour, width in zip(
            ("its own loss", "fusedloss"), colours, (7, 1.5), strict=True
        )
    }
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle("Same seed, same batches, two implementations of the loss")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_curves(panel: Axes, comparisons: Sequence[Comparison]) -> None:
    for c in comparisons:
        for record, colour, width in zip(
            (c.theirs, c.ours), COLOURS[c.front_end], WIDTHS, strict=True
        ):
            steps, means = running_mean(record.losses)
            panel.plot(steps, means, color=colour, linewidth=width)
    panel.set_xlabel("step")
    panel.set_ylabel("training loss")
    panel.grid(alpha=0.3)


def running_mean(values: Sequence[float], share: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Steps, and the mean over the last tenth of the run at each: single batches are noisy."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(sums))
    starts = np.maximum(0, ends - max(1, round(share * len(values))))
    return ends, (sums[ends] - sums[starts]) / (ends - starts)


def draw_ratios(panel: Axes, comparisons: Sequence[Comparison]) -> None:
    ratios = [c.loss_ratio for c in comparisons]
    bars = panel.barh(
        range(len(comparisons)), ratios, color=[COLOURS[c.front_end][1] for c in comparisons]
    )
    panel.bar_label(bars, [f"{c.task.name}  {c.loss_ratio:.1f}" for c in comparisons], padding=4)
    panel.axvline(1, color="black", linewidth=1)
    panel.set_yticks([])
    panel.invert_yaxis()
    panel.set_xlim(0, 1.5 * max(ratios))  # room for the labels
    panel.set_title("loss forward + backward, times faster")
