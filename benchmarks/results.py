"""What a run found, and its form on disk: JSON with everything, CSV for other programs."""

import csv
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from timing import Timing

# Who is measured: see providers.py and copies.py.
OURS = "fusedloss.torch"
EAGER = "torch eager"
COMPILED = "torch.compile"
KERAS = "Keras on JAX"
OURS_NUMPY = "fusedloss NumPy"
FORMULA = "NumPy formula"
OURS_EACH = "fusedloss NumPy, each sample"
SKLEARN = "scikit-learn"
COPY = "copy"
COPY_FRESH = "copy, fresh memory"
COPY_STREAMED = "copy, non-temporal"
COPY_IN_PLACE = "in place"

COPIES = (COPY, COPY_FRESH, COPY_STREAMED, COPY_IN_PLACE)
RIVALS = (
    (EAGER, OURS),
    (COMPILED, OURS),
    (KERAS, OURS),
    (FORMULA, OURS_NUMPY),
    (SKLEARN, OURS_EACH),
)
"""Who is compared with which of ours: with that which returns the same."""

CSV_COLUMNS = (
    "case",
    "dtype",
    "provider",
    "seconds",
    "first quartile",
    "third quartile",
    "minimum",
    "samples",
    "bytes moved",
    "bytes per second",
    "share of bound",
    "peak bytes",
    "commit",
)


@dataclass(frozen=True)
class Measurement:
    """One case: who took how long, and how much memory."""

    name: str
    dtype: str
    input_bytes: int
    """Of the first predictions: a copy reads and writes these."""
    moved_bytes: int
    """What has to move: predictions and targets are read, gradients are written."""
    timings: dict[str, Timing]
    peak_bytes: dict[str, int] = field(default_factory=dict)
    """Above what is resident before the call: the inputs, and the libraries themselves."""
    in_place: bool = False
    """Ours writes over its input, and its bound is that of doing so."""

    def ratio(self, provider: str, ours: str = OURS) -> float | None:
        """How many times longer than ours a provider takes."""
        if provider not in self.timings or ours not in self.timings:
            return None
        return self.timings[provider].median / self.timings[ours].median

    def bandwidth(self, provider: str = OURS) -> float | None:
        """Bytes per second that have to move, or that a copy moves."""
        if provider not in self.timings:
            return None
        moved = 2 * self.input_bytes if provider in COPIES else self.moved_bytes
        return moved / self.timings[provider].median

    @property
    def copy_bandwidth(self) -> float | None:
        """The best of the copies; those in place are no measure for who writes elsewhere."""
        copies = [copy for copy in COPIES if self.in_place or copy != COPY_IN_PLACE]
        return max((b for copy in copies if (b := self.bandwidth(copy))), default=None)

    def share_of_bound(self, provider: str = OURS) -> float | None:
        """The least time that the bytes take at that bandwidth, as a share of the time taken."""
        bandwidth, best = self.bandwidth(provider), self.copy_bandwidth
        return bandwidth / best if bandwidth and best else None


@dataclass(frozen=True)
class Results:
    machine: dict[str, Any]
    quick: bool
    missing: dict[str, str] = field(default_factory=dict)
    """Providers and cases that could not be measured, and why."""
    measurements: list[Measurement] = field(default_factory=list)

    def ratios(self, provider: str, ours: str) -> dict[str, float]:
        """Of all cases that both of them have."""
        return {m.name: r for m in self.measurements if (r := m.ratio(provider, ours))}

    def save(self, path: Path) -> None:
        """Write the JSON to `path`, and the CSV beside it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")
        self.save_csv(path.with_suffix(".csv"))

    def save_csv(self, path: Path) -> None:
        """A line for each case and provider; where there is no number, nothing."""
        with path.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(CSV_COLUMNS)
            for m in self.measurements:
                for provider, timing in m.timings.items():
                    is_copy = provider in COPIES
                    writer.writerow(
                        (
                            m.name,
                            m.dtype,
                            provider,
                            timing.median,
                            timing.first_quartile,
                            timing.third_quartile,
                            timing.minimum,
                            timing.samples,
                            2 * m.input_bytes if is_copy else m.moved_bytes,
                            m.bandwidth(provider),
                            None if is_copy else m.share_of_bound(provider),
                            m.peak_bytes.get(provider),
                            self.machine["commit"],
                        )
                    )

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
