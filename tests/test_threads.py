"""Concurrent callers, forked processes, and the settings for threads and instruction sets."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cases import DEFAULTS, Case
from fusedloss import _core
from support import Result, assert_same_result, call, in_child

F32 = np.dtype(np.float32)


def large(case: Case, seed: int) -> Result:
    """A call of several blocks, which the pool shares out."""
    shape = (30_000 + 17 * seed, 7) if case.is_row else (200_000 + 17 * seed,)
    return call(case, case.inputs(F32, shape, seed), reduction=_core.MEAN)


def test_concurrent_callers_do_not_disturb_each_other() -> None:
    _core.set_num_threads(3)
    jobs = [(case, seed) for case in DEFAULTS for seed in range(3)]
    alone = [large(case, seed) for case, seed in jobs]
    with ThreadPoolExecutor(6) as executor:
        together = list(executor.map(lambda job: large(*job), jobs))
    for (case, seed), got, wanted in zip(jobs, together, alone, strict=True):
        assert_same_result(got, wanted, f"{case}, seed {seed}, among six callers")


def test_threads_may_be_changed_while_others_compute() -> None:
    case = DEFAULTS[0]
    wanted = [large(case, seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as executor:
        calls = [executor.submit(large, case, seed % 8) for seed in range(64)]
        for threads in [1, 4, 2, 3] * 4:
            _core.set_num_threads(threads)
        for seed, done in enumerate(calls):
            assert_same_result(done.result(), wanted[seed % 8], f"call {seed}")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("case", [DEFAULTS[0], DEFAULTS[-1]], ids=str)
def test_a_forked_process_computes(case: Case) -> None:
    """The child has none of the pool's threads; a library that waits for them hangs."""
    _core.set_num_threads(4)
    wanted = large(case, 0)

    def check() -> None:
        assert_same_result(large(case, 0), wanted, "the child")
        _core.set_num_threads(2)
        assert_same_result(large(case, 0), wanted, "the child with two threads")
        in_child(lambda: assert_same_result(large(case, 0), wanted, "the grandchild"))

    in_child(check)
    assert_same_result(large(case, 0), wanted, "the parent afterwards")


def test_num_threads_is_what_was_set() -> None:
    for threads in [1, 2, 7]:
        _core.set_num_threads(threads)
        assert _core.get_num_threads() == threads


@pytest.mark.parametrize("threads", [0, -1, -(2**31)])
def test_num_threads_must_be_positive(threads: int) -> None:
    before = _core.get_num_threads()
    with pytest.raises(ValueError, match="threads"):
        _core.set_num_threads(threads)
    assert _core.get_num_threads() == before


def test_instruction_sets_are_what_was_set() -> None:
    assert _core.isas()
    for name in _core.isas():
        _core.set_isa(name)
        assert _core.get_isa() == name


@pytest.mark.parametrize("name", ["", "AVX9", "avx2 "])
def test_an_unknown_instruction_set_is_refused(name: str) -> None:
    before = _core.get_isa()
    with pytest.raises(ValueError, match=_core.isas()[0]):  # the message lists those there are
        _core.set_isa(name)
    assert _core.get_isa() == before


def in_new_process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


PRINT_THREADS = "from fusedloss import _core; print(_core.get_num_threads())"
PRINT_ISA = "from fusedloss import _core; print(_core.get_isa())"


def test_threads_from_the_environment() -> None:
    done = in_new_process(PRINT_THREADS, FUSEDLOSS_NUM_THREADS="5")
    assert done.stdout.split() == ["5"], done.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_threads_without_environment_are_the_cpus_of_the_process() -> None:
    cpus = len(os.sched_getaffinity(0))
    done = in_new_process(PRINT_THREADS, FUSEDLOSS_NUM_THREADS="")
    assert 1 <= int(done.stdout) <= cpus, done.stderr  # fewer where a cgroup allows fewer
    one = f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}}); "
    done = in_new_process(one + PRINT_THREADS, FUSEDLOSS_NUM_THREADS="")
    assert done.stdout.split() == ["1"], done.stderr


@pytest.mark.parametrize("name", _core.isas())
def test_instruction_set_from_the_environment(name: str) -> None:
    done = in_new_process(PRINT_ISA, FUSEDLOSS_ISA=name)
    assert done.stdout.split() == [name], done.stderr


def test_an_instruction_set_that_cannot_be_had_is_not_silently_replaced() -> None:
    compute = (
        "import numpy as np; from fusedloss import _core; y = np.zeros(3, np.float32); "
        "_core.compute(0, (), y, y, *[None] * 5, _core.SUM, 0.0, 0, None, y)"
    )
    done = in_new_process(compute, FUSEDLOSS_ISA="avx9000")
    assert done.returncode != 0
    for word in ["ValueError", "FUSEDLOSS_ISA", "avx9000", *_core.isas()]:
        assert word in done.stderr
