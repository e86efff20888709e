"""The losses as TensorFlow differentiates them.

    fused(call: Call, operands: Operands) -> tf.Tensor

The gradient is computed together with the value, in one pass, where a tape is there to ask for it.
What the kernels do not know, the formulas of the losses do: derivatives with respect to targets and
weights, and those of higher order.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from fusedloss import _core
from fusedloss._formulas.calls import Call, Operands, along
from fusedloss._tensorflow import _kernel
from fusedloss._tensorflow._namespace import Tensor, loss_dtype, widen
from fusedloss._tensorflow._recording import derivatives, records, records_once
from fusedloss._xla import Wanted, is_prediction, named, operands_of, wanted_of

# Integers that the core does not read, and those that hold them.
_WIDER = {tf.uint16: tf.int32, tf.uint32: tf.int64, tf.uint64: tf.int64}
_PREDICTIONS = (tf.float16, tf.bfloat16, tf.float32, tf.float64)
_ONLY_LOSS = Wanted()


class _Computed(NamedTuple):
    """A loss, and those of its gradients that were wanted, still to be multiplied by a scale."""

    loss: Tensor
    gradients: dict[str, Tensor]
    scale: Tensor | None


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
def fused(call: Call, operands: Operands) -> Tensor:
    """Return the loss: of the rows, or what the reduction makes of them.

    Its dtype is float64 for predictions of float64, and float32 for all others. Shapes need not be
    known while a graph is built, but numbers of axes must be. A weight, or a further prediction,
    that is repeated along an axis must be known to have size 1 there.

    Raises:
      TypeError: y_pred has another dtype than float16, bfloat16, float32 or float64.
      ValueError: the number of axes of a tensor is not known.
      tf.errors.InvalidArgumentError: a label is no class; when the loss is computed.
    """
    tensors = _tensors(operands)
    floating = [name for name, each in tensors.items() if each.dtype.is_floating]
    recorded = [name for name in floating if records([tensors[name]])]
    if recorded and not records_once([tensors[name] for name in recorded]):
        # Second order, or forward mode, of which a custom gradient in a graph would be 0.
        return _kernel.formula(call, operands_of(tensors), "sample_weight" in recorded)
    if tf.executing_eagerly():
        # Whoever will differentiate is recording already, but a graph may be differentiated later.
        if not recorded:
            return _kernel.compute(call, operands_of(tensors), _ONLY_LOSS).loss
        floating = recorded
    return _Loss(call, tensors, floating, recorded).evaluate()


class _Loss:
    """One loss as a function of what somebody may differentiate it by, which are its variables."""

    def __init__(
        self, call: Call, tensors: dict[str, Tensor], names: list[str], recorded: list[str]
    ) -> None:
        self._call = call
        self._variables = {name: tensors[name] for name in names}
        # No tape should look into the custom call, nor at how a gradient is found.
        self._constants = {name: tf.stop_gradient(each) for name, each in tensors.items()}
        # If nobody records and yet a gradient is asked for, a graph is differentiated later.
        self._is_recorded = bool(recorded)
        self._predictions = [name for name in names if _is_whole_prediction(name, tensors)]
        self._found = self._compute([name for name in self._predictions if name in recorded])

    def evaluate(self) -> Tensor:
        """The loss, with its derivatives."""

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def evaluate(*_: Tensor) -> Any:
            return self._found.loss, self._pull

        return evaluate(*self._variables.values())

    def _pull(self, upstream: Tensor) -> list[Tensor]:
        """What flows on to the variables, with derivatives of its own."""
        names = list(self._variables)
        if tf.executing_eagerly() and not records([upstream, *self._variables.values()]):
            return self._gradients(upstream)
        tensors = {"upstream": upstream} | self._constants | self._variables

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def pull(*given: Tensor) -> Any:
            # Of the graph that is being built, since nothing older can be seen from one that is
            # built for a derivative of this one.
            here = {name: tf.identity(each) for name, each in zip(tensors, given, strict=True)}

            def differentiate(*moves: Tensor) -> list[Tensor | None]:
                def again(moving: dict[str, Tensor]) -> list[Tensor]:
                    # By a weight of 0, too.
                    looks = "sample_weight" in names
                    return list(self._by_formula(here | moving, names, looks).values())

                moving = {name: here[name] for name in ("upstream", *names)}
                _, gradients = derivatives(again, moving, list(moves))
                return [gradients.get(name) for name in tensors]

            return self._gradients(tf.stop_gradient(here["upstream"])), differentiate

        pulled: list[Tensor] = pull(*tensors.values())
        return pulled

    def _gradients(self, upstream: Tensor) -> list[Tensor]:
        """What flows on to the variables: to predictions by the kernel, to others by formulas."""
        found = self._found if self._is_recorded else self._compute(self._predictions)
        pulled = {
            name: _times(self._call, gradient, upstream, found.scale)
            for name, gradient in found.gradients.items()
        }
        # Of a row that weighs nothing, nothing but the weight's gradient hears: it may hold NaN.
        for looks in (False, True):
            names = [name for name in self._variables if (name == "sample_weight") == looks]
            others = [name for name in names if name not in pulled]
            if others:
                tensors = self._constants | {"upstream": upstream}
                pulled |= self._by_formula(tensors, others, looks)
        return [pulled[name] for name in self._variables]

    def _by_formula(
        self, tensors: dict[str, Tensor], names: list[str], differentiates_weights: bool
    ) -> dict[str, Tensor]:
        """What flows on to some tensors, in operations that TensorFlow differentiates."""
        given = {name: each for name, each in tensors.items() if name != "upstream"}

        def evaluate(moving: dict[str, Tensor]) -> Tensor:
            return _kernel.formula(self._call, operands_of(given | moving), differentiates_weights)

        variables = {name: given[name] for name in names}
        return derivatives(evaluate, variables, tensors["upstream"])[1]

    def _compute(self, names: list[str]) -> _Computed:
        """The loss, and its gradients by some of the predictions."""
        moving = tuple(name in names for name in self._constants if is_prediction(name))
        float16 = self._constants["y_pred"].dtype == tf.float16
        wanted = wanted_of(self._call, moving, float16)
        found = _kernel.compute(self._call, operands_of(self._constants), wanted)
        gradients = dict(zip(names, found.gradients, strict=True))
        return _Computed(found.loss, gradients, found.scale)


def _times(call: Call, gradient: Tensor, upstream: Tensor, scale: Tensor | None) -> Tensor:
    """What flows on to a prediction."""
    if scale is not None:
        upstream *= scale
    elif upstream.shape.rank == 0 and tf.get_static_value(upstream) == 1:
        return gradient  # as it mostly is; the product would be another pass over memory
    wide = widen(gradient)
    if call.reduction == _core.NONE:
        upstream = along(upstream, wide, call.row_axis)
    return tf.cast(wide * upstream, gradient.dtype)


def _is_whole_prediction(name: str, tensors: dict[str, Tensor]) -> bool:
    """Whether the kernel knows the gradient by it: it has the shape of y_pred.

    Where a further prediction is repeated along an axis, the formula adds the gradients up.
    """
    if not is_prediction(name):
        return False
    sizes = zip(tensors[name].shape, tensors["y_pred"].shape, strict=True)
    return all(size != 1 or whole == 1 for size, whole in sizes)


def _tensors(operands: Operands) -> dict[str, Tensor]:
    """The operands by name, in dtypes that the core reads."""
    tensors = {name: tf.convert_to_tensor(each) for name, each in named(operands).items()}
    y_pred = tensors["y_pred"]
    if y_pred.dtype not in _PREDICTIONS:
        raise TypeError(
            f"y_pred must be float16, bfloat16, float32 or float64, got {y_pred.dtype.name}"
        )
    for name, each in tensors.items():
        if each.shape.rank is None:
            raise ValueError(f"{name} must have a known number of axes: use tf.ensure_shape")
        if name == "mask":
            tensors[name] = tf.cast(each, tf.bool)
        elif name == "divisor" or (name.endswith("weight") and not each.dtype.is_floating):
            tensors[name] = tf.cast(each, loss_dtype(y_pred.dtype))
        elif each.dtype in _WIDER:
            tensors[name] = tf.cast(each, _WIDER[each.dtype])
    return tensors
