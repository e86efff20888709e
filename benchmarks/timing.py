"""Timing several calls against each other on a machine that is not quiet."""

import gc
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

# Long enough for the idle threads of one library's pool to stop spinning on a core that the next
# library needs: libgomp's were seen to spin for up to 9 ms.
_PAUSE_SECONDS = 0.01


@dataclass(frozen=True)
class Effort:
    """How much time to spend on a case."""

    sample_seconds: float
    """A sample is as many calls as fill this time; one, if that takes longer."""
    case_seconds: float
    min_rounds: int


QUICK = Effort(sample_seconds=0.005, case_seconds=1.0, min_rounds=5)
FULL = Effort(sample_seconds=0.02, case_seconds=5.0, min_rounds=9)
SWEEPING = Effort(sample_seconds=0.003, case_seconds=0.4, min_rounds=5)


@dataclass(frozen=True)
class Timing:
    """Seconds that a call takes: quartiles and minimum over the samples."""

    median: float
    first_quartile: float
    third_quartile: float
    minimum: float
    samples: int

    @property
    def spread(self) -> float:
        """Half the interquartile range, as a share of the median."""
        return (self.third_quartile - self.first_quartile) / 2 / self.median


def interleave(
    calls: Mapping[str, Callable[[], Any]],
    effort: Effort,
    progress: Callable[[str], None],
    before: Mapping[str, Callable[[], Any]] | None = None,
) -> dict[str, Timing]:
    """Time the calls in rounds, in each of which everyone has one sample.

    Whatever slows the machine down for a while then slows down all. The order is drawn anew in each
    round, so that nobody always runs in the caches, or after the page faults, of the same other.
    What has to run `before` a call is not counted, and a sample is then one call.
    """
    before = before or {}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    repeats = {
        name: 1 if name in before else _repeats(call, effort.sample_seconds)
        for name, call in calls.items()
    }
    shuffle = random.Random(0).shuffle
    order = list(calls)
    rounds = 0
    deadline = time.perf_counter() + effort.case_seconds
    gc.collect()
    gc.disable()
    try:
        while rounds < effort.min_rounds or time.perf_counter() < deadline:
            rounds += 1
            progress(f"round {rounds}")
            shuffle(order)
            for name in order:
                samples[name].append(_sample(calls[name], repeats[name], before.get(name)))
    finally:
        gc.enable()
    return {name: _timing(seconds) for name, seconds in samples.items()}


def _repeats(call: Callable[[], Any], seconds: float) -> int:
    """How many calls fill the time, tried out with ever more of them in a row.

    Single calls do not tell: the first may allocate, and one after a pause takes several times as
    long as the next. Samples of such calls were seen to show 0.5 ms for what takes 0.06 ms.
    """
    call()
    repeats = 1
    while True:
        begin = time.perf_counter()
        for _ in range(repeats):
            call()
        taken = time.perf_counter() - begin
        if taken >= seconds / 4:
            return max(1, math.ceil(repeats * seconds / taken))
        repeats *= 4


def _sample(
    call: Callable[[], Any], repeats: int, before: Callable[[], Any] | None = None
) -> float:
    """Mean seconds of calls in a row."""
    time.sleep(_PAUSE_SECONDS)
    if repeats > 1:
        call()  # wakes threads and fills caches
    if before:
        before()
    begin = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - begin) / repeats


def _timing(samples: list[float]) -> Timing:
    first, median, third = quantiles(samples, n=4, method="inclusive")
    return Timing(median, first, third, min(samples), len(samples))
