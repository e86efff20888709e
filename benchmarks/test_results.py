"""What becomes of measurements, and that nothing is left out; no time is taken here.

`make test` runs this through tests/test_benchmarks.py: both folders have a module `cases`.
"""

import csv
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

import copies
import fusedloss.torch.functional as FL
import machine
import readme
import results
from cases import CASES, HEADLINE, SWEEP, Case
from losses import CROSS_ENTROPY, CROSS_ENTROPY_IN_PLACE, POISSON, Loss
from memory import peak_bytes
from providers import providers
from results import (
    COMPILED,
    COPY,
    COPY_IN_PLACE,
    COPY_STREAMED,
    EAGER,
    KERAS,
    OURS,
    SKLEARN,
    Measurement,
    Results,
)
from table import table
from timing import Effort, Timing, interleave

MIB = 1 << 20


def seconds(median: float) -> Timing:
    return Timing(median, 0.9 * median, 1.1 * median, 0.8 * median, 7)


def measurement(name: str = str(HEADLINE[2]), in_place: bool = False) -> Measurement:
    """Of 8 MiB of predictions, of which ours moves three times as much at 3 GiB/s."""
    return Measurement(
        name=name,
        dtype="float32",
        input_bytes=8 * MIB,
        moved_bytes=24 * MIB,
        timings={
            OURS: seconds(24 / 3072),
            EAGER: seconds(96 / 3072),
            COMPILED: seconds(12 / 3072),
            COPY: seconds(16 / 2048),
            COPY_STREAMED: seconds(16 / 4096),
            COPY_IN_PLACE: seconds(16 / 6144),
        },
        peak_bytes={OURS: 8 * MIB, EAGER: 24 * MIB},
        in_place=in_place,
    )


@pytest.fixture
def found() -> Results:
    machine = {"cpu": "a CPU", "cores": 2, "instruction set": "avx2", "threads": 2}
    machine |= {"torch": "2.13.0+cpu", "commit": "abc", "load": 0.1}
    return Results(machine, False, {SKLEARN: "not installed"}, [measurement()])


def test_the_machine_is_described() -> None:
    found = machine.describe()
    assert found["torch"] == torch.__version__
    assert sys.version.startswith(found["python"])
    assert found["threads"] == torch.get_num_threads()


def test_ratios_bandwidths_and_bounds() -> None:
    m = measurement()
    assert m.ratio(EAGER) == 4
    assert m.ratio(KERAS) is None
    assert m.bandwidth() == pytest.approx(3072 * MIB)
    assert m.bandwidth(COPY) == pytest.approx(2048 * MIB)
    assert m.share_of_bound() == pytest.approx(3 / 4)
    assert measurement(in_place=True).share_of_bound() == pytest.approx(3 / 6)


def test_without_copies_there_is_no_bound() -> None:
    m = Measurement("small", "float32", 64, 192, {OURS: seconds(1)})
    assert m.copy_bandwidth is None
    assert m.share_of_bound() is None


