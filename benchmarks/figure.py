"""Draw results that compare.py has saved.

python benchmarks/figure.py results.json figure.svg
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from results import COMPILED, EAGER, FORMULA, OURS, OURS_NUMPY, Measurement, Results

# Provider, whom it is compared with, marker, colour: told apart in black and white too.
SERIES = (
    (EAGER, OURS, "o", "#08519c"),
    (COMPILED, OURS, "D", "#e6550d"),
    (FORMULA, OURS_NUMPY, "x", "#737373"),
)


def draw(results: Results, path: Path) -> None:
    """Show for each float32 case how many times longer the others take."""
    measurements = [m for m in results.measurements if m.dtype == "float32"]
    half = (len(measurements) + 1) // 2
    figure, panels = plt.subplots(
        1, 2, figsize=(12, 1.4 + 0.25 * half), sharex=True, layout="constrained"
    )
    for panel, part in zip(panels, (measurements[:half], measurements[half:]), strict=True):
        panel.set_ylim(half - 0.5, -0.5)  # both alike, from the top
        _draw_ratios(panel, part)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False
    )
    figure.supxlabel(
        "How many times longer the others take for the loss and its gradient "
        f"(float32, threads: {results.machine['threads']})",
        fontsize="medium",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _draw_ratios(panel: Axes, measurements: Sequence[Measurement]) -> None:
    panel.set_yticks(range(len(measurements)), [m.name for m in measurements])
    for provider, ours, marker, colour in SERIES:
        ratios = [m.ratio(provider, ours) for m in measurements]
        places = [place for place, ratio in enumerate(ratios) if ratio]
        panel.plot(
            [ratio for ratio in ratios if ratio],
            places,
            marker,
            color=colour,
            markersize=6,
            label=f"{provider} / {ours}",
        )
    panel.axvline(1, color="black", linewidth=1)
    panel.set_xscale("log")
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.grid(axis="x", which="both", alpha=0.2)
    panel.grid(axis="y", alpha=0.4)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(axis="y", length=0)


if __name__ == "__main__":
    draw(Results.load(Path(sys.argv[1])), Path(sys.argv[2]))
