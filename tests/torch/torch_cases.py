"""Every function against torch's own, or against its formula."""

from torch_case import Case
from torch_element_cases import ELEMENTS
from torch_row_cases import ROWS

__all__ = ["CASES", "FIRST", "Case"]

CASES = [*ELEMENTS, *ROWS]
FIRST = {case.ours.__name__: case for case in reversed(CASES)}
