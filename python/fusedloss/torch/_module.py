"""What the modules have in common that torch has no module for."""

from torch import nn


class Loss(nn.Module):
    """A loss that prints its arguments: its attributes, but for buffers."""

    def extra_repr(self) -> str:
        """Return the arguments, for printing."""
        arguments = {
            name: value
            for name, value in vars(self).items()
            if not name.startswith("_") and name != "training"
        }
        return ", ".join(f"{name}={value!r}" for name, value in arguments.items())
