"""Which cross-entropy of the core is asked for: the plain one, or that of scaled logits."""

from fusedloss._arrays import LOSSES
from fusedloss._core import LossInfo

_OF_PROBABILITIES = LOSSES["categorical_crossentropy"]
_OF_LOGITS = LOSSES["categorical_crossentropy_from_logits"]
_OF_SCALED_LOGITS = LOSSES["categorical_crossentropy_from_scaled_logits"]
_OFF = {"z_loss": 0, "softcap": 0, "temperature": 1}


def cross_entropy(
    from_logits: bool,
    label_smoothing: float,
    scales: tuple[float, float, float],
    statistics: bool,
) -> tuple[LossInfo, tuple[float, ...]]:
    """The loss and its parameters; ``scales`` are z_loss, softcap and temperature."""
    wanted = [name for (name, off), value in zip(_OFF.items(), scales, strict=True) if value != off]
    if statistics:
        wanted.append("return_statistics")
    if not wanted:
        return _OF_LOGITS if from_logits else _OF_PROBABILITIES, (label_smoothing,)
    if not from_logits:
        raise ValueError(f"{wanted[0]} needs from_logits=True, got from_logits=False")
    z_loss, softcap, temperature = scales
    return _OF_SCALED_LOGITS, (label_smoothing, temperature, softcap, z_loss)
