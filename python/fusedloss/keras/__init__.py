"""Losses for Keras 3 on the torch backend: names, arguments and defaults of `keras.losses`.

A loss is swapped by its module alone, in `compile(loss=...)` or in a loop of one's own:

>>> import fusedloss.keras
>>> loss = fusedloss.keras.SparseCategoricalCrossentropy(from_logits=True)
>>> float(loss([1, 0], [[0.0, 0.0], [0.0, 0.0]]))
0.6931

Weights, masks and the reduction are part of the kernel that computes value and gradient. The
numbers are those of `keras.losses`, with these exceptions:

- labels stay integers and predictions keep their dtype: nothing is copied to float32 first;
- a row that is masked, ignored or of weight 0 is silent: NaN in it harms nothing;
- nothing that is passed in is modified, not even weights under a mask;
- `mean_with_sample_weight` divides by the weights as they were broadcast to the rows;
- weights of shape `(batch,)` weigh samples, whatever the number of axes of the losses;
- an empty batch has loss 0;
- focal losses from logits are not clipped, so a confident mistake keeps its gradient;
- `axis` is the class axis in everything, label smoothing and per-class `alpha` included;
- `get_config` keeps every argument.

Symbolic tensors are left to Keras. Import `fusedloss.keras` before loading a model that was saved
with one of these losses: that registers them, under `fusedloss>`.
"""

try:
    import keras as _keras
except ImportError as error:
    raise ImportError(
        "fusedloss.keras needs Keras 3 on PyTorch: pip install 'fusedloss[keras]', and set the "
        "environment variable KERAS_BACKEND=torch before Keras is imported"
    ) from error

if _keras.backend.backend() != "torch":
    raise ImportError(
        f"fusedloss.keras needs the torch backend of Keras, got {_keras.backend.backend()!r}: set "
        "the environment variable KERAS_BACKEND=torch before Keras is imported"
    )

from fusedloss.keras._base import FusedLoss
from fusedloss.keras.binary import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
)
from fusedloss.keras.categorical import (
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
)
from fusedloss.keras.counts import Poisson, poisson
from fusedloss.keras.regression import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    huber,
    mean_absolute_error,
    mean_squared_error,
)
from fusedloss.keras.sparse import (
    SparseCategoricalCrossentropy,
    sparse_categorical_crossentropy,
)

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "FusedLoss",
    "Huber",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "poisson",
    "sparse_categorical_crossentropy",
]
