"""Which cross-entropy of the core is asked for: the plain one, or that of scaled logits."""

from fusedloss._core import LossInfo
from fusedloss._registry import BY_NAME

OF_PROBABILITIES = BY_NAME["categorical_crossentropy"]
OF_LOGITS = BY_NAME["categorical_crossentropy_from_logits"]
OF_SCALED_LOGITS = BY_NAME["categorical_crossentropy_from_scaled_logits"]


def cross_entropy(
    from_logits: bool,
    label_smoothing: float,
    temperature: float,
    softcap: float,
    z_loss: float,
    statistics: bool = False,
) -> tuple[LossInfo, tuple[float, ...]]:
    """The loss, and its parameters but for an epsilon."""
    if not (statistics or temperature != 1 or softcap != 0 or z_loss != 0):
        return OF_LOGITS if from_logits else OF_PROBABILITIES, (label_smoothing,)
    if from_logits:
        return OF_SCALED_LOGITS, (label_smoothing, temperature, softcap, z_loss)
    wanted = {
        "temperature": temperature != 1,
        "softcap": softcap != 0,
        "z_loss": z_loss != 0,
        "return_statistics": statistics,
    }
    first = next(name for name, is_wanted in wanted.items() if is_wanted)
    raise ValueError(f"{first} needs from_logits=True, got from_logits=False")
