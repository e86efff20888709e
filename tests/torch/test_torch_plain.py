"""What runs where the kernels do not: every loss of the core, in torch operations."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from edge_calls import edge_calls
from fusedloss import _core
from fusedloss._formulas import calls
from fusedloss.torch import _namespace, _plain

LOSSES = {info.name: info for info in _core.losses()}
ALL = (_core.NONE, _core.SUM, _core.MEAN, _core.WEIGHTED_MEAN)
# Parameters other than the defaults, which switch on every branch of the formulas.
OTHER = {
    "delta": 0.5,
    "beta": 0.5,
    "epsilon": 1e-3,
    "full": 1.0,
    "label_smoothing": 0.2,
    "alpha": 0.4,
    "gamma": 0.5,
    "smoothed_focus": 1.0,
    "quantile": 0.9,
    "margin": 0.3,
    "log_target": 1.0,
    "power": 1.2,
    "temperature": 2.0,
    "softcap": 1.5,
    "z_loss": 0.1,
    "q": 0.3,
    "p": 2.0,
    "swap": 1.0,
}
PROBABILITIES = [
    "binary_crossentropy",
    "binary_crossentropy_clamped",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_crossentropy",
    "kl_divergence",
]
POSITIVE = ["poisson", "gamma", "tweedie", "negative_binomial", "zero_inflated_poisson"]
SIGNS = ["hinge", "squared_hinge", "hinge_embedding", "soft_margin", "margin_ranking"]
SIGNS += ["cosine_embedding"]


def changed(info: Any) -> tuple[float, ...]:
    return tuple(OTHER[parameter.name] for parameter in info.parameters)


def inputs(name: str, seed: int = 0) -> tuple[Tensor | None, Tensor, tuple[Tensor, ...]]:
    """Targets, predictions of shape (4, 5, 3) and further ones that the loss is made for."""
    info = LOSSES[name]
    random = torch.Generator().manual_seed(seed)
    y_pred, *more = torch.randn(1 + len(info.more), 4, 5, 3, generator=random, dtype=torch.float64)
    y_true = torch.rand(4, 5, 3, generator=random, dtype=torch.float64)
    if name in PROBABILITIES:
        y_pred = y_pred.sigmoid()
    if name in POSITIVE:
        y_pred = y_pred.exp()
    if name.removesuffix("_log_input") in POSITIVE and "gamma" not in name:
        y_true = torch.poisson(3 * y_true, generator=random)
    if name == "multi_margin":
        y_true = torch.randint(3, y_true.shape, generator=random)
    elif info.kind == "row":
        y_true = y_true / y_true.sum(1, keepdim=True)
    if name in SIGNS:
        y_true = (y_true > 0.4).double() * 2 - 1
    if "variance" in info.more or "dispersion" in info.more:
        more = [more[0].exp()]
        more[0][0, 0] *= 1e-4  # also where other forms are used
    if info.targets == "none":
        return None, y_pred, (*more,)
    return y_true[:, 0].long() if info.targets == "rows" else y_true, y_pred, (*more,)


def both(
    info: Any,
    params: tuple[float, ...],
    y_true: Tensor | None,
    y_pred: Tensor,
    more: tuple[Tensor, ...],
    **options: Any,
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Loss and gradients of the kernel, and of plain torch."""
    names = ("sample_weight", "mask", "class_weight", "ignore_label", "row_axis", "reduction")
    rest = [options.get(name) for name in names]
    rest += [options.get("denominator", 0.0), options.get("flags", 0)]
    call = (info.id, params, y_true, y_pred, *rest)
    rows = y_pred.sum(options["row_axis"]) if options["row_axis"] is not None else y_pred
    loss = torch.empty_like(rows) if options["reduction"] == _core.NONE else torch.empty(())
    loss, gradient = loss.to(y_pred.dtype), torch.empty_like(y_pred)
    further = tuple(map(torch.empty_like, more))
    _core.compute(*call, loss, gradient, more, further)
    leaves = [each.clone().requires_grad_() for each in (y_pred, *more)]
    plain = _plain.compute(info.id, params, y_true, leaves[0], *rest, (*leaves[1:],))
    return (loss, gradient, *further), (plain, *torch.autograd.grad(plain.sum(), leaves))


