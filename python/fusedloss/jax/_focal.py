"""What the focal losses share: alpha, a number or one for each class, and their normaliser."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from fusedloss._arguments import number, require_positives
from fusedloss.jax._arrays import Positives


def split_alpha(alpha: Any) -> tuple[float, Any]:
    """``alpha`` as the parameter of the core, and as weights of classes or outputs."""
    if isinstance(alpha, (jax.Array, np.ndarray, Sequence)) and not isinstance(alpha, str):
        return 1.0, alpha
    return number("alpha", alpha), None


def normaliser(denominator: Any) -> Any:
    """``denominator`` as `evaluate_pointwise` and its like take it."""
    if not isinstance(denominator, str):
        return denominator
    require_positives(denominator)
    return Positives
