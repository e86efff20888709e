"""What a run found, on disk as JSON and on screen as a table."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from timing import Timing

# Who is measured: see providers.py.
OURS = "fusedloss.torch"
EAGER = "torch eager"
COMPILED = "torch.compile"
OURS_NUMPY = "fusedloss NumPy"
FORMULA = "NumPy formula"
COPY = "copy"
COPY_FRESH = "copy, fresh memory"

BUSY_LOAD = 0.5
"""Processes that want to run, when measuring begins."""


@dataclass(frozen=True)
class Measurement:
    """One case: who took how long."""

    name: str
    dtype: str
    input_bytes: int
    """Of the predictions: a copy reads and writes these."""
    moved_bytes: int
    """What has to move: predictions and targets are read, the gradient is written."""
    timings: dict[str, Timing]

    def ratio(self, provider: str, ours: str = OURS) -> float | None:
        """How many times longer than ours a provider takes."""
        if provider not in self.timings or ours not in self.timings:
            return None
        return self.timings[provider].median / self.timings[ours].median

    @property
    def bandwidth(self) -> float:
        """Bytes per second that ours moves."""
        return self.moved_bytes / self.timings[OURS].median

    def share(self, copy: str) -> float | None:
        """Our bandwidth as a share of that of a copy."""
        if copy not in self.timings:
            return None
        return self.bandwidth * self.timings[copy].median / (2 * self.input_bytes)


@dataclass(frozen=True)
class Results:
    machine: dict[str, Any]
    quick: bool
    missing: dict[str, str] = field(default_factory=dict)
    """Providers that could not be measured, and why."""
    measurements: list[Measurement] = field(default_factory=list)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Results":
        data = json.loads(path.read_text())
        measurements = [
            Measurement(
                **measurement
                | {"timings": {k: Timing(**v) for k, v in measurement["timings"].items()}}
            )
            for measurement in data.pop("measurements")
        ]
        return cls(**data, measurements=measurements)

    def table(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        width = max((len(m.name) for m in self.measurements), default=4)
        yield (
            f"{'':{width}}  {'fusedloss.torch':>16} {'times faster than':>19}"
            f"  {'fusedloss NumPy':>16} {'times faster':>13}   {'GB/s':>5} {'share of a copy':>17}"
        )
        yield (
            f"{'case':{width}}  {'ms':>10} {'±':>5} {'eager':>9} {'compile':>9}"
            f"  {'ms':>10} {'±':>5} {'than formula':>13}   {'ours':>5} {'warm':>8} {'fresh':>8}"
        )
        yield "-" * (width + 101)
        for m in self.measurements:
            yield (
                f"{m.name:{width}}  {_time(m.timings[OURS])} {_number(m.ratio(EAGER), 9)}"
                f" {_number(m.ratio(COMPILED), 9)}  {_time(m.timings.get(OURS_NUMPY))}"
                f" {_number(m.ratio(FORMULA, OURS_NUMPY), 13)}   {m.bandwidth / 1e9:5.1f}"
                f" {_percent(m.share(COPY))} {_percent(m.share(COPY_FRESH))}"
            )
        yield ""
        yield from self._summary()

    def _summary(self) -> Iterator[str]:
        for provider, ours in ((EAGER, OURS), (COMPILED, OURS), (FORMULA, OURS_NUMPY)):
            ratios = {m.name: r for m in self.measurements if (r := m.ratio(provider, ours))}
            if not ratios:
                continue
            slower = [name for name, ratio in ratios.items() if ratio < 1]
            yield (
                f"{ours} against {provider}: {geometric_mean(ratios.values()):.1f} times faster "
                f"(geometric mean), at least {min(ratios.values()):.2f}"
            )
            if slower:
                yield f"  slower: {'; '.join(slower)}"
        for provider, why in self.missing.items():
            yield f"{provider} was not measured: {why}"
        if self.machine["load"] > BUSY_LOAD:
            yield f"The machine was busy (load {self.machine['load']}): run again when it is quiet."
        yield ", ".join(f"{key} {value}" for key, value in self.machine.items())


def _time(timing: Timing | None) -> str:
    if timing is None:
        return f"{'-':>10} {'-':>5}"
    return f"{1e3 * timing.median:10.4g} {timing.spread:5.0%}"


def _number(value: float | None, width: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width}.1f}"


def _percent(value: float | None) -> str:
    return f"{'-':>8}" if value is None else f"{value:8.0%}"
