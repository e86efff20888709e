"""Losses by name and by configuration, as in `keras.losses`."""

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from fusedloss.keras._documentation import PUBLIC

_ALIASES = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}
_ALIASES |= {short.upper(): name for short, name in _ALIASES.items()}


def get(identifier: Any) -> Any:
    """Return a loss by its name, its alias or its configuration, as `keras.losses.get`.

    >>> import fusedloss.keras
    >>> fusedloss.keras.get("Huber").get_config()["delta"]
    1.0
    >>> fusedloss.keras.get("mse") is fusedloss.keras.mean_squared_error
    True
    >>> loss = {"class_name": "Huber", "config": {"delta": 2.0}}
    >>> fusedloss.keras.get(loss).get_config()["delta"]
    2.0

    Args:
      identifier: name of a class ("Huber"), of a function ("huber") or an alias of Keras ("mse");
        a configuration of one of our losses or of Keras' own; a class, a loss, a function or None.

    Returns:
      A loss object for a class and for its name, with the defaults of its constructor; a function
      for its name. What is a loss, a function or None already comes back as it is. What Keras has
      and we have not ("ctc", "dice", "tversky", "circle") comes from Keras. In
      `compile(loss=...)`, a class is faster than the function of the same name, which Keras wraps:
      its weights and reduction are not part of the kernel.

    Raises:
      ValueError: there is no such loss.
    """
    if isinstance(identifier, str):
        identifier = _named(identifier) or identifier
    elif isinstance(identifier, dict):
        identifier = deserialize(identifier)
    return keras.losses.get(identifier)


def serialize(loss: Any) -> Any:
    """Return the configuration of a loss, from which `get` makes it again.

    >>> import fusedloss.keras
    >>> config = fusedloss.keras.serialize(fusedloss.keras.Huber(delta=2.0))
    >>> config["registered_name"], config["config"]["delta"]
    ('fusedloss>Huber', 2.0)

    Args:
      loss: a loss object or a function, ours or Keras' own.

    Returns:
      A dict of plain values, as `keras.losses.serialize` returns.
    """
    return keras.losses.serialize(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the loss of a configuration, as `keras.losses.deserialize`.

    A configuration of a loss of Keras gives ours of the same name, if there is one.

    >>> import keras, fusedloss.keras
    >>> config = keras.losses.serialize(keras.losses.Hinge(reduction="sum"))
    >>> fusedloss.keras.deserialize(config)
    <fusedloss.keras.Hinge ...>

    Args:
      name: a configuration, or a name as `get` takes it.
      custom_objects: classes and functions of one's own, by name. They come first.

    Returns:
      A loss object or a function.
    """
    if isinstance(name, dict):
        name = _as_ours(name, custom_objects)
    elif isinstance(name, str) and not _is_custom(name, custom_objects):
        found = _named(name)
        if found is not None:
            return found() if inspect.isclass(found) else found
    return keras.losses.deserialize(name, custom_objects)


def _named(name: str) -> Any:
    return PUBLIC.get(_ALIASES.get(name, name))


def _is_custom(name: str, custom_objects: Mapping[str, Any] | None) -> bool:
    """Whether the user means something else by this name, here or in a scope of Keras."""
    return keras.saving.get_registered_object(name, custom_objects) is not None


def _as_ours(config: dict[str, Any], custom_objects: Mapping[str, Any] | None) -> dict[str, Any]:
    """The configuration with our loss in place of Keras' own of the same name."""
    is_function = config.get("class_name") == "function"
    name = config.get("config" if is_function else "class_name")
    of_keras = config.get("registered_name") in (None, name, "function")
    if not of_keras or name not in PUBLIC or _is_custom(name, custom_objects):
        return config
    if is_function:
        return {**config, "config": f"fusedloss>{name}"}
    registered = {"module": "fusedloss.keras", "registered_name": f"fusedloss>{name}"}
    return {**config, **registered, "config": config.get("config") or {}}
