"""Compare fusedloss with torch eager, torch.compile and NumPy: loss and gradient, as users call it.

    python benchmarks/compare.py [--quick] [--filter TEXT] [--threads 2] [--json FILE]
                                 [--figure FILE]

README.md beside this file says how the numbers come about and how to read them.
"""

import argparse
import sys
from pathlib import Path

import torch
from tqdm import tqdm

import fusedloss as fl
import machine
from cases import CASES, Case
from providers import copies, providers, why_not_compile
from results import COMPILED, Measurement, Results
from timing import FULL, QUICK, interleave


def main() -> None:
    """Measure, print the table, write what was asked for."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    fl.set_num_threads(arguments.threads)
    cases = [
        case
        for case in CASES
        if arguments.filter in str(case) and (case.in_quick_run or not arguments.quick)
    ]
    if not cases:
        sys.exit("\n  ".join([f"No case contains {arguments.filter!r}:", *map(str, CASES)]))
    results = Results(machine.describe(), arguments.quick)
    reason = why_not_compile()
    if reason:
        results.missing[COMPILED] = reason
    with tqdm(cases, unit="case") as progress:
        for case in progress:
            progress.set_description(str(case))
            results.measurements.append(_measure(case, results, progress))
    print(results.table())
    if arguments.json:
        results.save(arguments.json)
    if arguments.figure:
        import figure  # here, so that a table needs no matplotlib

        figure.draw(results, arguments.figure)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer cases, fewer rounds")
    parser.add_argument("--filter", default="", metavar="TEXT", help="only cases that contain it")
    parser.add_argument("--threads", type=int, default=2, help="for every provider (default: 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw them (.svg, .png, ...)")
    return parser.parse_args()


def _measure(case: Case, results: Results, progress: "tqdm[Case]") -> Measurement:
    y_pred, y_true = case.inputs()
    progress.set_postfix_str("compiling and checking")
    calls = providers(case, y_pred, y_true, COMPILED not in results.missing) | copies(y_pred)
    timings = interleave(calls, QUICK if results.quick else FULL, progress.set_postfix_str)
    return Measurement(
        name=str(case),
        dtype=str(case.dtype).removeprefix("torch."),
        input_bytes=y_pred.nbytes,
        moved_bytes=2 * y_pred.nbytes + y_true.nbytes,
        timings=timings,
    )


if __name__ == "__main__":
    main()
