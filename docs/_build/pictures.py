"""Draw losses and their gradients, as the package computes them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from offers import LOSSES

Array = np.ndarray
# x -> arguments of the loss for every x, and how its first prediction moves with x.
Place = Callable[[Array], tuple[tuple[Array, ...], Array]]

POINTS = 241  # odd: the middle of the range, where losses have their kinks, is one of them
COLOURS = ("#08519c", "#e6550d", "#31a354", "#756bb1", "#636363", "#d6616b")
DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (3, 1)))
STYLE = {
    "axes.edgecolor": "#737373",
    "axes.labelcolor": "#252525",
    "axes.prop_cycle": mpl.cycler(color=COLOURS, linestyle=DASHES),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "white",  # explicit: the page may be dark
    "font.sans-serif": ["DejaVu Sans"],  # the page's own sans-serif where it is missing
    "font.size": 9,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "lines.linewidth": 1.6,
    "path.simplify_threshold": 0.2,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "fusedloss",
    "xtick.color": "#737373",
    "xtick.labelcolor": "#252525",
    "xtick.major.size": 0,
    "ytick.color": "#737373",
    "ytick.labelcolor": "#252525",
    "ytick.major.size": 0,
}


@dataclass(frozen=True)
class Curve:
    """A line of a picture: a loss with its options, of predictions that depend on x."""

    label: str
    loss: str
    place: Place
    options: Mapping[str, Any] = field(default_factory=dict)

    def compute(self, x: Array) -> tuple[Array, Array]:
        """The loss at every x, and its derivative by x."""
        arguments, direction = self.place(x)
        losses, gradient = LOSSES[self.loss](
            *arguments, reduction="none", return_grad=True, **self.options
        )
        if isinstance(gradient, tuple):  # one for each prediction: the first is the one that moves
            gradient = gradient[0]
        slopes = gradient * direction
        return losses, slopes if slopes.ndim == 1 else slopes.sum(-1)


@dataclass(frozen=True)
class Picture:
    """Values and gradients, side by side, for x from `low` to `high`.

    `title` is that of the legend: what all curves have in common.
    """

    x_label: str
    low: float
    high: float
    curves: Sequence[Curve]
    title: str | None = None

    def save(self, path: Path) -> None:
        """Draw it."""
        x = np.linspace(self.low, self.high, POINTS)
        with mpl.rc_context(STYLE):
            figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 2.6), layout="constrained")
            for curve in self.curves:
                losses, slopes = curve.compute(x)
                left.plot(x, losses, label=curve.label)
                right.plot(x, _with_jumps(slopes))
            for panel, y_label in ((left, "loss"), (right, "gradient")):
                panel.set(xlabel=self.x_label, ylabel=y_label, xlim=(self.low, self.high))
                panel.grid(color="#d9d9d9", linewidth=0.6)
                panel.set_axisbelow(True)
            right.axhline(0, color="#737373", linewidth=0.8, zorder=1)
            if len(self.curves) > 1:
                handles, labels = left.get_legend_handles_labels()
                figure.legend(handles, labels, title=self.title, loc="outside right center")
            figure.savefig(path, metadata={"Date": None, "Creator": None})
            plt.close(figure)
        path.write_text(_compact(path.read_text()))


def _with_jumps(slopes: Array) -> Array:
    """Break a line where it jumps, instead of joining the two sides by a slope."""
    steps = np.abs(np.diff(slopes))
    jumps = np.flatnonzero(steps > 0.08 * np.ptp(slopes))
    broken = slopes.copy()
    broken[jumps + 1] = np.nan
    return broken


def _compact(svg: str) -> str:
    """Two decimals of a point are enough, and the same on every machine."""
    svg = re.sub(r"(\d\.\d\d)\d+", r"\1", svg)
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)
