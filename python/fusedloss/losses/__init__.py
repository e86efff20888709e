"""The losses as functions of NumPy arrays; `fusedloss` offers the same names."""

from fusedloss.losses.binary import binary_crossentropy, binary_focal_crossentropy
from fusedloss.losses.categorical import categorical_crossentropy, categorical_focal_crossentropy
from fusedloss.losses.counts import poisson
from fusedloss.losses.regression import huber, mean_absolute_error, mean_squared_error
from fusedloss.losses.sparse_categorical import (
    sparse_categorical_crossentropy,
    sparse_categorical_focal_crossentropy,
)

__all__ = [
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "poisson",
    "sparse_categorical_crossentropy",
    "sparse_categorical_focal_crossentropy",
]
