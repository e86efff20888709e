"""Pointwise losses on a GPU where the ways of their kernel part: packs of elements and what fills
none, rows that teams of threads share, operands that lie in memory otherwise.

Gradients have the bits of the CPU's core. So have the losses of elements; sums have the same bits
wherever the operands lie, and in whatever order the threads run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
import torch
from cuda_support import Gpu
from torch import Tensor

from fusedloss import _core
from fusedloss._registry import BY_NAME
from fusedloss.torch import _cuda

# Two operands, a third one with a gradient, and one without.
NAMES = ["huber", "gaussian_nll", "binary_crossentropy_from_logits"]
FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
TARGETS = [*FLOATS, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool]
# Around the elements of a pack, of a warp's packs, and of the pieces that a block adds up.
SIZES = [1, 2, 7, 8, 9, 31, 33, 511, 513, 1023, 1024, 1025, 4097, 65537]

each_name = pytest.mark.parametrize("name", NAMES)
each_dtype = pytest.mark.parametrize("dtype", FLOATS, ids=str)

Change = Callable[[Tensor], Tensor]


def draw(shape: Sequence[int], dtype: torch.dtype, low: float = 0.1) -> Tensor:
    numbers = torch.rand(tuple(shape), dtype=torch.float64) * 0.8 + low
    return (numbers * 2).to(dtype) if not dtype.is_floating_point else numbers.to(dtype)


@dataclass
class Call:
    name: str
    y_true: Tensor
    y_pred: Tensor
    third: Tensor | None = None
    sample_weight: Tensor | None = None
    mask: Tensor | None = None
    row_axis: int | None = None
    reduction: int = _core.SUM
    flags: int = 0
    change: Change = field(default=lambda x: x)  # where operands and gradients lie in memory
    in_place: bool = False
    wanted: str = "loss and gradient"

    def run(self, gpu: Gpu | None) -> dict[str, Tensor]:
        """Every output, computed on a GPU or by the CPU's core."""
        put = gpu.put if gpu else lambda x: x
        loss = BY_NAME[self.name]

        def place(x: Tensor | None) -> Tensor | None:
            return None if x is None else self.change(put(x.clone()))

        y_true, y_pred, third = place(self.y_true), place(self.y_pred), place(self.third)
        assert y_pred is not None
        wide = torch.promote_types(y_pred.dtype, torch.float32)
        rows = y_pred.shape if self.row_axis is None else y_pred.shape[:-1]
        result = y_pred.new_full(rows if self.reduction == _core.NONE else (), 7, dtype=wide)
        gradient = y_pred if self.in_place else self.change(torch.full_like(y_pred, 7))
        more_gradient = self.change(torch.full_like(y_pred, 7)) if loss.more else None
        wants_loss, wants_gradient = "loss" in self.wanted, "gradient" in self.wanted
        (_cuda.compute if gpu else _core.compute)(
            loss.id,
            tuple(p.default for p in loss.parameters),
            y_true,
            y_pred,
            put(self.sample_weight),
            put(self.mask),
            None if loss.more else third,
            None,
            self.row_axis,
            self.reduction,
            0.0,
            self.flags,
            result if wants_loss else None,
            gradient if wants_gradient else None,
            (third,) if loss.more else (),
            (more_gradient if wants_gradient else None,) if loss.more else (),
        )
        outputs = {"loss": result, "gradient": gradient, "more gradient": more_gradient}
        return {name: x.cpu() for name, x in outputs.items() if x is not None}


def call(name: str, shape: Sequence[int], dtype: torch.dtype = torch.float32) -> Call:
    third = draw(shape, dtype, 0.3) if name != "huber" else None
    return Call(name, draw(shape, dtype), draw(shape, dtype), third)


def assert_same(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=0, atol=0, equal_nan=True)


