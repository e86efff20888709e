"""What runs where the kernels do not: every loss of the core, in torch operations."""

from typing import Any

import pytest
import torch
from torch import Tensor

from fusedloss import _core
from fusedloss.torch import _plain

LOSSES = {info.name: info for info in _core.losses()}
ALL = (_core.NONE, _core.SUM, _core.MEAN, _core.WEIGHTED_MEAN)
# Parameters other than the defaults, which switch on every branch of the formulas.
OTHER = {
    "delta": 0.5,
    "epsilon": 1e-3,
    "full": 1.0,
    "label_smoothing": 0.2,
    "alpha": 0.4,
    "gamma": 0.5,
    "smoothed_focus": 1.0,
}


def inputs(name: str, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Targets and predictions of shape (4, 5, 3) that the loss is made for."""
    random = torch.Generator().manual_seed(seed)
    y_pred = torch.randn(4, 5, 3, generator=random, dtype=torch.float64)
    y_true = torch.rand(4, 5, 3, generator=random, dtype=torch.float64)
    if name == "poisson" or (name.startswith(("binary", "categ")) and "logits" not in name):
        y_pred = y_pred.sigmoid()
    if "poisson" in name:
        y_true = torch.poisson(3 * y_true, generator=random)
    if name.startswith("categorical"):
        y_true = y_true / y_true.sum(1, keepdim=True)
    return y_true, y_pred


def both(
    info: Any, params: tuple[float, ...], y_true: Tensor, y_pred: Tensor, **options: Any
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Loss and gradient of the kernel, and of plain torch."""
    names = ("sample_weight", "mask", "class_weight", "ignore_label", "row_axis", "reduction")
    rest = [options.get(name) for name in names]
    rest += [options.get("denominator", 0.0), options.get("flags", 0)]
    call = (info.id, params, y_true, y_pred, *rest)
    rows = y_pred.sum(options["row_axis"]) if options["row_axis"] is not None else y_pred
    loss = torch.empty_like(rows) if options["reduction"] == _core.NONE else torch.empty(())
    loss, gradient = loss.to(y_pred.dtype), torch.empty_like(y_pred)
    _core.compute(*call, loss, gradient)
    leaf = y_pred.clone().requires_grad_()
    plain = _plain.compute(info.id, params, y_true, leaf, *rest)
    (plain_gradient,) = torch.autograd.grad(plain.sum(), leaf)
    return (loss, gradient), (plain, plain_gradient)


def check(*args: Any, **options: Any) -> None:
    """Compare them, for every reduction unless it is given."""
    for reduction in [options["reduction"]] if "reduction" in options else ALL:
        (loss, gradient), (plain, plain_gradient) = both(
            *args, **{**options, "reduction": reduction}
        )
        torch.testing.assert_close(plain.detach(), loss, rtol=1e-12, atol=1e-13, equal_nan=True)
        torch.testing.assert_close(plain_gradient, gradient, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("changed", [False, True], ids=["defaults", "parameters"])
@pytest.mark.parametrize("name", LOSSES)
def test_plain_torch_computes_what_the_kernel_does(name: str, changed: bool) -> None:
    info = LOSSES[name]
    params = tuple(OTHER[p.name] if changed else p.default for p in info.parameters)
    y_true, y_pred = inputs(name)
    for row_axis in (1,) if info.kind == "row" else (None, 1):
        check(info, params, y_true, y_pred, row_axis=row_axis)


@pytest.mark.parametrize("exists", [False, True], ids=["all", "mask"])
@pytest.mark.parametrize("weights", ["none", "rows", "elements"])
@pytest.mark.parametrize("name", LOSSES)
def test_weights_and_masks(name: str, weights: str, exists: bool) -> None:
    info = LOSSES[name]
    y_true, y_pred = inputs(name)
    options: dict[str, Any] = {"row_axis": 1}
    if weights == "rows" or (weights == "elements" and info.kind == "row"):
        options["sample_weight"] = torch.rand(4, 3, dtype=torch.float64)
        options["sample_weight"][0, 0] = 0
        y_pred[0, :, 0] = torch.nan  # harmless: it weighs nothing
    elif weights == "elements":
        options["sample_weight"] = torch.rand(4, 5, 3, dtype=torch.float64)
        options["sample_weight"][0, 2, 0] = 0
        y_pred[0, 2, 0] = torch.nan
    if exists:
        options["mask"] = torch.rand(4, 3) < 0.7
        options["mask"][1, 1] = False
        y_pred[1, :, 1] = torch.nan  # harmless: it does not exist
    if info.takes_class_weight:
        options["class_weight"] = torch.rand(5, dtype=torch.float64)
        if info.kind == "pointwise":
            options["class_weight"] = options["class_weight"][:, None].expand(4, 5, 3)
    check(info, (), y_true, y_pred, **options)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int32, torch.int64, torch.uint8])
@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].kind == "row"])
def test_labels(name: str, dtype: torch.dtype) -> None:
    _, y_pred = inputs(name)
    y_true = torch.tensor([[0, 1, 2], [3, 4, 0], [1, 7, 2], [7, 4, 0]], dtype=dtype)
    y_pred[2, :, 1] = torch.nan  # harmless: 7 is ignored
    for flags in (0, _core.CLASS_WEIGHTED_MEAN):
        check(
            LOSSES[name],
            tuple(OTHER[parameter.name] for parameter in LOSSES[name].parameters),
            y_true,
            y_pred,
            row_axis=1,
            ignore_label=7,
            class_weight=torch.rand(5, dtype=torch.float64),
            sample_weight=torch.rand(4, 3, dtype=torch.float64),
            flags=flags,
        )


@pytest.mark.parametrize("name", LOSSES)
def test_means_over_nothing(name: str) -> None:
    nothing = torch.zeros(4, 3)
    for flags in (0, _core.EMPTY_IS_NAN):
        check(LOSSES[name], (), *inputs(name), row_axis=1, sample_weight=nothing, flags=flags)
        check(LOSSES[name], (), *inputs(name), row_axis=1, mask=nothing.bool(), flags=flags)


@pytest.mark.parametrize("name", LOSSES)
def test_denominators(name: str) -> None:
    options: dict[str, Any] = {"sample_weight": torch.rand(4, 3), "denominator": 7.0}
    for reduction in (_core.MEAN, _core.WEIGHTED_MEAN):
        check(LOSSES[name], (), *inputs(name), row_axis=1, reduction=reduction, **options)


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].parameters])
def test_parameters_outside_their_domain_are_refused(name: str) -> None:
    info = LOSSES[name]
    y_true, y_pred = inputs(name)
    for wrong in (-2.0, torch.nan, torch.inf):
        message = f"{info.parameters[0].name} must be finite"
        with pytest.raises(ValueError, match=message):
            both(info, (wrong,), y_true, y_pred, row_axis=1, reduction=_core.SUM)
        with pytest.raises(ValueError, match=message):
            _plain.compute(info.id, (wrong,), y_true, y_pred, *[None] * 4, 1, _core.SUM, 0.0, 0)
