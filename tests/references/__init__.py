"""One formula per registered loss, straight from its definition, and inputs from its domain.

A formula is written for exactness, not for speed or stability: it runs on NumPy arrays of mpmath
numbers (130 digits) or, where arrays are large, of long doubles. It returns one loss per element
for pointwise losses and one per row, along the last axis, for row losses. Gradients are never
written down: `cases.py` differentiates the formulas numerically.
"""

from references import binary, categorical, likelihoods, margins, regression, vectors
from references.draws import DRAW, POSITIVE, one_hot
from references.formula import Array, Parameters, Reference

__all__ = ["DRAW", "POSITIVE", "REFERENCES", "Array", "Parameters", "Reference", "one_hot"]

REFERENCES: dict[str, Reference] = {
    **regression.REFERENCES,
    **likelihoods.REFERENCES,
    **binary.REFERENCES,
    **margins.REFERENCES,
    **categorical.REFERENCES,
    **vectors.REFERENCES,
}
