"""Who looks at tensors in order to differentiate: tapes, and accumulators of forward mode."""

from collections.abc import Sequence
from typing import Any

try:
    from tensorflow.python.eager.record import should_record_backprop as _for_a_tape
    from tensorflow.python.ops.gradients_util import PossibleTapeGradientTypes as _possible
except ImportError:  # they are private

    def _for_a_tape(_: Sequence[Any]) -> bool:
        return True

    def _possible(_: Sequence[Any]) -> int:
        return 2


def records(tensors: Sequence[Any]) -> bool:
    """Whether operations on one of the tensors are recorded. If it is not known, they may be."""
    return bool(_possible(tensors))


def records_once(tensors: Sequence[Any]) -> bool:
    """Whether that is done by nobody but a single tape for derivatives of the first order."""
    return _possible(tensors) == 1 and _for_a_tape(tensors)