def compare(gpu: Gpu, call: Call) -> dict[str, Tensor]:
    found = call.run(gpu)
    with gpu.on_cpu():
        expected = call.run(None)
    for name, b in expected.items():
        a = found[name]
        if name == "loss" and not (call.reduction == _core.NONE and call.row_axis is None):
            precise = torch.finfo(b.dtype).eps  # sums, which are small where terms cancel
            terms = max(1, call.y_pred.numel() // max(1, b.numel()))
            torch.testing.assert_close(
                a, b, rtol=16 * precise, atol=precise * terms, equal_nan=True
            )
        else:
            assert_same(a, b)
    return found


@each_name
@each_dtype
@pytest.mark.parametrize("size", SIZES)
def test_sizes(gpu: Gpu, name: str, dtype: torch.dtype, size: int) -> None:
    compare(gpu, call(name, (size,), dtype))
    compare(gpu, replace(call(name, (size,), dtype), reduction=_core.NONE))


@each_name
@each_dtype
@pytest.mark.parametrize("length", [1, 2, 3, 4, 8, 13, 31, 32, 64, 100, 256, 1000, 2056, 2500])
def test_means_of_rows(gpu: Gpu, name: str, dtype: torch.dtype, length: int) -> None:
    compare(gpu, replace(call(name, (5, length), dtype), row_axis=-1, reduction=_core.NONE))


def test_means_of_many_long_rows(gpu: Gpu) -> None:
    compare(gpu, replace(call("huber", (1030, 2100)), row_axis=-1, reduction=_core.NONE))


def moved(x: Tensor) -> Tensor:
    """In memory that begins at no pack."""
    memory = x.new_zeros(x.numel() + 1)
    return memory[1:].view(x.shape).copy_(x)


def spread(x: Tensor) -> Tensor:
    """In every other place."""
    return x.new_zeros(*x.shape, 2)[..., 0].copy_(x)


def turned(x: Tensor) -> Tensor:
    return x.movedim(0, -1).contiguous().movedim(-1, 0)


@each_name
@each_dtype
@pytest.mark.parametrize("change", [moved, spread, turned])
def test_sums_do_not_depend_on_where_operands_lie(
    gpu: Gpu, name: str, dtype: torch.dtype, change: Change
) -> None:
    packed = call(name, (3, 7, 101), dtype)
    for given in (packed, replace(packed, row_axis=-1, reduction=_core.NONE)):
        expected = compare(gpu, given)
        found = compare(gpu, replace(given, change=change))
        for a, b in zip(found.values(), expected.values(), strict=True):
            assert_same(a, b)


@each_dtype
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_dtypes_of_targets(gpu: Gpu, dtype: torch.dtype, target: torch.dtype) -> None:
    given = call("binary_crossentropy_from_logits", (517,), dtype)
    compare(gpu, replace(given, y_true=draw((517,), target), third=draw((517,), torch.float64)))


def test_broadcast_operands(gpu: Gpu) -> None:
    for name in NAMES:
        given = call(name, (17, 3, 40))
        compare(gpu, replace(given, y_true=draw((17, 1, 40), torch.float16).expand(17, 3, 40)))
        compare(gpu, replace(given, y_true=draw((1, 3, 1), torch.float32).expand(17, 3, 40)))
        compare(gpu, replace(given, y_true=draw((), torch.float32).expand(17, 3, 40)))


@each_name
@each_dtype
@pytest.mark.parametrize("shape", ["rows", "elements"])
def test_weights(gpu: Gpu, name: str, dtype: torch.dtype, shape: str) -> None:
    given = replace(call(name, (37, 24), dtype), row_axis=-1)
    for kind in FLOATS:  # eighths: the sum of the weights is the same in any order
        weight = torch.randint(0, 9, (37, 24)[: 1 + (shape == "elements")]) / 8
        mask = torch.rand(37) > 0.3
        for reduction in (_core.NONE, _core.SUM, _core.MEAN, _core.WEIGHTED_MEAN):
            some = replace(given, sample_weight=weight.to(kind), reduction=reduction)
            compare(gpu, some)
            compare(gpu, replace(some, mask=mask))


@each_name
@each_dtype
def test_what_does_not_count_may_be_anything(gpu: Gpu, name: str, dtype: torch.dtype) -> None:
    given = call(name, (40, 9), dtype)
    odd = torch.tensor([float("nan"), float("inf"), -float("inf"), 0.0], dtype=dtype)
    given.y_pred[::2] = odd[torch.randint(0, 4, (20, 9))]
    given.y_true[::4] = float("nan")
    counts = (torch.arange(40) % 2 == 1)[:, None].expand(40, 9)
    for options in ({"mask": counts}, {"sample_weight": counts.to(torch.float32)}):
        found = compare(gpu, replace(given, reduction=_core.MEAN, **options))
        assert found["loss"].isfinite()
        assert not found["gradient"][::2].any()
    compare(gpu, replace(given, reduction=_core.NONE))  # where it does count


@each_dtype
@pytest.mark.parametrize("change", [lambda x: x, moved], ids=["packed", "moved"])
def test_gradients_in_place(gpu: Gpu, dtype: torch.dtype, change: Change) -> None:
    for name in NAMES:
        compare(gpu, replace(call(name, (2049,), dtype), change=change, in_place=True))


@each_name
@pytest.mark.parametrize("wanted", ["loss", "gradient"])
def test_outputs_that_are_not_wanted(gpu: Gpu, name: str, wanted: str) -> None:
    for reduction in (_core.NONE, _core.WEIGHTED_MEAN):
        compare(gpu, replace(call(name, (1033,)), wanted=wanted, reduction=reduction))


@pytest.mark.parametrize("rows", [1, 1000, 16384, 16385, 70001])
def test_divisors(gpu: Gpu, rows: int) -> None:
    given = replace(call("huber", (rows, 2)), row_axis=-1, mask=torch.rand(rows) > 0.4)
    weight = torch.randint(0, 9, (rows,)) / 8
    for reduction in (_core.MEAN, _core.WEIGHTED_MEAN):
        for flags in (0, _core.UNSCALED_GRAD):
            some = replace(given, reduction=reduction, flags=flags)
            compare(gpu, replace(some, sample_weight=weight))
            compare(gpu, replace(some, mask=torch.zeros(rows, dtype=torch.bool)))
            compare(gpu, replace(some, mask=torch.zeros(rows, dtype=torch.bool), flags=2 | flags))


def test_the_order_of_threads_does_not_matter(gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> None:
    if gpu.device == "cuda":
        pytest.skip("hardware chooses its order itself")
    for dtype in FLOATS:
        given = replace(call("gaussian_nll", (301, 37), dtype), mask=torch.rand(301, 37) > 0.3)
        rows = replace(given, mask=torch.rand(301) > 0.3, row_axis=-1, reduction=_core.NONE)
        for some in (replace(given, reduction=_core.MEAN), rows):
            results = []
            for order in ("forward", "reverse", "1", "2"):
                monkeypatch.setenv("FUSEDLOSS_EMULATED_ORDER", order)
                results.append(some.run(gpu))
            for result in results[1:]:
                for name, expected in results[0].items():
                    assert_same(result[name], expected)


@each_dtype
@pytest.mark.parametrize("size", [1, 7, 8, 4099, 100_001])
@pytest.mark.parametrize("change", [lambda x: x, moved, spread], ids=["packed", "moved", "spread"])
def test_scaled_gradients(gpu: Gpu, dtype: torch.dtype, size: int, change: Change) -> None:
    numbers = torch.randn(size, dtype=torch.float64).to(dtype)
    for upstream, factor in ((1.0, None), (2.5, None), (-3.0, 1 / 3), (2.0, 0.5)):
        product = upstream * (1.0 if factor is None else factor)
        expected = change(torch.zeros_like(numbers))
        _core.scale(numbers, product, expected)
        scalar = gpu.put(torch.tensor(upstream, dtype=torch.float32))
        number = 1.0 if factor is None else gpu.put(torch.tensor(factor, dtype=torch.float64))
        given = change(gpu.put(numbers.clone()))
        found = change(torch.full_like(given, 7))
        _cuda.scale(given, scalar, number, found)
        assert_same(found.cpu(), expected)
        _cuda.scale(given, scalar, number, given)
        assert_same(given.cpu(), expected)
