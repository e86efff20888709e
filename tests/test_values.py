"""Values and gradients of every loss against its reference, on every instruction set."""

from typing import Any

import numpy as np
import pytest

from cases import CASES, DEFAULTS, FLOATS, Case, Inputs
from derivatives import differentiate, expected
from fusedloss import _core
from support import assert_matches, call, each_isa

F32, _, _, BF16 = FLOATS
ROW_LOSSES = [case for case in DEFAULTS if case.is_row]


# Half precision differs in how numbers are read and written: that is the same for all parameters.
TYPED = [
    pytest.param(case, dtype, id=f"{case} {dtype}")
    for case in CASES
    for dtype in FLOATS
    if dtype.itemsize > 2 or not case.changed
]


@pytest.mark.parametrize(("case", "dtype"), TYPED)
def test_value_and_gradient(case: Case, dtype: np.dtype[Any]) -> None:
    rows = 5 if dtype.itemsize > 2 else 3
    inputs, want = expected(case, dtype, (rows, 7) if case.is_row else (8 * rows,))
    for _ in each_isa():
        assert_matches(case, inputs, call(case, inputs, reduction=_core.NONE), want)


def check_in_long_double(case: Case, inputs: Inputs, columns: list[int]) -> None:
    """As above for inputs that would take mpmath too long: long double does for float32."""
    want = differentiate(case, inputs, columns=columns)
    for _ in each_isa():
        assert_matches(case, inputs, call(case, inputs, reduction=_core.NONE), want, columns)


@pytest.mark.parametrize("case", ROW_LOSSES, ids=str)
def test_any_number_of_classes(case: Case) -> None:
    for classes in [*range(1, 71), 127, 128, 129]:
        inputs = case.inputs(F32, (5, classes), seed=classes)
        check_in_long_double(case, inputs, sorted({0, classes // 2, classes - 1}))


@pytest.mark.parametrize("case", ROW_LOSSES, ids=str)
def test_any_number_of_rows(case: Case) -> None:
    for rows in [1, 2, 31, 32, 33, 63, 64, 65, 1000]:
        for classes in [3, 65]:
            inputs = case.inputs(F32, (rows, classes), seed=rows)
            check_in_long_double(case, inputs, [0, classes - 1])


@pytest.mark.parametrize(("classes", "dtype"), [(1000, F32), (1000, BF16), (65_537, F32)])
@pytest.mark.parametrize("case", ROW_LOSSES, ids=str)
def test_long_rows(case: Case, classes: int, dtype: np.dtype[Any]) -> None:
    check_in_long_double(case, case.inputs(dtype, (2, classes)), [0, classes // 3, classes - 1])
