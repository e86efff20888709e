"""Loss functions with value and gradient in one pass, for NumPy arrays and deep learning.

    loss = fusedloss.huber(y_true, y_pred)
    loss, gradient = fusedloss.huber(y_true, y_pred, return_grad=True)

The functions here need NumPy alone. `fusedloss.torch` and `fusedloss.keras` offer the same losses
under the names and arguments of those frameworks, and import them.
"""

from fusedloss._config import get_num_threads, release_memory, set_num_threads, show_config
from fusedloss._core import LabelError, __version__
from fusedloss.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    sparse_categorical_crossentropy,
    sparse_categorical_focal_crossentropy,
)

__all__ = [
    "LabelError",
    "__version__",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "get_num_threads",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "poisson",
    "release_memory",
    "set_num_threads",
    "show_config",
    "sparse_categorical_crossentropy",
    "sparse_categorical_focal_crossentropy",
]
