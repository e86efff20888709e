"""What is computed, by the core or by formulas: tensors in, tensors out, no derivatives yet."""

import logging
from functools import lru_cache, partial
from typing import Any

import tensorflow as tf

from fusedloss import _core, _xla
from fusedloss._formulas import calls
from fusedloss._formulas.calls import Call, Operands
from fusedloss._registry import BY_NAME
from fusedloss._tensorflow import _namespace, _recording, _registration, _version
from fusedloss._tensorflow._custom_call import custom_call
from fusedloss._tensorflow._namespace import Tensor
from fusedloss._tensorflow._recording import derivatives
from fusedloss._xla import Found, Wanted

_run = partial(_xla.run, custom_call)
_log = logging.getLogger("fusedloss")


def compute(call: Call, operands: Operands, wanted: Wanted) -> Found:
    """The loss, and what is wanted beside it, in one pass: by the core, where that can run."""
    if not (_only_cpus() and _works()):
        return _by_formula(call, operands, wanted)
    if operands.divisor is None or not _xla.divides(call):
        return _run(call, operands, wanted)
    factor = 1 / operands.divisor
    upstream = factor if any(wanted.gradients) and not wanted.scale else None
    total = call._replace(reduction=_core.SUM)
    found = _run(total, operands, wanted._replace(scale=False), upstream)
    return found._replace(loss=found.loss * factor, scale=factor if wanted.scale else None)


def formula(call: Call, operands: Operands, differentiates_weights: bool) -> Tensor:
    """The loss, in operations that TensorFlow differentiates: see `calls.compute`."""
    return calls.compute(_namespace, call, _comparable(operands), differentiates_weights)


def _by_formula(call: Call, operands: Operands, wanted: Wanted) -> Found:
    tensors = _xla.named(_comparable(operands))
    predictions = [name for name in tensors if _xla.is_prediction(name)]
    pairs = zip(predictions, wanted.gradients, strict=False)
    variables = {name: tensors[name] for name, is_wanted in pairs if is_wanted}
    source = call._replace(reduction=_core.SUM) if wanted.scale else call

    def evaluate(moving: dict[str, Tensor]) -> Tensor:
        return calls.compute(_namespace, source, _xla.operands_of(tensors | moving))

    loss, gradients = derivatives(evaluate, variables)
    scale = None
    if wanted.scale:
        _, divisor = calls.compute_parts(_namespace, call, _xla.operands_of(tensors))
        scale = calls.divide(_namespace, call, operands, tf.ones_like(loss), divisor)
        loss *= scale
    return Found(loss, tuple(gradients.values()), scale)


def _comparable(operands: Operands) -> Operands:
    """With labels that can be compared with one that is no number of their own dtype."""
    y_true = operands.y_true
    if y_true is None or not y_true.dtype.is_integer:
        return operands
    return operands._replace(y_true=tf.cast(y_true, tf.int64))


def _only_cpus() -> bool:
    """Whether everything there is to run on is a CPU of this process.

    Where an operation of a graph will run is not known while it is built, nor what XLA compiles it
    for; and what has a handler on the CPU alone fails anywhere else.
    """
    # Asked each time, since a process may join others later; what the answer means is kept.
    reason = _why_not_on((*tf.config.list_logical_devices(),))
    if reason:
        _say(reason)
    return not reason


@lru_cache
def _why_not_on(devices: tuple[Any, ...]) -> str | None:
    """What keeps the core from computing where these devices are."""
    others = [each.name for each in devices if each.device_type != "CPU"]
    if others:
        return f"the kernels for TensorFlow run on CPUs only, and it uses {others[0]}"
    if len({each.name.partition("/device:")[0] for each in devices}) > 1:
        return "some of its devices belong to other processes"
    return None


@lru_cache(maxsize=1)
def _works() -> bool:
    """Whether the core computes a loss that is known, inside TensorFlow; tried once."""
    reason = _version.why_not() or _recording.why_not() or _try()
    if reason:
        _say(reason)
    return not reason


def _try() -> str | None:
    """What keeps the core from computing."""
    loss = BY_NAME["mean_squared_error"]
    call = Call(loss.id, (), None, 1, _core.SUM)
    try:
        _registration.register()
        with tf.init_scope(), tf.device("CPU:0"):  # not in a graph that is being built
            if not tf.executing_eagerly():
                return "it does not execute eagerly"
            y_true, y_pred = tf.constant([[1.0, 2.0]]), tf.constant([[2.0, -1.0]])
            found = _run(call, Operands(y_true, y_pred), Wanted((True,)))
            right = float(found.loss) == 5.0 and found.gradients[0].numpy().tolist() == [[1, -3]]
    except Exception as error:  # whatever it is, there are the formulas
        return f"{type(error).__name__}: {error}"
    return None if right else "a loss that is known came out wrong"


@lru_cache
def _say(reason: str) -> None:
    """Each reason once."""
    _log.warning(
        "TensorFlow %s computes losses by its own operations, which is slower: %s",
        tf.__version__,
        reason,
    )
