"""A loss of symbolic tensors: a node of Keras' graph, which calls the kernel on their values."""

from typing import Any

import keras


def is_symbolic(*tensors: Any) -> bool:
    """Whether one of the tensors stands for a value that is known only later."""
    for tensor in tensors:  # noqa: SIM110 (any() would cost a tenth of a small loss)
        if isinstance(tensor, keras.KerasTensor):
            return True
    return False


@keras.saving.register_keras_serializable(package="fusedloss")
class RowLosses(keras.Operation):  # type: ignore[misc]  # Keras ships no types
    """The losses of the rows. Shape and dtype are found by Keras, which calls it without values."""

    def __init__(self, kernel: Any, name: str | None = None) -> None:
        super().__init__(name=name)
        self.kernel = kernel

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one loss for each row."""
        return self.kernel(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return what a saved graph keeps."""
        kernel = keras.saving.serialize_keras_object(self.kernel)
        return {"kernel": kernel, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "RowLosses":
        """Return the operation that `get_config` describes."""
        return cls(keras.saving.deserialize_keras_object(config["kernel"]), config["name"])