def check(*args: Any, **options: Any) -> None:
    """Compare them, for every reduction unless it is given."""
    for reduction in [options["reduction"]] if "reduction" in options else ALL:
        (loss, *gradients), (plain, *expected) = both(*args, **{**options, "reduction": reduction})
        torch.testing.assert_close(plain.detach(), loss, rtol=1e-12, atol=1e-13, equal_nan=True)
        for gradient, formula in zip(gradients, expected, strict=True):
            torch.testing.assert_close(formula, gradient, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", LOSSES)
def test_plain_torch_computes_what_the_kernel_does(name: str) -> None:
    info = LOSSES[name]
    for params in ((), changed(info)):
        for row_axis in (1,) if info.kind == "row" else (None, 1):
            check(info, params, *inputs(name), row_axis=row_axis)


def test_edges() -> None:
    """Ties, bounds and zeros."""
    for what, call, operands, wanted in edge_calls():
        y_pred = torch.from_numpy(operands.y_pred).requires_grad_()
        given = operands._replace(y_true=torch.from_numpy(operands.y_true), y_pred=y_pred)
        loss = calls.compute(_namespace, call, given)
        (gradient,) = torch.autograd.grad(loss, y_pred)
        np.testing.assert_allclose(loss.detach(), wanted.loss, 1e-11, 1e-12, err_msg=what)
        np.testing.assert_allclose(gradient, wanted.grad, 1e-9, 1e-12, err_msg=what)


@pytest.mark.parametrize("exists", [False, True], ids=["all", "mask"])
@pytest.mark.parametrize("weights", ["none", "rows", "elements"])
@pytest.mark.parametrize("name", LOSSES)
def test_weights_and_masks(name: str, weights: str, exists: bool) -> None:
    info = LOSSES[name]
    y_true, y_pred, more = inputs(name)
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
    check(info, (), y_true, y_pred, more, **options)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int32, torch.int64, torch.uint8])
@pytest.mark.parametrize(
    "name", [n for n, i in LOSSES.items() if i.kind == "row" and i.targets == "elements"]
)
def test_labels(name: str, dtype: torch.dtype) -> None:
    _, y_pred, _ = inputs(name)
    info = LOSSES[name]
    y_true = torch.tensor([[0, 1, 2], [3, 4, 0], [1, 7, 2], [7, 4, 0]], dtype=dtype)
    y_pred[2, :, 1] = torch.nan  # harmless: 7 is ignored
    for flags in (0, _core.CLASS_WEIGHTED_MEAN):
        check(
            info,
            changed(info),
            y_true,
            y_pred,
            (),
            row_axis=1,
            ignore_label=7,
            class_weight=torch.rand(5, dtype=torch.float64) if info.takes_class_weight else None,
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
    y_true, y_pred, more = inputs(name)
    loss, params = y_pred.new_empty(()), [parameter.default for parameter in info.parameters]
    for place, parameter in enumerate(info.parameters):
        outside = {math.nan, math.inf, -math.inf, parameter.low - 1, parameter.high + 1}
        if parameter.low_excluded:
            outside.add(parameter.low)
        for wrong in outside:
            given = (*params[:place], wrong, *params[place + 1 :])
            call = (info.id, given, y_true, y_pred, *[None] * 4, 1, _core.SUM, 0.0, 0)
            with pytest.raises(ValueError, match=f"^{parameter.name} must be finite") as of_kernel:
                _core.compute(*call, loss, None, more)
            with pytest.raises(ValueError, match=f"^{parameter.name} must") as of_formula:
                _plain.compute(*call, more)
            assert str(of_formula.value) == str(of_kernel.value)


# Where one form of a formula is replaced by another, or a derivative would not be finite.


@pytest.mark.parametrize("name", LOSSES)
def test_extreme_predictions_have_finite_gradients(name: str) -> None:
    info = LOSSES[name]
    y_true, y_pred, more = inputs(name)
    ends = torch.tensor([1e4, -1e4, 0.0, 20.0, -20.0], dtype=torch.float64)
    if name in PROBABILITIES:
        ends = torch.tensor([0.0, 1.0, 1e-30, 0.5, 1 - 1e-15], dtype=torch.float64)
    elif name in POSITIVE:
        ends = torch.tensor([0.0, 1e4, 1e-9, 1.0, 1e-30], dtype=torch.float64)
    elif name.endswith("log_input"):
        ends = torch.tensor([80.0, -80.0, 0.0, 20.0, -20.0], dtype=torch.float64)
    y_pred[:] = ends[:, None]
    y_pred[:, :, 1:] = y_pred[:, torch.tensor([1, 0, 4, 3, 2]), 1:]
    (loss, *gradients), (plain, *expected) = both(
        info, (), y_true, y_pred, more, row_axis=1, reduction=_core.SUM
    )
    torch.testing.assert_close(plain.detach(), loss, rtol=1e-9, atol=1e-9)
    for gradient, formula in zip(gradients, expected, strict=True):
        assert formula.isfinite().all()
        torch.testing.assert_close(formula, gradient, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dispersion", [0.0, 1e-30, 1e-12, 1e-3, 0.124, 0.126, 3.0, 1e4])
@pytest.mark.parametrize("name", ["negative_binomial", "negative_binomial_log_input"])
def test_negative_binomial_for_every_dispersion(name: str, dispersion: float) -> None:
    y_true, y_pred, (more,) = inputs(name)
    check(LOSSES[name], (), y_true, y_pred, (torch.full_like(more, dispersion),), row_axis=None)


def test_triplets_in_several_norms() -> None:
    info = LOSSES["triplet_margin"]
    for p in (0.5, 1.0, 1.5, 3.0):
        check(info, (1.0, p, 1e-6, 1.0), *inputs("triplet_margin"), row_axis=1)
