"""Draw results that compare.py has saved.

python benchmarks/figure.py benchmarks/results/cpu    # from cpu.json: cpu.svg and cpu-sizes.svg
"""

import re
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from cases import DRAWN, HEADLINE, MORE, SIZES, Case, elements
from losses import CROSS_ENTROPY
from results import (
    COMPILED,
    EAGER,
    FORMULA,
    KERAS,
    OURS,
    OURS_NUMPY,
    RIVALS,
    SKLEARN,
    Measurement,
    Results,
)

# Marker and colour (Okabe and Ito's): told apart by the colour-blind, and in black and white.
LOOKS = {
    OURS: ("o", "#0072B2"),
    EAGER: ("s", "#D55E00"),
    COMPILED: ("D", "#E69F00"),
    KERAS: ("^", "#CC79A7"),
    OURS_NUMPY: (".", "#56B4E9"),
    FORMULA: ("x", "#737373"),
    SKLEARN: ("+", "#009E73"),
}
STYLE: dict[Any, Any] = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "white",  # explicit: the page may be dark
    "font.sans-serif": ["DejaVu Sans"],  # the page's own sans-serif where it is missing
    "font.size": 9,
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "fusedloss",
}


def draw_all(results: Results, name: Path) -> None:
    """Write `name`.svg, the overview, and `name`-sizes.svg, the time over the size."""
    with mpl.rc_context(STYLE):
        _save(_overview(results), name.with_suffix(".svg"))
        _save(_sizes(results), name.with_name(f"{name.name}-sizes.svg"))


def _overview(results: Results) -> Figure:
    """How many times longer the others take, for each float32 case of the table."""
    shown = {str(case) for case in HEADLINE + MORE}
    measurements = [m for m in results.measurements if m.dtype == "float32" and m.name in shown]
    half = max(1, (len(measurements) + 1) // 2)
    figure, panels = plt.subplots(
        1, 2, figsize=(12, 1.4 + 0.22 * half), sharex=True, layout="constrained"
    )
    for panel, part in zip(panels, (measurements[:half], measurements[half:]), strict=True):
        panel.set_ylim(half - 0.5, -0.5)  # both alike, from the top
        _draw_ratios(panel, part)
    _name(
        figure,
        f"How many times longer others take for loss and gradient ({_conditions(results)})",
    )
    return figure


def _draw_ratios(panel: Axes, measurements: Sequence[Measurement]) -> None:
    panel.set_yticks(range(len(measurements)), [m.name for m in measurements])
    for provider, ours in RIVALS:
        marker, colour = LOOKS[provider]
        points = [(r, y) for y, m in enumerate(measurements) if (r := m.ratio(provider, ours))]
        if not points:
            continue
        panel.plot(
            [ratio for ratio, _ in points],
            [y for _, y in points],
            marker,
            color=colour,
            markersize=5,
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


def _sizes(results: Results) -> Figure:
    """Time over size, with the time that the bytes take at a copy's bandwidth as the roof."""
    losses = (CROSS_ENTROPY, *DRAWN)
    figure, panels = plt.subplots(
        1, len(losses), figsize=(12, 3.9), sharey=True, layout="constrained"
    )
    measured = {m.name: m for m in results.measurements}
    for panel, loss in zip(panels, losses, strict=True):
        cases = {
            case: measured[str(case)]
            for case in sorted(HEADLINE + SIZES, key=_size)
            if case.loss is loss and str(case) in measured and _is_on_line(case)
        }
        panel.set_title(f"{loss.name}, 1000 classes" if loss is CROSS_ENTROPY else loss.name)
        _draw_times(panel, [_size(case) for case in cases], list(cases.values()))
    panels[0].set_ylabel("milliseconds")
    _name(
        figure,
        f"Predictions ({_conditions(results)}); below the roof, data come from the caches",
    )
    return figure


def _draw_times(panel: Axes, sizes: Sequence[int], measurements: Sequence[Measurement]) -> None:
    for provider, (marker, colour) in LOOKS.items():
        points = [
            (size, 1e3 * m.timings[provider].median)
            for size, m in zip(sizes, measurements, strict=True)
            if provider in m.timings and provider != SKLEARN  # which returns something else
        ]
        if points:
            panel.plot(
                *zip(*points, strict=True),
                marker=marker,
                color=colour,
                markersize=5,
                linewidth=2 if provider == OURS else 1,
                label=provider,
            )
    bandwidth = measurements[-1].copy_bandwidth if measurements else None
    if bandwidth:
        roof = [1e3 * m.moved_bytes / bandwidth for m in measurements]
        panel.plot(sizes, roof, "--", color="black", linewidth=1, label="roof: bytes / copy")
    panel.set_xscale("log", base=2)
    panel.set_yscale("log")
    panel.xaxis.set_major_locator(LogLocator(base=2, subs=(1,), numticks=6))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: elements(int(value))))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.grid(alpha=0.3)


def _is_on_line(case: Case) -> bool:
    return case.dtype.itemsize == 4 and (len(case.shape) == 1 or case.shape[1:] == (1000,))


def _size(case: Case) -> int:
    size = 1
    for length in case.shape:
        size *= length
    return size


def _conditions(results: Results) -> str:
    return f"float32, threads: {results.machine['threads']}"


def _name(figure: Figure, x_label: str) -> None:
    """One legend of all that is drawn in any panel."""
    handles = {}
    for panel in figure.axes:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=8, fontsize="small")
    figure.supxlabel(x_label, fontsize="medium")


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    # Two digits after the point: nobody sees more, and a third of the bytes go.
    path.write_text(re.sub(r"(\d\.\d\d)\d+", r"\1", text.getvalue()))


if __name__ == "__main__":
    where = Path(sys.argv[1])
    draw_all(Results.load(where.with_suffix(".json")), where)
