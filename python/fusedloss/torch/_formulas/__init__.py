"""The losses in plain torch operations: one value for each element, or for each row.

They are differentiated by torch itself, to any order and in every mode, and run on every device.
Each takes the parameters of the core's loss of the same name, in the same order. Where one side of
a `torch.where` would have no finite derivative, its argument is replaced there before, since 0
times infinity is NaN.
"""

from collections.abc import Callable

from torch import Tensor

from fusedloss.torch._formulas import binary, categorical, counts, margin, regression, vectors

# (y_true, y_pred, *parameters) -> a value for each element. A weight of positive targets follows
# the parameters; further predictions come as `more=`.
POINTWISE: dict[str, Callable[..., Tensor]] = {
    **regression.POINTWISE,
    **counts.POINTWISE,
    **binary.POINTWISE,
    **margin.POINTWISE,
}

# (y_true, y_pred, class weights that broadcast to y_pred, class axis, *parameters) -> one a row
ROW: dict[str, Callable[..., Tensor]] = {
    **categorical.ROW,
    **margin.ROW,
    **vectors.ROW,
}
