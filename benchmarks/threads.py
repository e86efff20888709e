"""Time of a loss with 1, 2 and more threads than cores, alone and after a matrix product.

    python benchmarks/threads.py > benchmarks/results/threads.md

In a training step a loss runs right after a layer, whose threads may still be spinning on the cores
that those of the loss need. So here each call of torch comes after a product by torch, each of
NumPy after one by NumPy, which is not counted. NumPy's own products take all cores, always.
"""

import argparse
from collections.abc import Iterator

import numpy as np
import torch
from tqdm import tqdm

import fusedloss as fl
import machine
from cases import Case
from losses import CROSS_ENTROPY, HUBER
from providers import providers
from results import COMPILED, EAGER, FORMULA, KERAS, OURS, OURS_NUMPY, SKLEARN
from timing import FULL, Timing, interleave

CASES = (
    Case(CROSS_ENTROPY, (256, 10)),
    Case(HUBER, (1 << 16,)),
    Case(CROSS_ENTROPY, (8192, 10)),
    Case(CROSS_ENTROPY, (4096, 1000)),
)
THREADS = (1, 2, 16)
SITUATIONS = ("alone", "after a product")
_SIDE = 1024  # of the matrices: 2 GFLOP, as a layer of a small network


def main() -> None:
    """Measure, and print a Markdown table."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--filter", default="", metavar="TEXT", help="only such cases")
    chosen = [case for case in CASES if arguments.parse_args().filter in str(case)]
    description = machine.describe()
    rows = [
        (case, threads, situation)
        for case in chosen
        for threads in THREADS
        for situation in SITUATIONS
    ]
    lines = list(_head())
    with tqdm(rows, unit="row") as progress:
        for case, threads, situation in progress:
            progress.set_description(f"{case}, {threads} threads, {situation}")
            timings = _measure(case, threads, situation)
            lines.append(_line(case, threads, situation, timings))
    print("\n".join(lines))
    print("\n" + ", ".join(f"{key} {value}" for key, value in description.items()))


def _measure(case: Case, threads: int, situation: str) -> dict[str, Timing]:
    torch.set_num_threads(threads)
    fl.set_num_threads(threads)
    calls = providers(case, case.inputs(), {COMPILED, KERAS, FORMULA, SKLEARN})
    tensor = torch.ones(_SIDE, _SIDE)
    array = tensor.numpy()
    products = {
        OURS: lambda: tensor @ tensor,
        EAGER: lambda: tensor @ tensor,
        OURS_NUMPY: lambda: np.matmul(array, array),
    }
    before = products if situation != SITUATIONS[0] else None
    return interleave(calls, FULL, lambda _: None, before)


def _head() -> Iterator[str]:
    yield f"| | threads | | {OURS}, us | {EAGER}, us | eager / ours | {OURS_NUMPY}, us |"
    yield "|---|---|---|---|---|---|---|"


def _line(case: Case, threads: int, situation: str, timings: dict[str, Timing]) -> str:
    ours, eager, numpy = (1e6 * timings[name].median for name in (OURS, EAGER, OURS_NUMPY))
    return (
        f"| {case} | {threads} | {situation} | {ours:.4g} | {eager:.4g} | {eager / ours:.1f} "
        f"| {numpy:.4g} |"
    )


if __name__ == "__main__":
    main()
