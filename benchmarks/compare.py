"""Compare fusedloss with its rivals: loss and gradient, as users call them.

    python benchmarks/compare.py [--quick | --sweep] [--filter TEXT] [--threads 2] [--save NAME]

README.md beside this file says how the numbers come about and how to read them.
"""

import argparse
import sys
from pathlib import Path

import torch
from tqdm import tqdm

import fusedloss as fl
import keras_jax
import machine
import scikit_learn
from cases import CASES, HEADLINE, SWEEP, Case
from copies import LEAST_BYTES, copies, why_not_streamed
from memory import peak_bytes
from providers import providers, why_not_compile
from results import (
    COMPILED,
    COPIES,
    COPY_STREAMED,
    FORMULA,
    KERAS,
    OURS_NUMPY,
    SKLEARN,
    Measurement,
    Results,
)
from table import table
from timing import FULL, QUICK, SWEEPING, interleave

# The sweep asks whether torch is ever faster.
_NOT_IN_SWEEP = {KERAS, SKLEARN, OURS_NUMPY, FORMULA}


def main() -> None:
    """Measure, print the table, write what was asked for."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    fl.set_num_threads(arguments.threads)
    cases = _cases(arguments)
    reasons = {
        COMPILED: why_not_compile(),
        KERAS: keras_jax.why_not(arguments.threads),
        SKLEARN: scikit_learn.why_not(),
        COPY_STREAMED: why_not_streamed(),
    }
    missing = {provider: reason for provider, reason in reasons.items() if reason}
    results = Results(machine.describe(), arguments.quick, missing)
    with tqdm(cases, unit="case") as progress:
        for case in progress:
            progress.set_description(str(case))
            _measure(case, results, arguments, progress)
    print(table(results))
    if arguments.save:
        results.save(arguments.save.with_suffix(".json"))
        if not arguments.sweep:
            import figure  # here, so that a table needs no matplotlib

            figure.draw_all(results, arguments.save)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument(
        "--quick",
        action="store_true",
        help="fewer rounds; without --filter, the main float32 cases only",
    )
    effort.add_argument(
        "--sweep", action="store_true", help="torch's losses in all dtypes and three sizes instead"
    )
    parser.add_argument("--filter", default="", metavar="TEXT", help="only cases that contain it")
    parser.add_argument("--threads", type=int, default=2, help="for every provider (default: 2)")
    parser.add_argument(
        "--save", type=Path, metavar="NAME", help="write NAME.json, .csv, .svg, -sizes.svg"
    )
    return parser.parse_args()


def _cases(arguments: argparse.Namespace) -> list[Case]:
    cases = CASES
    if arguments.sweep:
        cases = SWEEP
    elif arguments.quick and not arguments.filter:
        cases = tuple(case for case in HEADLINE if case.dtype is torch.float32)
    chosen = [case for case in cases if arguments.filter in str(case)]
    if not chosen:
        sys.exit("\n  ".join([f"No case contains {arguments.filter!r}:", *map(str, cases)]))
    return chosen


def _measure(
    case: Case, results: Results, arguments: argparse.Namespace, progress: "tqdm[Case]"
) -> None:
    without = set(results.missing)
    effort = QUICK if arguments.quick else FULL
    if arguments.sweep:
        effort = SWEEPING
        without |= _NOT_IN_SWEEP
        if case.dtype is not torch.float32:  # compiling takes most of the time
            without.add(COMPILED)
    if case.why_not:
        results.missing[str(case)] = case.why_not
        return
    inputs = case.inputs()
    progress.set_postfix_str("compiling and checking")
    try:
        calls = providers(case, inputs, without, results.missing)
    except NotImplementedError as error:  # of torch, which lacks some losses in 16 bits
        results.missing[str(case)] = str(error)
        return
    if not arguments.sweep:
        calls |= copies(inputs[0])
    timings = interleave(calls, effort, progress.set_postfix_str)
    progress.set_postfix_str("memory")
    predictions = [tensor for tensor in inputs if tensor.requires_grad]
    measurement = Measurement(
        name=str(case),
        dtype=str(case.dtype).removeprefix("torch."),
        input_bytes=inputs[0].nbytes,
        moved_bytes=sum(tensor.nbytes for tensor in (*inputs, *predictions)),
        timings=timings,
        in_place=case.loss.in_place,
    )
    if inputs[0].nbytes >= LEAST_BYTES and not arguments.sweep:
        for provider, call in calls.items():
            if provider not in COPIES and (peak := peak_bytes(call)) is not None:
                measurement.peak_bytes[provider] = peak
    results.measurements.append(measurement)


if __name__ == "__main__":
    main()
