"""The benchmarks' own tests, and the README's table of speed: in a process of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("tqdm")

ROOT = Path(__file__).parents[1]


def test_benchmarks() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "benchmarks/test_results.py"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout
