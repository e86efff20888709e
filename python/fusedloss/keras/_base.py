"""What all losses share: how one is called, and how it is saved."""

import inspect
from typing import Any

import keras

from fusedloss import _core
from fusedloss._arguments import REDUCTIONS
from fusedloss.keras._backend import backend
from fusedloss.keras._kernel import Kernel
from fusedloss.keras._symbolic import is_symbolic


class FusedLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras ships no types
    """A Keras loss whose weights, mask and reduction are part of the kernel that computes it.

    A subclass keeps each argument of its constructor in an attribute of the same name: that is what
    `get_config` saves. One that overrides `call`, which returns the losses of the rows, has them
    weighted and reduced by Keras:

    >>> import keras, fusedloss.keras
    >>> class Capped(fusedloss.keras.MeanSquaredError):
    ...     def __init__(self, cap=1.0, **options):
    ...         super().__init__(**options)
    ...         self.cap = cap
    ...
    ...     def call(self, y_true, y_pred):
    ...         return keras.ops.minimum(super().call(y_true, y_pred), self.cap)
    >>> loss = Capped(cap=4.0, reduction="sum")
    >>> float(loss([[0.0], [0.0]], [[1.0], [9.0]]))
    5.0
    >>> loss.get_config()
    {'cap': 4.0, 'reduction': 'sum', 'name': 'mean_squared_error', 'dtype': None}
    """

    def __init__(self, kernel: Kernel, reduction: str | None, name: str | None, dtype: Any) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        kernel.check()
        if kernel.denominator is not None and REDUCTIONS[reduction] in (_core.SUM, _core.NONE):
            raise ValueError(f"a denominator needs a mean, got reduction={reduction!r}")
        self._kernel = kernel
        self._loss_dtype = backend.dtype_of(self.dtype)
        self._follows_floatx = dtype is None
        self._is_reduced_by_keras = type(self).call is not FusedLoss.call

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the loss of a batch.

        Args:
          y_true: labels or targets, as the function of the same name takes them. They keep their
            dtype.
          y_pred: predictions, float16, bfloat16, float32 or float64, read as they are. A mask that
            Keras attached to them says which rows exist.
          sample_weight: a weight for each row, of any real dtype; negative weights are allowed. Its
            shape is that of the losses of the rows, with or without a last axis of size 1, or
            broadcasts to it from the left: `(batch,)` or `(batch, 1)` for `(batch, time)`.
            A row of weight 0 adds 0 and has gradient 0, even if it contains NaN.

        Returns:
          A tensor of the loss' dtype: a scalar, or one loss for each row for reduction "none". A
          mean over nothing, or over weights whose sum is 0, is 0.

        Raises:
          ValueError: shapes do not match, or a label is outside `[0, classes)`.
        """
        if self._is_reduced_by_keras or is_symbolic(y_true, y_pred, sample_weight):
            if self._kernel.denominator is not None:
                raise NotImplementedError(
                    "denominator needs tensors that have values and a loss that does not override "
                    "`call`: others are reduced by Keras"
                )
            return super().__call__(y_true, y_pred, sample_weight)
        mask = backend.mask_of(y_pred)
        if self.dtype == "float64":
            y_pred = keras.ops.convert_to_tensor(y_pred, "float64")
        loss = self._kernel(y_true, y_pred, sample_weight, mask, REDUCTIONS[self.reduction])
        return loss if loss.dtype == self._loss_dtype else backend.cast(loss, self._loss_dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the losses of the rows, unweighted. Tensors may be symbolic."""
        return self._kernel.losses(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return every argument of the constructor.

        Raises:
          NotImplementedError: a subclass that does not override `get_config` keeps no attribute of
            the name of one of its arguments.
        """
        config = {}
        for name in _arguments(type(self)):
            if hasattr(self, name):
                config[name] = getattr(self, name)
            elif type(self).get_config is FusedLoss.get_config:
                raise NotImplementedError(
                    f"{type(self).__name__} has no attribute `{name}` to save its argument `{name}`"
                    " from: keep it there, or override get_config"
                )
        if self._follows_floatx and "dtype" in config:
            config["dtype"] = None
        return config


def _arguments(cls: type) -> list[str]:
    """The names of the arguments of a constructor, and of those that it passes on as **options."""
    names: list[str] = []
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        _, *parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
        variadic = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
        passed_on = [each for each in parameters if each.kind in variadic]
        own = [each.name for each in parameters if each not in passed_on]
        names += [name for name in own if name not in names]
        if not passed_on:
            break
    return names
