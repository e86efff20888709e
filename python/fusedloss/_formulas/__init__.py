"""The losses in differentiable operations of whatever framework: what the kernels do not cover.

They are differentiated by the framework itself, to any order and in every mode, and run on every
device. Each takes the operations, and the parameters of the core's loss of the same name in the
same order. Where one side of a `where` would have no finite derivative, its argument is replaced
there before, since 0 times infinity is NaN.
"""

from fusedloss._formulas import binary, categorical, counts, margin, regression, vectors
from fusedloss._formulas.namespace import Formulas

# (operations, y_true, y_pred, *parameters) -> a value for each element. A weight of positive
# targets follows the parameters; further predictions come as `more=`.
POINTWISE: Formulas = {
    **regression.POINTWISE,
    **counts.POINTWISE,
    **binary.POINTWISE,
    **margin.POINTWISE,
}

# (operations, y_true, y_pred, class weights that broadcast to y_pred, class axis, *parameters)
# -> one for each row
ROW: Formulas = {
    **categorical.ROW,
    **margin.ROW,
    **vectors.ROW,
}
