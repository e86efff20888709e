"""Each loss as two operations of torch: `torch.ops.fusedloss.huber`, and `huber_backward`.

In graphs they stand for the loss: in those of `torch.compile`, `torch.export` and `make_fx`. The
first keeps nothing for the second, which reads the predictions again and multiplies with what flows
in before it rounds. So no graph holds a gradient while it waits for its backward.

Both are complete operations: they can be traced without being run, and differentiated to any order.
What the kernels have no derivative for is computed by the formula in plain torch; `torch.vmap` runs
the kernels entry by entry.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from fusedloss import _core
from fusedloss._registry import BY_ID
from fusedloss.torch import _cuda, _plain
from fusedloss.torch._coverage import is_transformed
from fusedloss.torch._gradients import differentiable, weigh
from fusedloss.torch._joint import Call, allocate, run
from fusedloss.torch._memory import TEMPLATES, empty_like

_REDUCTIONS = {
    "none": _core.NONE,
    "sum": _core.SUM,
    "mean": _core.MEAN,
    "weighted_mean": _core.WEIGHTED_MEAN,
}
_REDUCTION_NAMES = {code: name for name, code in _REDUCTIONS.items()}

_LIBRARY: Any = torch.library.Library("fusedloss", "DEF")  # type: ignore[no-untyped-call]


class Operation:
    """A loss as two operations, and all that they do."""

    def __init__(self, info: _core.LossInfo) -> None:
        targets = () if info.targets == "none" else ("y_true",)
        weights = ("class_weight",) if info.takes_class_weight else ()
        self.info = info
        self._targets = len(targets)
        self._row_axis = -1 if info.kind == "row" else None
        self.predictions = ("y_pred", *info.more)
        self.tensors = (*targets, *self.predictions, "sample_weight", "mask", *weights)
        self._mean_may_count_classes = bool(weights) and info.kind == "row"
        arguments = f"{', '.join(self._tensor_arguments())}, *, {', '.join(self._options())}"
        self.loss = self._register(
            f"{info.name}({arguments}) -> Tensor",
            self._compute_loss,
            self._imitate_loss,
            self._loss_by_formula,
            self.predictions,
        )
        count = len(self.predictions)
        wanted, results = (f", bool[{count}] wanted", "Tensor, " * count) if count > 1 else ("", "")
        self.gradients = self._register(
            f"{info.name}_backward(Tensor upstream, {arguments}{wanted}) -> "
            + (f"({results[:-2]})" if results else "Tensor"),
            self._compute_gradients,
            self._imitate_gradients,
            self._gradients_by_formula,
            (),
        )

    def _tensor_arguments(self) -> Iterator[str]:
        for name in self.tensors:
            required = name == "y_true" or name in self.predictions
            yield f"Tensor {name}" if required else f"Tensor? {name}=None"

    def _options(self) -> Iterator[str]:
        for parameter in self.info.parameters:
            yield f"float {parameter.name}={parameter.default}"
        if self.info.kind == "row" and self.info.targets == "elements":
            yield "int? ignore_label=None"
        yield f"int{'?' if self._row_axis is None else ''} row_axis={self._row_axis}"
        yield 'str reduction="mean"'
        if self._mean_may_count_classes:
            yield "bool class_weighted_mean=False"
        yield "bool empty_is_nan=True"

    def _register(
        self,
        schema: str,
        compute: Callable[..., Any],
        imitate: Callable[..., Any],
        formula: Callable[..., Any],
        differentiable: Sequence[str],
    ) -> Any:
        """Define an operation, which `self.gradients` differentiates by tensors of these names."""
        name = schema.partition("(")[0]
        _LIBRARY.define(schema, tags=torch.Tag.pt2_compliant_tag)
        operator = getattr(torch.ops.fusedloss, name).default

        def autograd(keys: Any, first: Tensor, *others: Tensor | None, **options: Any) -> Any:
            tensors = first, *others
            recorded = {
                argument.name
                for argument, tensor in zip(operator._schema.arguments, tensors, strict=False)
                if tensor is not None and tensor.requires_grad and torch.is_grad_enabled()
            }
            by_formula = is_transformed() or not recorded.issubset(differentiable)
            if by_formula or _cuda.lacks_kernels(first):
                return formula(*tensors, **options)
            if recorded:
                return RecordedLoss.apply(self, keys, options, *tensors)  # type: ignore[no-untyped-call]
            return _below(operator, keys, tensors, options)

        for device in ("CPU", "CUDA"):
            _LIBRARY.impl(name, compute, device)
        _LIBRARY.impl(name, autograd, "Autograd", with_keyset=True)
        torch.library.register_fake(operator, imitate, lib=_LIBRARY)
        return operator

    def _bind(
        self, tensors: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[Call, Tensor, tuple[Tensor, ...]]:
        """The arguments as a call of the core, the predictions apart."""
        # torch leaves out what has its default.
        given = (*tensors, *[None] * (len(self.tensors) - len(tensors)))
        *targets, y_pred = given[: self._targets + 1]
        end = self._targets + len(self.predictions)
        weight, mask, *class_weight = given[end:]
        axis = options.get("row_axis", self._row_axis)
        if axis is not None and axis < 0:
            axis += y_pred.ndim
        flags = _core.EMPTY_IS_NAN if options.get("empty_is_nan", True) else 0
        if options.get("class_weighted_mean", False):
            flags |= _core.CLASS_WEIGHTED_MEAN
        name = options.get("reduction", "mean")
        if name not in _REDUCTIONS:
            raise ValueError(f"reduction must be one of {', '.join(_REDUCTIONS)}, got {name!r}")
        call = Call(
            self.info.id,
            tuple([options.get(each.name, each.default) for each in self.info.parameters]),
            targets[0] if targets else None,
            weight,
            mask,
            class_weight[0] if class_weight else None,
            options.get("ignore_label"),
            axis,
            _REDUCTIONS[name],
            0.0,
            flags,
        )
        return call, y_pred, given[self._targets + 1 : end]

    # The loss.

    def _compute_loss(self, *tensors: Tensor | None, **options: Any) -> Tensor:
        call, y_pred, more = self._bind(tensors, options)
        if _cuda.lacks_kernels(y_pred):  # in inference mode, where autograd has no turn
            return _formula(call, y_pred, more)
        loss = allocate(call, y_pred)
        run(call, y_pred, more, loss, (None,) * len(self.predictions))
        return loss

    def _imitate_loss(self, *tensors: Tensor | None, **options: Any) -> Tensor:
        call, y_pred, _ = self._bind(tensors, options)
        rows, axis = y_pred.shape, call.row_axis
        if call.reduction != _core.NONE:
            rows = torch.Size()
        elif axis is not None:
            rows = rows[:axis] + rows[axis + 1 :]
        return y_pred.new_empty(rows, dtype=TEMPLATES[y_pred.dtype].dtype)

    def _loss_by_formula(self, *tensors: Tensor | None, **options: Any) -> Tensor:
        call, y_pred, more = self._bind(tensors, options)
        return _formula(call, y_pred, more)

    # The gradients: a tensor, or a tuple with empty ones for those that are not wanted.

    def _compute_gradients(
        self, upstream: Tensor, *tensors: Tensor | None, **options: Any
    ) -> Tensor | tuple[Tensor, ...]:
        call, y_pred, more = self._bind(tensors, options)
        factor = None
        if call.reduction == _core.NONE:
            weight = weigh(upstream, call.sample_weight, call.row_axis)
            call = call._replace(sample_weight=weight, reduction=_core.SUM)
        else:
            factor = upstream
        wanted = options.get("wanted", [True])
        gradients = tuple(empty_like(y_pred) if want else None for want in wanted)
        run(call, y_pred, more, None, gradients, factor)
        return self._results(gradients, y_pred)

    def _imitate_gradients(
        self, _: Tensor, *tensors: Tensor | None, **options: Any
    ) -> Tensor | tuple[Tensor, ...]:
        y_pred = self._bind(tensors, options)[1]
        wanted = options.get("wanted", [True])
        return self._results([torch.empty_like(y_pred) if w else None for w in wanted], y_pred)

    def _gradients_by_formula(
        self, upstream: Tensor, *tensors: Tensor | None, **options: Any
    ) -> Tensor | tuple[Tensor, ...]:
        call, y_pred, more = self._bind(tensors, options)
        wanted = options.get("wanted", [True])
        gradients = differentiable(upstream, call.tensors(y_pred, more), call.options, wanted)
        return self._results(gradients, y_pred)

    def _results(
        self, gradients: Sequence[Tensor | None], y_pred: Tensor
    ) -> Tensor | tuple[Tensor, ...]:
        results = tuple(y_pred.new_empty(0) if each is None else each for each in gradients)
        return results if self.info.more else results[0]


class RecordedLoss(Function):
    """The operation of a loss, as autograd records it."""

    @staticmethod
    def forward(
        ctx: Any, operation: Operation, keys: Any, options: dict[str, Any], *tensors: Tensor | None
    ) -> Any:
        """Compute the loss, and keep its arguments."""
        ctx.operation, ctx.options = operation, options
        ctx.save_for_backward(*tensors)
        return _below(operation.loss, keys, tensors, options)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        """Compute the gradients of the predictions."""
        operation: Operation = ctx.operation
        wanted = dict(zip(operation.tensors, ctx.needs_input_grad[3:], strict=False))
        joint = {"wanted": [wanted[name] for name in operation.predictions]}
        gradients = operation.gradients(
            upstream, *ctx.saved_tensors, **ctx.options, **(joint if operation.info.more else {})
        )
        if not operation.info.more:
            gradients = (gradients,)
        named = dict(zip(operation.predictions, gradients, strict=True))
        return None, None, None, *(named[name] if wanted[name] else None for name in wanted)


def _formula(call: Call, y_pred: Tensor, more: tuple[Tensor, ...]) -> Tensor:
    # fmt: off
    return _plain.compute(
        call.loss_id, call.params, call.y_true, y_pred, call.sample_weight, call.mask,
        call.class_weight, call.ignore_label, call.row_axis, call.reduction, call.denominator,
        call.flags, more,
    )
    # fmt: on


def _below(
    operator: Any, keys: Any, tensors: Sequence[Tensor | None], options: dict[str, Any]
) -> Any:
    """What ``operator`` is where autograd has had its turn."""
    with torch._C._AutoDispatchBelowAutograd():
        return operator.redispatch(keys & torch._C._after_autograd_keyset, *tensors, **options)


OPERATIONS = {info.id: Operation(info) for info in BY_ID.values()}


def call(
    loss_id: int,
    params: tuple[float, ...],
    y_true: Tensor | None,
    y_pred: Tensor,
    sample_weight: Tensor | None,
    mask: Tensor | None,
    class_weight: Tensor | None,
    ignore_label: int | None,
    row_axis: int | None,
    reduction: int,
    denominator: float,
    flags: int,
    more: tuple[Tensor, ...] = (),
) -> Tensor:
    """The loss that `_core.compute` computes from the same arguments, as one operation."""
    operation = OPERATIONS[loss_id]
    # Numbers in a graph are constants. One that changes from batch to batch divides outside.
    divided = denominator > 0 and reduction in (_core.MEAN, _core.WEIGHTED_MEAN)
    options: dict[str, Any] = {
        parameter.name: value
        for parameter, value in zip(operation.info.parameters, params, strict=False)
    }
    if ignore_label is not None:
        options["ignore_label"] = ignore_label
    if row_axis is not None:
        options["row_axis"] = row_axis
    options["reduction"] = "sum" if divided else _REDUCTION_NAMES[reduction]
    if flags & _core.CLASS_WEIGHTED_MEAN:
        options["class_weighted_mean"] = True
    if not flags & _core.EMPTY_IS_NAN:
        options["empty_is_nan"] = False
    targets = () if y_true is None else (y_true,)
    weights = (class_weight,) if operation.info.takes_class_weight else ()
    loss: Tensor = operation.loss(*targets, y_pred, *more, sample_weight, mask, *weights, **options)
    return loss / denominator if divided else loss