def test_results_come_back_from_disk(found: Results, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "run.json"
    found.save(path)
    assert Results.load(path) == found


def test_csv_has_a_line_for_each_case_and_provider(found: Results, tmp_path: Path) -> None:
    found.save_csv(tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(newline="") as file:
        rows = {row["provider"]: row for row in csv.DictReader(file)}
    assert list(rows) == list(found.measurements[0].timings)
    assert tuple(rows[OURS]) == results.CSV_COLUMNS
    assert float(rows[OURS]["share of bound"]) == pytest.approx(3 / 4)
    assert rows[OURS]["peak bytes"] == str(8 * MIB)
    assert rows[COPY]["bytes moved"] == str(16 * MIB)
    assert rows[COPY]["share of bound"] == rows[COPY]["peak bytes"] == ""


def test_table_says_who_is_slower_and_what_is_missing(found: Results) -> None:
    text = table(found)
    assert f"{OURS} against {EAGER}: 4.0 times faster" in text
    assert f"slower: {found.measurements[0].name} (0.50)" in text
    assert f"{SKLEARN} was not measured: not installed" in text
    head, row = text.splitlines()[1], text.splitlines()[3]
    assert len(head) == len(row)
    assert "x Keras" not in head  # nobody has measured it
    assert "75%" in row


def test_readme_gets_its_table(found: Results) -> None:
    text = f"before\n{readme.BEGIN}old\n{readme.END}\nafter\n"
    new = readme.with_table(text, found, found)
    assert "old" not in new
    assert f"| {HEADLINE[2]} | 7.81 | 4.0 | 0.5 | 75% | 8, 24 |" in new
    assert "torch.compile was faster in 1, at most by 100%" in new
    assert new.startswith(f"before\n{readme.BEGIN}")
    assert new.endswith(f"{readme.END}\nafter\n")
    assert readme.with_table(new, found, found) == new
    with pytest.raises(ValueError, match="speed: begin"):
        readme.with_table("no marks", found, None)


def test_readme_agrees_with_the_committed_results() -> None:
    text = readme.README.read_text()
    table, sweep = readme.committed("cpu"), readme.committed("sweep")
    assert readme.with_table(text, table, sweep) == text, "run `make docs`"


def test_figures_are_drawn(found: Results, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib").use("svg")
    import figure

    figure.draw_all(found, tmp_path / "run")
    assert {path.name for path in tmp_path.iterdir()} == {"run.svg", "run-sizes.svg"}


def test_committed_figures_are_small() -> None:
    for path in readme.RESULTS.glob("*.svg"):
        assert path.stat().st_size < 130_000, path


def test_names_of_cases_differ() -> None:
    for cases in (CASES, SWEEP):
        assert len({str(case) for case in cases}) == len(cases)


def test_sweep_has_every_loss_of_torch() -> None:
    def function(loss: Loss) -> Any:
        return loss.ours.func if isinstance(loss.ours, partial) else loss.ours

    assert {function(case.loss) for case in SWEEP} == {getattr(FL, name) for name in FL.__all__}


def test_a_mistake_is_found() -> None:
    wrong = Loss("wrong", POISSON.draw, POISSON.ours, lambda a, b: POISSON.theirs(a, b) * 1.01)
    case = Case(wrong, (64,))
    with pytest.raises(AssertionError, match=r"wrong 64: .*: value differs by"):
        providers(case, case.inputs(), {COMPILED})


@pytest.mark.parametrize("library", [KERAS, SKLEARN])
def test_libraries_that_are_missing_are_reported(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras_jax
    import scikit_learn

    for name in ("KERAS_BACKEND", "NPROC", "JAX_PLATFORMS"):
        monkeypatch.setenv(name, "jax")  # put back after the test
    for name in ("jax", "sklearn._loss"):
        monkeypatch.setitem(sys.modules, name, None)
    reason = keras_jax.why_not(2) if library == KERAS else scikit_learn.why_not()
    assert reason is not None
    assert "None in sys.modules" in reason


def test_copies_are_of_large_inputs_only() -> None:
    assert not copies.copies(torch.ones(8))
    calls = copies.copies(torch.ones(copies.LEAST_BYTES // 4))
    assert {COPY, COPY_IN_PLACE} <= calls.keys()
    for call in calls.values():
        call()


def test_streamed_copy_copies() -> None:
    if reason := copies.why_not_streamed():
        pytest.skip(reason)
    source, target = torch.arange(1024), torch.zeros(1024, dtype=torch.int64)
    copies._streamed_copy()(target.data_ptr(), source.data_ptr(), source.nbytes, 2)
    assert torch.equal(target, source)


def test_peak_is_what_a_call_needs() -> None:
    peak = peak_bytes(lambda: torch.ones(16 * MIB))
    if peak is None:
        pytest.skip("Linux alone tells")
    assert 60 * MIB < peak < 80 * MIB


def test_in_place_call_counts_the_first_time() -> None:
    """With a stand-in for the library's own: writes the gradient over the predictions."""

    class InPlace(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, y_pred: torch.Tensor, y_true: torch.Tensor) -> torch.Tensor:
            with torch.enable_grad():
                copy = y_pred.detach().clone().requires_grad_()
                value = CROSS_ENTROPY.theirs(copy, y_true)
            (gradient,) = torch.autograd.grad(value, copy)
            ctx.gradient = y_pred.copy_(gradient)
            return value.detach()

        @staticmethod
        def backward(ctx: Any, _: torch.Tensor) -> Any:
            return ctx.gradient, None

    loss = CROSS_ENTROPY_IN_PLACE
    case = Case(Loss(loss.name, loss.draw, InPlace.apply, loss.theirs, in_place=True), (16, 8))
    call = providers(case, case.inputs(), {COMPILED})[OURS]
    assert all(result.isfinite().all() for result in call())


def test_samples_are_interleaved_and_what_comes_before_is_not_counted() -> None:
    ran: list[str] = []
    calls = {name: partial(ran.append, name) for name in ("a", "b")}
    effort = Effort(sample_seconds=1e-9, case_seconds=0, min_rounds=3)
    timings = interleave(calls, effort, lambda _: None, {"b": partial(ran.append, "before b")})
    assert {name: timing.samples for name, timing in timings.items()} == {"a": 3, "b": 3}
    assert ran.count("before b") == ran.count("b") == 3
    assert all(ran[at + 1] == "b" for at, name in enumerate(ran) if name == "before b")
