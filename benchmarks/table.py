"""Results as a table on screen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import geometric_mean

from results import (
    COMPILED,
    COPIES,
    EAGER,
    FORMULA,
    KERAS,
    OURS,
    OURS_EACH,
    OURS_NUMPY,
    RIVALS,
    SKLEARN,
    Measurement,
    Results,
)

BUSY_LOAD = 0.5
"""Processes that want to run, when measuring begins."""


@dataclass(frozen=True)
class Column:
    group: str
    """Columns of one group stand side by side; the first names it."""
    head: str
    width: int
    form: str
    value: Callable[[Measurement], float | None]

    def cell(self, measurement: Measurement) -> str:
        value = self.value(measurement)
        return f"{'-' if value is None else format(value, self.form):>{self.width}}"


def _ratio(head: str, provider: str, ours: str) -> Column:
    return Column("", f"x {head}", max(10, len(head) + 4), ".1f", lambda m: m.ratio(provider, ours))


def _milliseconds(group: str, ours: str) -> tuple[Column, Column]:
    def value(m: Measurement) -> float | None:
        return 1e3 * m.timings[ours].median if ours in m.timings else None

    def spread(m: Measurement) -> float | None:
        return m.timings[ours].spread if ours in m.timings else None

    return Column(group, "ms", 11, ".4g", value), Column("", "±", 6, ".0%", spread)


def _bandwidth(head: str, provider: str) -> Column:
    return Column("", head, 7, ".1f", lambda m: _scaled(m.bandwidth(provider), 1e-9))


def _peak(head: str, provider: str) -> Column:
    return Column("", head, 8, ".0f", lambda m: _scaled(m.peak_bytes.get(provider), 2**-20))


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


COLUMNS = (
    *_milliseconds("fusedloss.torch, and how many times longer others take", OURS),
    _ratio("eager", EAGER, OURS),
    _ratio("compile", COMPILED, OURS),
    _ratio("Keras", KERAS, OURS),
    *_milliseconds("fusedloss NumPy", OURS_NUMPY),
    _ratio("formula", FORMULA, OURS_NUMPY),
    _ratio("sklearn", SKLEARN, OURS_EACH),
    Column("GB/s, copies", "ours", 10, ".1f", lambda m: _scaled(m.bandwidth(), 1e-9)),
    *map(_bandwidth, ("warm", "fresh", "stream", "over"), COPIES),
    Column("", "bound", 7, ".0%", Measurement.share_of_bound),
    Column("peak MiB", "ours", 11, ".0f", lambda m: _scaled(m.peak_bytes.get(OURS), 2**-20)),
    _peak("eager", EAGER),
    _peak("compile", COMPILED),
    _peak("Keras", KERAS),
)


def table(results: Results) -> str:
    """All cases, what they come to, and on which machine."""
    return "\n".join(_lines(results))


def _lines(results: Results) -> Iterator[str]:
    # A column that nobody filled is left out.
    columns = [c for c in COLUMNS if any(c.value(m) is not None for m in results.measurements)]
    width = max((len(m.name) for m in results.measurements), default=4)
    yield (f"{'':{width}}" + _groups(columns)).rstrip()
    yield f"{'case':{width}}" + "".join(f"{c.head:>{c.width}}" for c in columns)
    yield "-" * (width + sum(c.width for c in columns))
    for m in results.measurements:
        yield f"{m.name:{width}}" + "".join(c.cell(m) for c in columns)
    yield ""
    yield from summary(results)
    for what, why in results.missing.items():
        yield f"{what} was not measured: {why}"
    if results.machine["load"] > BUSY_LOAD:
        yield f"The machine was busy (load {results.machine['load']}): run again when it is quiet."
    yield ", ".join(f"{key} {value}" for key, value in results.machine.items())


def _groups(columns: list[Column]) -> str:
    line, at = "", 0
    for column in columns:
        if column.group:
            # Two blanks from the group before, and over the right edge of the first column.
            start = max(at + column.width - len(column.head), len(line) + 2)
            line = f"{line:{start}}{column.group}"
        at += column.width
    return line


def summary(results: Results) -> Iterator[str]:
    """How many times longer others take over all cases, and where they do not."""
    for provider, ours in RIVALS:
        ratios = results.ratios(provider, ours)
        if not ratios:
            continue
        yield (
            f"{ours} against {provider}: {geometric_mean(ratios.values()):.1f} times faster "
            f"(geometric mean of {len(ratios)}), at least {min(ratios.values()):.2f}"
        )
        slower = [f"{name} ({ratio:.2f})" for name, ratio in ratios.items() if ratio < 1]
        if slower:
            yield f"  slower: {'; '.join(slower)}"
