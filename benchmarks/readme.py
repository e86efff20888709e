"""Draw the README's table of speed from the committed results.

python benchmarks/readme.py           # write
python benchmarks/readme.py --check   # fail if the table is not what would be written
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import geometric_mean

from cases import HEADLINE
from results import COMPILED, EAGER, FORMULA, KERAS, OURS, OURS_EACH, OURS_NUMPY, SKLEARN, Results

README = Path(__file__).parents[1] / "README.md"
RESULTS = Path(__file__).with_name("results")
BEGIN, END = "<!-- speed: begin -->\n", "<!-- speed: end -->"

_RIVALS = (EAGER, COMPILED, KERAS)


def main() -> None:
    """Write the table, or check it."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--check", action="store_true", help="write nothing")
    old = README.read_text()
    new = with_table(old, committed("cpu"), committed("sweep"))
    if arguments.parse_args().check:
        sys.exit(None if new == old else "out of date: README.md; run `make docs`")
    README.write_text(new)


def committed(name: str) -> Results | None:
    """The results of this name, if there are any."""
    path = RESULTS / f"{name}.json"
    return Results.load(path) if path.exists() else None


def with_table(readme: str, table: Results | None, sweep: Results | None) -> str:
    """The text with what stands between the marks made anew.

    Raises:
      ValueError: there is no place for the table.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md needs the lines {BEGIN.strip()} and {END}")
    lines = [
        *(_table(table) if table else ()),
        *(_sums(table, "over all cases of the benchmark", (*_RIVALS, FORMULA)) if table else ()),
        *(_each_sample(table) if table else ()),
        *(_sums(sweep, "over all losses, dtypes and sizes", (EAGER, COMPILED)) if sweep else ()),
    ]
    return "".join([before, begin, *(f"{line}\n" for line in lines), end, after])


def _table(results: Results) -> Iterator[str]:
    machine = results.machine
    yield (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['instruction set']}; "
        f"{machine['threads']} threads; PyTorch {machine['torch'].partition('+')[0]}; "
        f"commit {machine['commit']}."
    )
    yield ""
    measured = {m.name: m for m in results.measurements}
    rows = [measured[str(case)] for case in HEADLINE if str(case) in measured]
    rivals = [rival for rival in _RIVALS if results.ratios(rival, OURS)]
    peaks = any(m.peak_bytes for m in rows)
    heads = ["", "ms", *rivals, "share of the bound", *(["memory, MiB: ours, eager"] * peaks)]
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for m in rows:
        cells = [
            m.name,
            f"{1e3 * m.timings[OURS].median:.3g}",
            *(_times(m.ratio(rival)) for rival in rivals),
            _percent(m.share_of_bound()),
        ]
        if peaks:
            both = [m.peak_bytes.get(provider) for provider in (OURS, EAGER)]
            cells.append(", ".join(f"{b / 2**20:.0f}" for b in both if b is not None))
        yield f"| {' | '.join(cells)} |"
    yield ""


def _sums(results: Results, where: str, providers: tuple[str, ...]) -> Iterator[str]:
    """The geometric means, and how often the others are faster."""
    for provider in providers:
        ours = OURS_NUMPY if provider == FORMULA else OURS
        ratios = results.ratios(provider, ours).values()
        if ratios:
            faster = sum(ratio < 1 for ratio in ratios)
            yield (
                f"- {ours} against {provider}, {where}: "
                f"{geometric_mean(ratios):.1f} times faster (geometric mean of {len(ratios)}); "
                f"{provider} was faster in {faster}, at most by {max(0, 1 / min(ratios) - 1):.0%}."
            )


def _each_sample(results: Results) -> Iterator[str]:
    ratios = results.ratios(SKLEARN, OURS_EACH).values()
    if ratios:
        yield (
            f"- {OURS_NUMPY} against {SKLEARN}'s `_loss`, loss and gradient of each sample: "
            f"{geometric_mean(ratios):.1f} times faster (geometric mean of {len(ratios)}), "
            f"at least {min(ratios):.1f}."
        )


def _times(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


if __name__ == "__main__":
    main()
