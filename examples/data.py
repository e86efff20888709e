"""Five data sets that ship inside Python packages: nothing is downloaded."""

import re
import sysconfig
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from statsmodels.datasets import randhie

SEED = 0
CONTEXT = 8  # tokens the next-token model looks back
VOCABULARY = 30_000


@dataclass(frozen=True)
class Data:
    """Inputs (n, ...) and targets (n,) or (n, 1), in shuffled order, for training and testing."""

    x_train: np.ndarray
    x_test: np.ndarray
    y_train: np.ndarray
    y_test: np.ndarray


def digits() -> Data:
    """1 797 scanned digits of 8 x 8 pixels; the target is the digit."""
    x, y = datasets.load_digits(return_X_y=True)
    return _split(x, y.astype(np.int64))


def breast_cancer() -> Data:
    """569 tumours, 30 measurements of cell nuclei; the target is 1 for a malignant one."""
    x, y = datasets.load_breast_cancer(return_X_y=True)
    return _split(x, _column(y == 0))  # there 0 is malignant: the rarer, the one to find


def diabetes() -> Data:
    """442 patients, 10 measurements; the target is the standardised progress of the disease."""
    x, y = datasets.load_diabetes(return_X_y=True)
    # Huber's delta of 1 is meant for errors of about 1: the target needs the scale of its noise.
    return _split(x, _column((y - y.mean()) / y.std()))


def doctor_visits() -> Data:
    """20 190 person-years of the RAND health insurance experiment; the target counts visits."""
    table = randhie.load_pandas()
    return _split(table.exog.to_numpy(), _column(table.endog))


def standard_library(examples: int = 10_240, tests: int = 512) -> Data:
    """The source text of Python's standard library: 8 tokens, and the token that follows."""
    root = Path(sysconfig.get_path("stdlib"))
    left_out = {"test", "tests", "site-packages", "dist-packages", "__pycache__"}
    files = [p for p in root.rglob("*.py") if left_out.isdisjoint(p.relative_to(root).parts)]
    tokens: list[str] = []
    for file in sorted(files):
        tokens += re.findall(r"\w+|\S", file.read_text(encoding="utf-8", errors="replace"))

    # Token 0 stands for every word too rare to have a number of its own.
    ranked = Counter(tokens).most_common(VOCABULARY - 1)
    number = {token: rank for rank, (token, _) in enumerate(ranked, start=1)}
    text = np.array([number.get(token, 0) for token in tokens], dtype=np.int64)

    starts = np.random.default_rng(SEED).choice(
        len(text) - CONTEXT, size=examples + tests, replace=False
    )
    windows = np.lib.stride_tricks.sliding_window_view(text, CONTEXT + 1)[starts]
    x, y = windows[:, :-1], windows[:, -1]
    return Data(x[tests:], x[:tests], y[tests:], y[:tests])


def _column(values: np.ndarray) -> np.ndarray:
    """One output per row, (n, 1), as a network with one output unit predicts it."""
    return np.asarray(values, dtype=np.float32).reshape(-1, 1)


def _split(x: np.ndarray, y: np.ndarray) -> Data:
    """Keep a fifth for testing; standardise the inputs by the mean and spread of the rest."""
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=SEED)
    scaler = StandardScaler().fit(x_train)
    x_train, x_test = (scaler.transform(part).astype(np.float32) for part in (x_train, x_test))
    return Data(x_train, x_test, y_train, y_test)
